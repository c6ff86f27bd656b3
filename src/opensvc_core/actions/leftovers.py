"""What a cut run left behind: commands that still run, starts that may still take effect, the word that it was cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.errors import JournalError
from opensvc_core.host.processes import (
    COMMAND_ID,
    end_group,
    find_by_marker,
    has_proc,
    is_running,
    process_start_time,
)
from opensvc_core.journal import INTERRUPTED, CommandRecord, RunRecord
from opensvc_core.model import Note, ResourceId, Severity
from opensvc_core.resting import is_resting
from opensvc_core.run import RunOutcome

if TYPE_CHECKING:
    from opensvc_core.actions.agent import Agent
    from opensvc_core.clock import Cancel


@frozen
class Leftovers:
    """What was found when the lock of a service was taken.

    Attributes:
        notes: for the operator.
        unsettled: resources whose start was cut and may still take effect.
    """

    notes: tuple[Note, ...] = ()
    unsettled: frozenset[ResourceId] = frozenset()


def describe_cut(record: RunRecord) -> Note:
    """A line for the operator on a run that was cut or ended unknown."""
    running = [
        step.step + (" (way back)" if step.is_way_back else "") for step in record.steps if step.state == "running"
    ]
    where = f" in the step {', '.join(running)}" if running else ""
    if record.outcome == "unknown":
        bad = [step.step for step in record.steps if step.state in {"failed", "timeout", "cancelled", "kept"}]
        text = f"the {record.action} by {record.user} ended unknown: {', '.join(bad) or 'see osvc log'}"
        return Note(f"{text}; look, then: osvc recover {record.service}", "unknown_run", Severity.WARNING)
    text = f"the {record.action} by {record.user} (pid {record.pid}) was interrupted{where}"
    return Note(f"{text}; to finish or undo it: osvc recover {record.service}", INTERRUPTED, Severity.WARNING)


def last_cut(agent: Agent, name: str) -> RunRecord | None:
    """The run of a service that was cut, seen from outside its lock, or ended unknown. Raises JournalError."""
    boot = agent.node.boot_id
    for record in agent.journal.open_runs(name):
        is_over = record.boot_id != boot or not is_running(record.pid, record.process)
        if is_over and not _mends_itself(record):
            return record
    return agent.journal.unrecovered([name]).get(name)


def is_under_way(agent: Agent, name: str) -> bool:
    """Whether a run of a service is at work now, seen from outside its lock. Raises JournalError."""
    boot = agent.node.boot_id
    return any(each.boot_id == boot and is_running(each.pid, each.process) for each in agent.journal.open_runs(name))


def tidy(agent: Agent, name: str, own_run: str, cancel: Cancel, wait: float) -> Leftovers:
    """Under the lock: end what cut runs left running, and write down that they were cut.

    A command that changes something is waited for, as ending it half-way is worse; one that only reads is ended. An
    application that is still at rest for the snapshot of a cut replication is woken.

    Raises:
        JournalError: the journal cannot be read or written.
    """
    notes: list[Note] = []
    unsettled: set[ResourceId] = set()
    boot = agent.node.boot_id
    for record in agent.journal.open_runs(name):
        if record.id == own_run:
            continue
        if record.boot_id == boot:
            for command in agent.journal.commands(record.id, name):
                if not command.ended and not _settle(agent, command, cancel, min(wait, agent.limits.left_over)):
                    unsettled.add(ResourceId(name, command.rid))
                    notes.append(Note(f"ended what a cut run had left running: {' '.join(command.argv)}", "left_over"))
            if _mends_itself(record):
                from opensvc_core.actions.clearing import clear_away

                notes += clear_away(agent, name, own_run, {step.rid for step in record.steps if not step.ended})
        agent.journal.end_service(record.id, name, RunOutcome.FAILED if _mends_itself(record) else INTERRUPTED)
    if is_resting(agent.node.folders, name):
        from opensvc_core.actions.waking import wake

        notes += wake(agent, name, cancel)
    found = agent.journal.unrecovered([name]).get(name)
    if found is not None:
        notes.insert(0, describe_cut(found))
        if found.boot_id == boot:
            unsettled |= _lost_starts(agent, found)
    return Leftovers(tuple(notes), frozenset(unsettled))


def _mends_itself(record: RunRecord) -> bool:
    """Whether nothing is to be put right after a run that was cut: the next replication goes on from there."""
    return record.action.startswith("sync ")


def _lost_starts(agent: Agent, record: RunRecord) -> set[ResourceId]:
    """Resources of a run whose start command never answered, as long as it may still take effect."""
    now = agent.clock.now()
    return {
        ResourceId(step.service, step.rid)
        for step in record.steps
        if step.lost_changes and step.action == "start" and now - step.ended < agent.limits.settle
    }


def _settle(agent: Agent, command: CommandRecord, cancel: Cancel, wait: float) -> bool:
    """Wait for, or end, one command. Whether what it did is settled: it was not ended by us while it changed things."""
    pids = {command.pid: command.process} if command.pid else {}
    if not pids:
        pids = {pid: process_start_time(pid) for pid in find_by_marker(COMMAND_ID, command.id)}
    # Where processes cannot be found by their mark, a change whose process was never written down may still be at work.
    settled = bool(pids) or has_proc() or not command.changes
    for pid, process in pids.items():
        left = min(wait, max(0.0, command.began + command.time_limit - agent.clock.now())) if command.changes else 0.0
        until = agent.clock.monotonic() + left
        while is_running(pid, process) and agent.clock.monotonic() < until:
            if agent.clock.wait(cancel.event, 0.05):
                break
        if is_running(pid, process):
            end_group(pid, process, 2.0, agent.clock, marker=command.id)
            settled = settled and not command.changes
    try:
        agent.journal.end_command(command.id, None, "left running by a run that was cut")
    except JournalError:
        return settled
    return settled
