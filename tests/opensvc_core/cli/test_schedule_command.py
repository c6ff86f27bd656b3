"""`osvc schedule` as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from subprocess import CompletedProcess

from tests.opensvc_core.cli.conftest import NodeFolder

Osvc = Callable[..., CompletedProcess[str]]


def test_jobs_are_shown_run_and_shown_again(node: NodeFolder, osvc: Osvc) -> None:
    node.add("web")
    text = "[node]\nmonitor_schedule = *@1d\njournal_schedule =\nchecks_schedule =\n[collector]\nurl =\n"
    (node.root / "etc" / "node.conf").write_text(text)
    head, monitor, journal, checks = [line.split() for line in osvc("schedule").stdout.splitlines()]
    assert head == ["JOB", "SCHEDULE", "LAST", "ENDED", "NEXT"]
    assert monitor == ["monitor", "*@1440", "never", "now"]
    assert [journal[0], checks[0], journal[-1], checks[-1]] == ["journal", "checks", "never", "never"]
    done = osvc("schedule", "run")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    told, _, _ = json.loads(osvc("schedule", "--format", "json").stdout)["jobs"]
    assert (told["last"]["outcome"], told["last"]["exit_status"]) == ("done", 0)
    assert told["next"] > told["last"]["began"]
    assert osvc("schedule", "run", "-v").stderr == ""
    assert osvc("schedule", "--format", "plain").stdout.splitlines()[0].split("\t")[3] == "done"


def test_a_schedule_that_is_wrong_is_told(node: NodeFolder, osvc: Osvc) -> None:
    (node.root / "etc").mkdir()
    (node.root / "etc" / "node.conf").write_text("[node]\nmonitor_schedule = sometimes\n")
    for words in (("schedule",), ("schedule", "run")):
        told = osvc(*words)
        assert told.returncode == 3
        assert "[node] monitor_schedule: 'sometimes', at character 1" in told.stderr


def test_services_whose_file_is_wrong_do_not_stop_the_others(node: NodeFolder, osvc: Osvc) -> None:
    node.add("web")
    (node.root / "etc" / "bad.env").write_text("[default\n")
    (node.root / "etc" / "node.conf").write_text("[node]\njournal_schedule =\nchecks_schedule =\n[collector]\nurl =\n")
    shown = osvc("schedule")
    assert shown.returncode == 3
    assert "monitor" in shown.stdout
    assert "bad.env:1" in shown.stderr
    done = osvc("schedule", "run", "-v")
    assert (done.returncode, done.stderr.split(":")[:2]) == (1, ["monitor", " failed"])
