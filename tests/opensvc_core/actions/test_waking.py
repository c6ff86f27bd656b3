"""Applications that a sync put to rest and was killed: woken once, by whatever comes next, and written down."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from opensvc_core.actions.agent import Agent
from opensvc_core.actions.execute import RunOptions
from opensvc_core.actions.waking import ACTION, TRIES
from opensvc_core.clock import Cancel
from opensvc_core.host.processes import process_start_time
from opensvc_core.journal import RunHeader
from opensvc_core.lock import Holder, hold_lock
from opensvc_core.model import Note, Phase, Resource, ResourceId
from opensvc_core.resting import Resting, is_resting, read_resting, remember_resting
from opensvc_core.run import RunOutcome
from tests.opensvc_core.actions.files_platform import open_files_agent, write_service

TREE = Path(__file__).resolve().parents[3]
SERVICE = "[default]\nnodes = n1\n[app#0]\ntype = file\n"
KILLED = """
import os, signal, sys
from pathlib import Path
from opensvc_core.builtin.snapshot_triggers import triggered
from tests.opensvc_core.actions.test_waking import replication
from tests.opensvc_core.world import World
root = Path(sys.argv[1])
with triggered(replication(root), World(root).context("sync")):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def replication(root: Path) -> Resource:
    """A replication with both commands; what they were run with is kept in files."""
    script = root / "wake.sh"
    text = f"echo $OPENSVC_SVCNAME $OPENSVC_RID $1 >>{root}/calls; exec test ! -e {root}/fails"
    script.write_text(text)
    options = {
        "presnap_trigger": f"sh {script} rest",
        "postsnap_trigger": f"sh {script} wake",
        "snap_trigger_timeout": 20.0,
    }
    return Resource(ResourceId("svc", "sync#1"), "sync.rsync", options, phase=Phase.REPLICATION)


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    """A node on which a sync was killed between the two commands."""
    write_service(tmp_path, "svc", SERVICE)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=TREE, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert calls(tmp_path) == ["svc sync#1 rest"]
    return open_files_agent(tmp_path)


def calls(root: Path) -> list[str]:
    return (root / "calls").read_text().splitlines()


def texts(notes: tuple[Note, ...] | list[Note]) -> list[str]:
    return [note.text for note in notes if note.code == "snap_trigger"]


DONE = "svc/sync#1: ran the postsnap_trigger that a cut sync had left undone"


@pytest.mark.parametrize("what", ["recover", "start", "boot"])
def test_the_next_command_wakes_it_once_and_writes_it_down(agent: Agent, tmp_path: Path, what: str) -> None:
    if what == "recover":
        notes = list(agent.recover("svc").notes)
    elif what == "start":
        notes = list(agent.run(agent.plan("start", [agent.load("svc")])).notes)
    else:
        notes = agent.boot().notes
    assert texts(notes) == [DONE]
    assert calls(tmp_path) == ["svc sync#1 rest", "svc sync#1 wake"]
    record = next(each for each in agent.history("svc") if each.action == ACTION)
    assert record.outcome == "done"
    (step,) = record.steps
    assert (step.rid, step.state) == ("sync#1", "done")
    (command,) = agent.journal.commands(record.id, "svc")
    assert (command.argv[-1], command.rc, command.changes) == ("wake", 0, True)

    assert texts(agent.recover("svc").notes) == []
    agent.run(agent.plan("stop", [agent.load("svc")]))
    assert len(calls(tmp_path)) == 2


def test_the_status_says_so_until_it_is_woken(agent: Agent) -> None:
    def told() -> list[str]:
        return texts(list(agent.status([agent.load("svc")])["svc"].notes))

    assert told() == ["a cut sync left its application at rest: osvc recover svc runs postsnap_trigger"]
    pid = os.getpid()
    start, boot = process_start_time(pid), agent.node.boot_id
    agent.journal.begin_run(RunHeader("r1", "sync nodes", ("svc",), "ann", pid, "n1", start, boot, (), "{}", 1.0))
    assert told() == [], "it belongs to a run that is under way"
    agent.journal.end_service("r1", "svc", RunOutcome.DONE)
    agent.recover("svc")
    assert told() == []


def test_one_that_fails_is_run_again_and_not_for_ever(agent: Agent, tmp_path: Path) -> None:
    (tmp_path / "fails").touch()
    for _ in range(TRIES - 1):
        (text,) = texts(agent.recover("svc").notes)
        assert text.endswith("the next command on svc runs it again")
    (text,) = texts(agent.recover("svc").notes)
    assert text.endswith("it is not run again: see to it by hand")
    assert texts(agent.recover("svc").notes) == []
    assert calls(tmp_path)[1:] == ["svc sync#1 wake"] * TRIES
    runs = [each for each in agent.history("svc") if each.action == ACTION]
    assert [each.outcome for each in runs] == [RunOutcome.FAILED.value] * TRIES


def test_a_disk_that_takes_no_note_of_the_try_keeps_no_application_at_rest(agent: Agent, tmp_path: Path) -> None:
    # Where the new version of the note would be written there is no room for it.
    (agent.node.folders.var / "resting" / "svc" / ".sync#1.json.new").mkdir()
    agent.recover("svc")
    assert calls(tmp_path) == ["svc sync#1 rest", "svc sync#1 wake"]
    assert not is_resting(agent.node.folders, "svc")


def test_an_application_that_comes_up_with_the_boot_is_woken_after_its_start(agent: Agent, tmp_path: Path) -> None:
    write_service(tmp_path, "svc", SERVICE.replace("nodes = n1", "nodes = n1\nautostart_node = n1"))
    (tmp_path / "wake.sh").write_text(f"echo $1 >>{tmp_path}/calls; test -e {tmp_path}/tmp/platform/svc.app#0")
    notes = agent.boot().notes
    assert calls(tmp_path)[1:] == ["wake", "wake"]
    assert texts(notes)[-1] == DONE


def test_who_is_still_at_it_is_left_alone(agent: Agent, tmp_path: Path) -> None:
    holder = Holder(os.getpid(), "root", "sync nodes", agent.clock.now())
    with hold_lock(agent.node.folders.lock, "svc", holder, wait=0.0, clock=agent.clock, cancel=Cancel()):
        agent.boot(RunOptions(wait=0.0))
        assert len(calls(tmp_path)) == 1
    agent.boot()
    assert len(calls(tmp_path)) == 2


def test_what_cannot_be_read_is_said(agent: Agent, tmp_path: Path) -> None:
    (file,) = (tmp_path / "var/resting/svc").iterdir()
    file.write_text("{")
    (text,) = texts(agent.recover("svc").notes)
    assert "run its postsnap_trigger by hand" in text


def test_what_is_owed_is_kept_whole(tmp_path: Path) -> None:
    folders = open_files_agent(tmp_path).node.folders
    resting = Resting("svc", "sync#1", ("a b", "$HOME"), 1.5, 2)
    remember_resting(folders, resting)
    assert read_resting(folders, "svc") == (resting,)
    assert is_resting(folders, "svc")
    assert not is_resting(folders, "other")
