"""`osvc boot`, `osvc shutdown` and `osvc node freeze|thaw|drain|undrain|state`, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opensvc_core.cli import legacy, run
from tests.opensvc_core.cli.test_documents import check

TEXT = "[default]\nnodes = node109\nautostart_node = node109\n[app#0]\ntype = launchers\n"
LAUNCHER = "#!/bin/sh\ncase $1 in start) touch {0};; stop) rm -f {0};; status) test -e {0};; esac\n"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that is there while the service `web` is up; `broken` is a service whose file cannot be used."""
    for name, value in {"OSVC_ROOT": str(tmp_path), "OSVC_NODE": "node109"}.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "etc" / "web.d"
    folder.mkdir(parents=True)
    (tmp_path / "etc" / "web.env").write_text(TEXT)
    (folder / "S10app").write_text(LAUNCHER.format(tmp_path / "up"))
    (folder / "S10app").chmod(0o755)
    for name in ("C10app", "K10app"):
        (folder / name).symlink_to("S10app")
    return tmp_path / "up"


def test_a_boot_starts_and_a_shutdown_stops(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["boot"]) == 0
    assert state.exists()
    assert capsys.readouterr().out == "web: boot done: 1 change\n"
    assert run(["shutdown", "--format", "plain"]) == 0
    assert not state.exists()
    assert capsys.readouterr().out.splitlines()[-1].split("\t")[-2:] == ["web", "done"]


def test_json_tells_runs_refusals_and_notes(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (state.parent / "etc" / "broken.env").write_text("[default]\nnosuch = 1\n")
    status = run(["boot", "--format", "json"])
    told = json.loads(capsys.readouterr().out)
    check("rounds", told)
    assert status == told["exit_status"] != 0
    assert [each["outcomes"] for each in told["runs"]] == [{"web": "done"}]
    assert told["refused"]["broken"]["code"] == "config"


def test_a_boot_a_shutdown_and_a_drain_can_be_read_before(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (state.parent / "etc" / "broken.env").write_text("[default]\nnosuch = 1\n")

    def shown(*words: str) -> dict[str, list[tuple[str, str]]]:
        assert run([*words, "--format", "json"]) == 0
        document = json.loads(capsys.readouterr().out)
        check("rounds-plan", document)
        assert list(document["refused"]) == ["broken"]
        return {
            plan["action"]: [(s["id"], s["commands"][0]["shell"]) for s in plan["steps"]] for plan in document["plans"]
        }

    launcher = f"{state.parent}/etc/web.d"
    assert shown("plan", "boot") == {"boot": [("start web/app#0", f"{launcher}/S10app start")]}
    assert shown("plan", "drain", "--stop") == {}
    assert not state.exists()
    assert run(["start", "web"]) == 0
    capsys.readouterr()
    assert shown("shutdown", "--dry-run") == {"shutdown": [("stop web/app#0", f"{launcher}/K10app stop")]}
    assert shown("node", "drain", "--stop", "--dry-run") == {"stop": [("stop web/app#0", f"{launcher}/K10app stop")]}
    assert run(["plan", "drain"]) == 0
    told = capsys.readouterr()
    assert told.out == "broken: drain refused: config\nweb: drain refused: no_destination\n"
    assert run(["boot", "web", "--dry-run"]) == 0
    assert "nothing to do\nnothing was changed" in capsys.readouterr().out.replace("      ", "")
    assert state.exists()
    assert run(["node", "freeze"]) == run(["shutdown", "web", "--dry-run", "--format", "plain"]) == 0
    assert "step\tstop web/app#0\tup" in capsys.readouterr().out
    assert run(["node", "state", "--format", "plain"]) == 0
    assert capsys.readouterr().out.endswith("frozen\n")
    assert not (state.parent / "var/cleaned.json").exists()


def test_what_is_told_of_files_drivers_and_this_node_keeps_to_its_schema(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, words in {
        "config": ["config", "show", "web"],
        "config-check": ["config", "validate"],
        "driver": ["driver", "show", "app.launchers"],
        "drivers": ["driver", "check"],
        "node-key": ["node", "prkey"],
        "node-mode": ["node", "host-mode"],
        "diskupdate": ["diskupdate", "web"],
        "reservations": ["reservation", "show", "web"],
        "node-check": ["node", "check"],
        "status": ["mon"],
    }.items():
        run([*words, "--format", "json"])
        check(name, json.loads(capsys.readouterr().out))
    assert not state.exists()


def test_the_state_of_a_node(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def told(*words: str) -> dict[str, object]:
        assert run(["node", *words, "--format", "json"]) == 0
        document = dict(json.loads(capsys.readouterr().out))
        check("node-state", document)
        return document

    open_node = {"schema": 1, "node": "node109", "frozen": False, "drained": False}
    assert told("state") == open_node
    assert told("freeze") == {**open_node, "frozen": True}
    assert run(["start", "web"]) != 0
    assert "osvc node thaw" in capsys.readouterr().err
    assert told("thaw") == open_node
    assert run(["node", "drain", "--stop"]) == 0
    assert capsys.readouterr().out == "nothing to do\n"
    assert told("state") == {**open_node, "drained": True}
    assert run(["start", "web"]) != 0
    assert "node_drained" in capsys.readouterr().err
    assert run(["status", "web"]) == 0
    assert "drained" in capsys.readouterr().out
    assert told("undrain") == open_node
    assert run(["start", "web"]) == 0
    assert state.exists()


def test_the_verbs_of_2010(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert legacy.run_svcmgr("svcmgr", ["-s", "web", "boot"]) == 0
    assert state.exists()
    assert legacy.run_svcmgr("svcmgr", ["-s", "web", "startstandby"]) == 0
    assert legacy.run_svcmgr("svcmgr", ["-s", "web", "shutdown"]) == 0
    assert not state.exists()
    capsys.readouterr()
