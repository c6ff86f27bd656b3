"""Runs that were killed: what the next command says, what it ends, and how `recover` puts it right."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from opensvc_core.api import Status
from opensvc_core.host.processes import process_state
from opensvc_core.run import RunOutcome, StepState
from tests.opensvc_core.actions.files_platform import knob, open_files_agent, up, write_service

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = {"svc.disk#1", "svc.fs#1", "svc.container#0", "svc.app#0"}
TREE = Path(__file__).resolve().parents[3]

RUNNER = """
import sys
from pathlib import Path
from tests.opensvc_core.actions.files_platform import open_files_agent
root, action, fatal = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
agent = open_files_agent(root)
def tell(event):
    line = f"{event.kind.value} {event.step} {' '.join(event.data.get('argv', []))}".strip()
    print(line, flush=True)
    if line.startswith(fatal):
        import os, signal
        os.kill(os.getpid(), signal.SIGKILL)
agent.run(agent.plan(action, [agent.load("svc")]), on_event=tell)
"""


class Killed:
    """A run in a process of its own."""

    def __init__(self, root: Path, action: str = "start", fatal: str = "never") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUNNER, str(root), action, fatal], cwd=TREE, stdout=subprocess.PIPE, text=True
        )

    def until(self, start: str) -> None:
        """Wait for a line of its story."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(start):
                return
        raise AssertionError(f"the run ended before {start!r}")

    def kill(self) -> None:
        """``kill -9``."""
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """Wait until it is dead."""
        assert self.process.stdout is not None
        self.process.stdout.read()
        return self.process.wait()


@pytest.fixture
def blocker(tmp_path: Path) -> Iterator[Path]:
    """A fifo: a command that reads it blocks until somebody writes; one that is left over is killed at the end."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    yield path
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if str(path).encode() in entry.read_bytes():
                os.kill(int(entry.parent.name), signal.SIGKILL)


def _release(blocker: Path) -> None:
    with blocker.open("w") as fifo:
        fifo.write("go\n")


def _blocking(root: Path, name: str, blocker: Path, then: str) -> None:
    started = blocker.with_suffix(".started")
    if not started.exists():
        os.mkfifo(started)
    knob(root, name, "sh", "-c", f"echo yes >'{started}'; cat '{blocker}' >/dev/null; {then}")


def _await_blocked(blocker: Path) -> None:
    """Wait until the command that blocks is running: an event, as its process may come a moment after its journal."""
    assert blocker.with_suffix(".started").read_text() == "yes\n"


def test_a_killed_start_is_said_to_be_interrupted_and_in_which_step(tmp_path: Path, blocker: Path) -> None:
    write_service(tmp_path)
    _blocking(tmp_path, "svc.container#0.start", blocker, "true")
    killed = Killed(tmp_path)
    _await_blocked(blocker)
    killed.kill()
    agent = open_files_agent(tmp_path)
    status = agent.status([agent.load("svc")])["svc"]
    (note,) = status.notes
    assert note.code == "interrupted"
    assert "in the step start svc/container#0" in note.text
    assert "osvc recover svc" in note.text
    record = agent.last_cut("svc")
    assert record is not None
    assert (record.action, record.pid) == ("start", killed.process.pid)


def test_the_next_run_waits_for_the_command_that_the_killed_one_left_running(tmp_path: Path, blocker: Path) -> None:
    write_service(tmp_path)
    platform = tmp_path / "tmp/platform"
    _blocking(tmp_path, "svc.container#0.start", blocker, f"touch '{platform}/svc.container#0'")
    killed = Killed(tmp_path)
    _await_blocked(blocker)
    killed.kill()
    again = Killed(tmp_path)
    # The second one has the lock and waits; it has begun nothing, as the first one's command may still change things.
    assert again.process.stdout is not None
    readable, _, _ = select.select([again.process.stdout], [], [], 1.0)
    assert not readable
    _release(blocker)
    again.until("step_end start svc/container#0")
    assert again.end() == 0
    assert up(tmp_path) == ALL
    first, second = reversed(open_files_agent(tmp_path).history("svc"))
    assert (first.outcome, second.outcome) == ("interrupted", "done")
    assert first.recovered_by == second.id
    assert {step.rid: step.state for step in second.steps}["container#0"] == "unchanged"


def test_a_left_over_command_that_does_not_end_is_ended_and_the_disk_stays(tmp_path: Path, blocker: Path) -> None:
    write_service(tmp_path)
    _blocking(tmp_path, "svc.container#0.start", blocker, "true")
    killed = Killed(tmp_path)
    _await_blocked(blocker)
    killed.kill()
    agent = open_files_agent(tmp_path, settings={"limits": {"left_over": "300ms", "late_start": "300ms"}})
    (command,) = [c for c in agent.commands(agent.history("svc")[0].id) if c.changes and not c.ended]
    run = agent.run(agent.plan("stop", [agent.load("svc")]))
    state = process_state(command.pid)
    assert state is None or state.is_dead
    # What was ended half-way may still take effect: nothing below it is let go, and the run says so.
    assert run.outcomes["svc"] is RunOutcome.UNKNOWN
    assert up(tmp_path) == {"svc.disk#1", "svc.fs#1"}
    assert "left_over" in {note.code for note in run.notes}
    # The stop waits for it, and says so instead of being silent.
    assert "late_start" in {note.code for note in run.result("stop svc/container#0").notes}


@pytest.mark.parametrize("rid", ["disk#1", "fs#1", "container#0", "app#0"])
@pytest.mark.parametrize("moment", ["step_begin", "step_end"])
def test_recover_finishes_a_start_that_was_killed_at_any_step(tmp_path: Path, rid: str, moment: str) -> None:
    write_service(tmp_path)
    assert Killed(tmp_path, fatal=f"{moment} start svc/{rid}").end() == -signal.SIGKILL
    agent = open_files_agent(tmp_path)
    assert agent.last_cut("svc") is not None
    run = agent.recover("svc")
    assert run.outcomes == {"svc": RunOutcome.DONE}
    assert up(tmp_path) == ALL
    assert agent.last_cut("svc") is None
    assert agent.status([agent.load("svc")])["svc"].notes == ()


@pytest.mark.parametrize("rid", ["app#0", "container#0", "fs#1", "disk#1"])
@pytest.mark.parametrize("moment", ["step_begin", "step_end"])
def test_recover_finishes_a_stop_that_was_killed_at_any_step(tmp_path: Path, rid: str, moment: str) -> None:
    write_service(tmp_path)
    agent = open_files_agent(tmp_path)
    agent.run(agent.plan("start", [agent.load("svc")]))
    assert Killed(tmp_path, "stop", fatal=f"{moment} stop svc/{rid}").end() == -signal.SIGKILL
    assert agent.recover("svc").outcomes == {"svc": RunOutcome.DONE}
    assert up(tmp_path) == set()
    assert agent.last_cut("svc") is None


@pytest.mark.parametrize("step", ["stop svc/container#0", "stop svc/fs#1", "stop svc/disk#1"])
def test_recover_undoes_a_start_that_was_killed_on_its_way_back(tmp_path: Path, step: str) -> None:
    write_service(tmp_path)
    knob(tmp_path, "svc.app#0.start", "false")
    assert Killed(tmp_path, fatal=f"step_begin {step}").end() == -signal.SIGKILL
    agent = open_files_agent(tmp_path)
    run = agent.recover("svc")
    assert "undoing the start by ann" in run.notes[0].text
    assert up(tmp_path) == set()
    assert agent.last_cut("svc") is None


def test_recover_leaves_what_was_up_before_the_run_that_it_undoes(tmp_path: Path) -> None:
    write_service(tmp_path)
    open_files_agent(tmp_path)
    (tmp_path / "tmp/platform/svc.disk#1").touch()
    knob(tmp_path, "svc.app#0.start", "false")
    assert Killed(tmp_path, fatal="step_begin stop svc/container#0").end() == -signal.SIGKILL
    open_files_agent(tmp_path).recover("svc")
    assert up(tmp_path) == {"svc.disk#1"}


def test_a_recovery_that_is_killed_is_recovered(tmp_path: Path) -> None:
    write_service(tmp_path)
    knob(tmp_path, "svc.app#0.start", "false")
    assert Killed(tmp_path, fatal="step_begin stop svc/container#0").end() == -signal.SIGKILL
    runner = RUNNER.replace(
        'agent.run(agent.plan(action, [agent.load("svc")]), on_event=tell)', 'agent.recover("svc", on_event=tell)'
    )
    killed = subprocess.run(
        [sys.executable, "-c", runner, str(tmp_path), "recover", "step_end stop svc/container#0"], cwd=TREE, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    agent = open_files_agent(tmp_path)
    record = agent.last_cut("svc")
    assert record is not None
    assert json.loads(record.selection)["way"] == "undo"
    agent.recover("svc")
    assert up(tmp_path) == set()
    assert agent.last_cut("svc") is None


def test_a_start_after_a_killed_start_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    write_service(tmp_path)
    assert Killed(tmp_path, fatal="step_end start svc/fs#1").end() == -signal.SIGKILL
    agent = open_files_agent(tmp_path)
    run = agent.run(agent.plan("start", [agent.load("svc")]))
    assert "interrupted" in {note.code for note in run.notes}
    assert run.result("start svc/disk#1").state is StepState.UNCHANGED
    assert up(tmp_path) == ALL
    assert agent.last_cut("svc") is None


def test_there_is_nothing_to_recover_where_nothing_was_cut(tmp_path: Path) -> None:
    write_service(tmp_path)
    agent = open_files_agent(tmp_path)
    agent.run(agent.plan("start", [agent.load("svc")]))
    run = agent.recover("svc")
    assert [note.code for note in run.notes] == ["nothing_to_recover"]
    assert run.exit_status == 0
    assert up(tmp_path) == ALL


def test_a_run_that_is_under_way_is_not_taken_for_a_cut_one(tmp_path: Path, blocker: Path) -> None:
    write_service(tmp_path)
    platform = tmp_path / "tmp/platform"
    _blocking(tmp_path, "svc.container#0.start", blocker, f"touch '{platform}/svc.container#0'")
    running = Killed(tmp_path)
    _await_blocked(blocker)
    agent = open_files_agent(tmp_path)
    assert agent.last_cut("svc") is None
    assert agent.status([agent.load("svc")])["svc"].notes == ()
    _release(blocker)
    assert running.end() == 0


def test_a_daemon_that_a_step_started_never_keeps_the_lock(tmp_path: Path, blocker: Path) -> None:
    write_service(tmp_path, text="[default]\nnodes = n1\n[app#0]\ntype = file\n")
    target = tmp_path / "tmp/platform/svc.app#0"
    daemon = f"setsid cat '{blocker}' </dev/null >/dev/null 2>&1 & touch '{target}'"
    knob(tmp_path, "svc.app#0.start", "sh", "-c", daemon)
    agent = open_files_agent(tmp_path)
    run = agent.run(agent.plan("start", [agent.load("svc")]))
    assert run.outcomes["svc"] is RunOutcome.DONE
    agent.run(agent.plan("stop", [agent.load("svc")]), wait=0.0)
    assert agent.status([agent.load("svc")])["svc"].avail is Status.DOWN
