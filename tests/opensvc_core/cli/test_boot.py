"""`osvc boot`, `osvc shutdown` and `osvc node freeze|thaw|drain|undrain|state`, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opensvc_core.cli import legacy, run

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
    assert status == told["exit_status"] != 0
    assert [each["outcomes"] for each in told["runs"]] == [{"web": "done"}]
    assert told["refused"]["broken"]["code"] == "config"


def test_the_state_of_a_node(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def told(*words: str) -> dict[str, object]:
        assert run(["node", *words, "--format", "json"]) == 0
        return dict(json.loads(capsys.readouterr().out))

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
