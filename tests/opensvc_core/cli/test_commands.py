"""`osvc` as an operator types it, on a node whose applications are simulated: results, errors, exit statuses."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from opensvc_core.cli import verbs
from opensvc_core.errors import ExitStatus
from tests.opensvc_core.cli.conftest import NodeFolder
from tests.opensvc_core.cli.test_documents import check

pytestmark = pytest.mark.simulated


def test_start_status_stop_and_the_log(node: NodeFolder) -> None:
    node.add("web01")
    started = node.call("start", "web01")
    assert (started.returncode, started.stdout) == (0, "web01: start done: 1 change\n")
    assert "start web01/app#0: done after" in started.stderr
    assert "app#0  .....  up" in node.call("status", "web01").stdout
    again = node.call("start", "web01")
    assert (again.returncode, again.stdout) == (0, "web01: start done: no changes\n")
    assert node.call("stop", "web01", "--format", "plain").stdout.splitlines()[-1].split("\t")[2:] == ["web01", "done"]
    log = [line.split("\t") for line in node.call("log", "--format", "plain").stdout.splitlines()]
    assert [row[3] for row in log] == ["stop", "start", "start"]
    one = node.call("log", "--run", log[2][0])
    assert "start web01/app#0: done" in one.stdout
    assert re.search(r"S10web\s+start\s+\[status\s+0\]", one.stdout)


def test_what_the_agent_keeps_is_closed_to_others_whatever_the_umask(node: NodeFolder) -> None:
    node.add("web01")
    osvc = str(Path(sys.executable).parent / "osvc")
    script = f"umask 0; {osvc} start web01 && {osvc} node prkey && {osvc} freeze web01"
    assert node.call("-c", script, program="/bin/sh").returncode == 0
    made = {path.relative_to(node.root): path.stat().st_mode & 0o777 for path in node.root.glob("var/**/*")}
    assert {Path("var/journal.db"), Path("var/lock/web01"), Path("var/prkey"), Path("var/FROZEN.web01")} <= set(made)
    assert not [path for path, mode in made.items() if mode & 0o022]
    # What has output, keys or a lock in it is for its owner alone: a lock that can be opened can be held.
    assert {made[Path("var") / name] for name in ("journal.db", "lock/web01", "prkey")} == {0o600}
    assert (node.root / "var").stat().st_mode & 0o022 == 0


def last_run(node: NodeFolder) -> str:
    """Id of the newest run."""
    return node.call("log", "--format", "plain").stdout.split("\t")[0]


def test_the_log_shows_what_commands_printed_if_asked(node: NodeFolder) -> None:
    launcher = node.add("web01") / "S10web"
    launcher.write_text(launcher.read_text().replace("touch ", "echo two; echo lines; echo careful >&2; touch "))
    node.call("start", "web01")
    words = ("log", "--run", last_run(node))
    assert "lines" not in node.call(*words).stdout
    assert {"two", "lines", "careful"} <= {line.strip() for line in node.call(*words, "-v").stdout.splitlines()}
    plain = [line.split("\t") for line in node.call(*words, "-v", "--format", "plain").stdout.splitlines()]
    assert [row[1:] for row in plain if row[0] == "stdout"] == [
        ["web01/app#0", "node109", "two"],
        ["web01/app#0", "node109", "lines"],
    ]
    assert [row[3] for row in plain if row[0] == "stderr"] == ["careful"]


def test_the_log_of_a_failure_has_the_reason_wherever_it_was_printed(node: NodeFolder) -> None:
    launcher = node.add("web01") / "S10web"
    launcher.write_text("#!/bin/sh\n# simulated application\necho no licence at all; exit 3\n")
    node.call("start", "web01")
    assert "no licence at all" in node.call("log", "--run", last_run(node)).stdout


def test_json_of_every_command_keeps_to_its_schema(node: NodeFolder) -> None:
    node.add("web01")
    for schema, words in {
        "plan": "plan start web01",
        "run": "start web01",
        "status": "status",
        "log": "log",
        "drivers": "driver list",
    }.items():
        done = node.call(*words.split(), "--format", "json")
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        check(schema, json.loads(done.stdout))
    check("status", json.loads(node.call("mon", "--format", "json").stdout))
    run = json.loads(node.call("log", "--format", "json").stdout)["runs"][0]
    check("log", json.loads(node.call("log", "--run", run["id"], "--format", "json").stdout))


def test_a_dry_run_tells_the_commands_and_makes_none(node: NodeFolder) -> None:
    folder = node.add("web01")
    for words in (("start", "web01", "--dry-run"), ("plan", "start", "web01")):
        done = node.call(*words)
        assert done.returncode == 0
        assert "node109$" in done.stdout
        exact = node.call(*words, "--format", "plain").stdout.splitlines()
        assert exact[-1].split("\t") == ["command", "start web01/app#0", "node109", f"{folder}/S10web start"]
    assert not (folder / ".up").exists()
    assert node.call("log").stdout == "no runs in the journal\n"


def test_a_failure_has_what_and_what_to_do_and_its_exit_status(node: NodeFolder) -> None:
    (node.add("web01") / "C10web").unlink()
    done = node.call("status", "web02")
    assert done.returncode == ExitStatus.CONFIG
    assert done.stderr.splitlines() == [
        f"error: no service 'web02': there is no {node.root}/etc/web02.env",
        "hint: did you mean web01?",
    ]
    told = json.loads(node.call("status", "web02", "--format", "json").stderr)
    check("error", told)
    assert told["error"]["code"] == "service_not_found"


def test_a_broken_file_does_not_hide_the_others_but_nothing_is_started(node: NodeFolder) -> None:
    node.add("web01")
    node.add("web02", "[default]\nbogus = 1\n")
    shown = node.call("mon")
    assert shown.returncode == ExitStatus.CONFIG
    assert "web01" in shown.stdout
    assert "web02.env:2:" in shown.stderr
    document = json.loads(node.call("status", "--format", "json").stdout)
    check("status", document)
    assert list(document["errors"]) == ["web02"]
    refused = node.call("start", "*")
    assert refused.returncode == ExitStatus.CONFIG
    assert "up" not in node.call("mon", "web01", "--format", "plain").stdout


def test_frozen_is_refused_until_thawed(node: NodeFolder) -> None:
    node.add("web01")
    assert node.call("freeze", "web01").stdout == "web01: frozen\n"
    refused = node.call("start", "web01")
    assert refused.returncode == ExitStatus.FROZEN
    assert "hint: osvc thaw web01" in refused.stderr
    assert node.call("mon", "--format", "plain").stdout.split()[-1] == "yes"
    node.call("thaw", "web*")
    assert node.call("start", "web01").returncode == 0


def test_several_services_and_a_failing_one(node: NodeFolder) -> None:
    good, bad = node.add("web01"), node.add("web02")
    (bad / "C10web").unlink()
    done = node.call("start", "web*")
    assert (good / ".up").exists()
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["web01", "web02"]


def test_two_at_once_and_the_second_names_the_holder(node: NodeFolder) -> None:
    folder = node.add("web01")
    with held(node, folder) as first:
        second = node.call("start", "web01", "--wait", "0")
        assert second.returncode == ExitStatus.LOCKED
        assert str(first.pid) in second.stderr


def test_who_waits_for_a_lock_is_told_and_then_goes_on(node: NodeFolder) -> None:
    folder = node.add("web01")
    with held(node, folder) as first:
        second = subprocess.Popen(
            [str(Path(sys.executable).parent / "osvc"), "stop", "web01"],
            env=node.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert second.stderr is not None
        assert second.stderr.readline().startswith("waiting: another run holds a lock")
        (folder / ".hold").write_text("go\n")
        out, told = first.communicate(timeout=60)
        assert (first.returncode, out) == (0, "web01: start done: 1 change\n"), told
        out, told = second.communicate(timeout=60)
        assert (second.returncode, out) == (0, "web01: stop done: 1 change\n"), told
    assert not (folder / ".up").exists()


def test_ctrl_c_ends_the_run_and_takes_it_back(node: NodeFolder) -> None:
    folder = node.add("web01")
    with held(node, folder) as run:
        run.send_signal(signal.SIGINT)
        _, told = run.communicate(timeout=60)
        assert run.returncode == ExitStatus.CANCELLED, told
        assert "cancelling (SIGINT)" in told
    assert not (folder / ".up").exists()


def test_a_killed_run_is_told_by_the_next_command_and_recovered(node: NodeFolder) -> None:
    folder = node.add("web01")
    with held(node, folder) as run:
        run.kill()
        run.wait(timeout=60)
    status = node.call("status", "web01")
    told = " ".join(status.stdout.replace("│", " ").split())
    assert "interrupted in the step start web01/app#0" in told
    assert "osvc recover web01" in told
    (folder / ".hold").write_text("go\n")  # what the killed run had left running ends now
    (folder / ".hold").unlink()
    recovered = node.call("recover", "web01")
    assert recovered.returncode == 0, recovered.stderr
    assert "interrupted" not in node.call("status", "web01").stdout


class held:  # noqa: N801 - reads as what it is: `with held(...)`
    """A start whose launcher waits, begun and under way inside the block."""

    def __init__(self, node: NodeFolder, folder: Path) -> None:
        os.mkfifo(folder / ".hold")
        os.mkfifo(folder / ".said")
        self._run = subprocess.Popen(
            [str(Path(sys.executable).parent / "osvc"), "start", "web01"],
            env=node.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        # Opening the other end waits until the launcher speaks: no sleep, no poll.
        with (folder / ".said").open() as said:
            assert said.read() == "waiting\n"

    def __enter__(self) -> subprocess.Popen[str]:
        return self._run

    def __exit__(self, *ignored: object) -> None:
        self._run.kill()
        self._run.communicate(timeout=60)


@pytest.mark.parametrize("words", [[], ["bogus"], ["start"], ["start", "x", "--bogus"], ["plan"], ["log", "-n", "0"]])
def test_what_cannot_be_understood_ends_with_2(words: list[str], node: NodeFolder) -> None:
    done = node.call(*words)
    assert done.returncode == ExitStatus.USAGE
    assert done.stderr.startswith("error: ") is bool(words)


def test_a_misspelt_verb_is_suggested(node: NodeFolder) -> None:
    assert "did you mean `osvc status`?" in node.call("statsu").stderr


@pytest.mark.parametrize("verb", verbs.names())
def test_help_of_each_verb_has_an_example(verb: str, node: NodeFolder) -> None:
    helps = _helps(node, verb)
    assert all("Example: " in text and f"osvc {verb}" in text.split("Example: ")[1] for text in helps)


def _helps(node: NodeFolder, *words: str) -> list[str]:
    """The help of a command, or of all commands of a group, of groups in it too."""
    text = node.call(*words, "--help").stdout
    if "Commands:" not in text:
        return [text]
    section = text.split("Commands:")[1].strip()
    return [each for line in section.splitlines() for each in _helps(node, *words, line.split()[0])]


def test_nobody_reading_changes_nothing(node: NodeFolder) -> None:
    folder = node.add("web01")
    run = subprocess.Popen(
        [str(Path(sys.executable).parent / "osvc"), "start", "web01"],
        env=node.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert run.stdout is not None
    assert run.stderr is not None
    run.stdout.close()
    run.stderr.close()
    assert run.wait(timeout=60) == 0
    assert (folder / ".up").exists()


def test_config_create_validate_show(node: NodeFolder) -> None:
    source = node.root / "my.env"
    source.write_text("[default]\nservice_type = DEV\nnodes = node109\n; kept\n")
    made = node.call("config", "create", "web03", "--from", str(source))
    assert made.returncode == 0, made.stderr
    assert (node.root / "etc" / "web03").is_symlink()
    assert node.call("config", "show", "web03").stdout == source.read_text()
    assert json.loads(node.call("config", "show", "web03", "--format", "json").stdout)["nodes"] == ["node109"]
    assert node.call("config", "validate").stdout == "web03: valid\n"
    source.write_text("[default]\nservice_typ = DEV\n")
    wrong = node.call("config", "validate", "--from", str(source))
    assert wrong.returncode == ExitStatus.CONFIG
    assert "service_typ" in wrong.stderr
    assert node.call("config", "create", "web04", "--from", str(source)).returncode == ExitStatus.CONFIG
    assert not list((node.root / "etc").glob("web04*"))


def test_the_cookbooks_way(node: NodeFolder) -> None:
    source = node.root / "my.env"
    source.write_text("[default]\nservice_type = DEV\nnodes = node109\n[app#0]\n")
    assert node.call("config", "create", "web01", "--from", str(source)).returncode == 0
    (node.root / "etc" / "web01.d").rmdir()
    folder = node.add("web01", source.read_text())
    link = str(node.root / "etc" / "web01")

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return node.call(*words, program=link, OSVC_ROOT="/nowhere")

    assert "app#0  .....  down" in call("print_status").stdout
    assert call("status").returncode == 1
    assert call("startapp").returncode == 0
    assert (folder / ".up").exists()
    assert call("status").returncode == 0
    assert call("startcontainer").stderr == "web01: no such resources, nothing to do\n"
    assert call("freeze").returncode == 0
    assert call("frozen").stdout == "web01: frozen\n"
    assert call("stop").returncode == ExitStatus.FROZEN
    assert call("thaw").returncode == 0
    assert call("stopapp").returncode == 0
    assert not (folder / ".up").exists()
    assert call("start").returncode == 0
    assert call("stop").returncode == 0
    refused = call("syncupdate")
    assert (refused.returncode, refused.stdout) == (ExitStatus.NOT_YET, "")
    listed = node.call(program="svcmon")
    assert listed.stdout.splitlines()[1].split()[:3] == ["web01", "DEV", "hosted"]
    assert node.call("-s", "web01", "status", program="svcmgr").returncode == 1


def test_drivers_are_listed_and_one_is_shown(node: NodeFolder) -> None:
    listed = node.call("driver", "list", "--format", "plain").stdout
    assert any(line.startswith("app.launchers\topensvc-core\t") for line in listed.splitlines())
    shown = node.call("driver", "show", "app.launchers")
    assert shown.stdout.startswith("app.launchers  opensvc-core")
    assert node.call("driver", "show", "disk.bogus").returncode == ExitStatus.DRIVER
    off = node.call("driver", "list", "--format", "plain", OSVC_DISABLED_DRIVERS="app.launchers")
    assert "app.launchers" not in off.stdout


@pytest.mark.parametrize(("os_name", "driver"), [("HP-UX", "disk.hpux_lvm"), ("Linux", "disk.lvm"), ("", "disk.lvm")])
def test_the_operating_system_can_be_told(node: NodeFolder, os_name: str, driver: str) -> None:
    text = "[default]\nservice_type = DEV\nnodes = node109\n\n[vg#1]\nvgname = data\n"
    node.add("web01", text)
    answered = json.loads(node.call("status", "web01", "--format", "json", OSVC_OS=os_name).stdout)
    assert answered["services"]["web01"]["resources"]["vg#1"]["driver"] == driver


def test_completion_speaks_bash(node: NodeFolder) -> None:
    node.add("web01")
    script = node.call("completion", "bash").stdout
    line = 'COMP_WORDS=(osvc start we); COMP_CWORD=2; _osvc; echo "${COMPREPLY[@]}"'
    verb = 'COMP_WORDS=(osvc sta); COMP_CWORD=1; _osvc; echo "${COMPREPLY[@]}"'
    done = subprocess.run(
        ["/bin/bash", "-c", f"{script}\n{line}\n{verb}"],
        env=node.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines() == ["web01", "status start startstandby"]
