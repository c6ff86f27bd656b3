"""What the journals of all nodes tell of one run, held against what was really done and what runs where. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from opensvc_core.errors import ExitStatus
from opensvc_core.journal import INTERRUPTED, RunRecord, StepRecord
from tests.lab.cluster.deeds import Deed

NOT_JOURNALLED = ("not journalled", "cannot be written")
"""One of these is said by a run that goes on without a journal."""
GOOD = {"done", "unchanged"}
PUT_BACK = {"failed", "cancelled"}
OPEN = {"", INTERRUPTED, "unknown"}
"""Outcomes that leave it to a recovery what the service comes to."""
EXITS: dict[str, int] = {
    "done": ExitStatus.OK,
    "failed": ExitStatus.FAILED,
    "cancelled": ExitStatus.CANCELLED,
    "unknown": ExitStatus.UNKNOWN,
}
KILLED = -9


@attrs.frozen
class Action:
    """What an action was about, and what was left of it.

    Attributes:
        name: `start`, `stop` or `switch`.
        driver: the node on which it was begun.
        goal: nodes on which the service runs if it is done.
        before: those on which it ran before.
        after: those on which it runs now.
        status: exit status of `osvc`.
        said: by `osvc`.
        powerless: nodes that lost their power meanwhile, with all that ran there.
        full: nodes whose disk was full.
        unheard: nodes whose agent may have been killed, or not have been told how the run ended.
    """

    name: str
    driver: str
    goal: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    status: int
    said: str
    powerless: frozenset[str] = frozenset()
    full: frozenset[str] = frozenset()
    unheard: frozenset[str] = frozenset()

    @property
    def owns_up(self) -> bool:
        """Whether it told the operator that a journal could not be written."""
        return any(words in self.said for words in NOT_JOURNALLED)

    def is_now(self, nodes: Sequence[str]) -> bool:
        """Whether the service runs on just these nodes, but for what the power took."""
        return set(nodes) - self.powerless == set(self.after) - self.powerless


def untruths(
    action: Action, begun: Sequence[Deed], journals: Mapping[str, Sequence[RunRecord]], deeds: Sequence[Deed]
) -> list[str]:
    """What is not so, or is missing, in the journals of all nodes after an action and before anything else ran.

    Args:
        action: it was.
        begun: what was really done since the action began, looked at before the journals.
        journals: by node: the runs that were begun since, newest first.
        deeds: what was really done, looked at after them: the agent of a peer that was cut off may still be at work.
    """
    return [
        *_unrecorded(action, journals, begun),
        *(lie for node, runs in journals.items() for run in runs for lie in _lies(action, node, run, deeds)),
        *_contradictions(action, journals),
        *_status_lies(action, journals, deeds),
    ]


def _unrecorded(action: Action, journals: Mapping[str, Sequence[RunRecord]], deeds: Sequence[Deed]) -> Iterator[str]:
    """Each deed has a step in the journal of its own node; a stop may do without on a full disk, if that is said."""
    recorded = {_place(step) for node, runs in journals.items() for step in _own_steps(node, runs) if step.began}
    for deed in deeds:
        may_miss = deed.node in action.full and deed.action == "stop" and (action.owns_up or action.status == KILLED)
        if deed.place not in recorded and not may_miss:
            yield f"{deed} is in no journal of its node"


def _was_down(action: Action, deed: Deed, later: Sequence[Deed]) -> bool:
    """Whether a stop whose command was ended half-way is done all the same: it is down, or was started again since."""
    if deed.action != "stop":
        return False
    again = [each for each in later if (each.node, each.rid) == (deed.node, deed.rid) and each.action == "start"]
    return deed.node not in action.after or any(each.is_done for each in again)


def _lies(action: Action, node: str, run: RunRecord, deeds: Sequence[Deed]) -> Iterator[str]:
    """Of one run in one journal: steps that were not done, an outcome that is not so."""
    done = {deed.place for at, deed in enumerate(deeds) if deed.is_done or _was_down(action, deed, deeds[at + 1 :])}
    what = f"{node}: {run.action} {run.id}"
    for step in run.steps:
        if step.state == "done" and _place(step) not in done:
            yield f"{what}: {step.step} is said to be done, and nobody did it"
        if step.state in GOOD and not 0 < step.began <= step.ended:
            yield f"{what}: {step.step} has no beginning or no end"
        if step.state == "running" and run.outcome not in OPEN:
            yield f"{what}: {step.step} runs on in a run that is {run.outcome}"
    if run.action != action.name:
        yield f"{what}: nobody asked for that"
    if run.outcome == "done" and not action.is_now(action.goal):
        yield f"{what} is said to be done, and it runs on {action.after}, not on {action.goal}"
    if run.outcome in PUT_BACK and not action.is_now(action.before):
        yield f"{what} is said to be {run.outcome}, and it runs on {action.after}, not on {action.before} as before"
    if run.outcome == INTERRUPTED and (node == action.driver or node not in action.unheard):
        yield f"{what} is said to be interrupted by a node that nobody cut"
    if not run.outcome and node not in action.unheard and not (node in action.full and action.owns_up):
        yield f"{what} has no end"


def _contradictions(action: Action, journals: Mapping[str, Sequence[RunRecord]]) -> Iterator[str]:
    """The node that drove and the node that did a step say the same of it, and of the end."""
    told = {run.id: run for run in journals.get(action.driver, ())}
    for node, runs in journals.items():
        for run in runs:
            theirs = told.get(run.id)
            if node == action.driver:
                continue
            if theirs is None:
                if not action.full and action.status != KILLED:
                    yield f"{node}: {run.action} {run.id} is not in the journal of {action.driver}, which drove it"
                continue
            if run.outcome != theirs.outcome and not {run.outcome, theirs.outcome} & OPEN:
                yield f"{run.id}: {theirs.outcome} on {action.driver}, {run.outcome} on {node}"
            own = {(_place(step), step.is_way_back): step.state for step in run.steps}
            for step in theirs.steps:
                state = own.get((_place(step), step.is_way_back), "missing")
                if step.node == node and step.state in GOOD and state not in GOOD and node not in action.full:
                    yield f"{run.id}: {step.step} is {step.state} on {action.driver}, {state} on {node}"


def _status_lies(action: Action, journals: Mapping[str, Sequence[RunRecord]], deeds: Sequence[Deed]) -> Iterator[str]:
    """The exit status says what the journal of the node that drove says, and what is so."""
    if action.name == "stop" and action.status not in {0, KILLED}:
        yield f"a stop was held up: osvc ended with {action.status}"
    runs = journals.get(action.driver, ())
    outcome = runs[0].outcome if runs else None
    if action.status == KILLED:
        if outcome:
            yield f"{action.driver} was killed, and its journal knows that the run ended {outcome}"
        return
    if outcome is None:
        if deeds and not action.owns_up:
            yield f"{action.driver} knows of no run, though {deeds[0]} was done"
        if not action.status and not action.owns_up:
            yield f"osvc ended well, and {action.driver} knows of no run"
        if action.status and not (action.owns_up or action.is_now(action.before)):
            yield f"osvc ended with {action.status}, begun nothing, and it runs on {action.after}"
    elif (outcome or not action.owns_up) and action.status != EXITS.get(outcome):
        yield f"osvc ended with {action.status}, and its run {outcome or 'without an end'}"
    if action.status == 0 and not action.is_now(action.goal):
        yield f"osvc ended well, and it runs on {action.after}, not on {action.goal}"


def still_open(journals: Mapping[str, Sequence[RunRecord]]) -> list[str]:
    """Runs that no recovery has marked, though nobody knows their end, and marks that lead nowhere."""
    known = {run.id for runs in journals.values() for run in runs} | {"recover"}
    found = []
    for node, runs in journals.items():
        for run in runs:
            if run.outcome in OPEN and not (run.outcome and run.recovered_by):
                found.append(f"{node}: {run.action} {run.id} ({run.outcome or 'open'}) is not recovered")
            if run.recovered_by and run.recovered_by not in known:
                found.append(f"{node}: {run.action} {run.id} was put right by {run.recovered_by}, which nobody knows")
    return found


def _own_steps(node: str, runs: Sequence[RunRecord]) -> Iterator[StepRecord]:
    return (step for run in runs for step in run.steps if step.node == node)


def _place(step: StepRecord) -> tuple[str, str, str]:
    return step.node, step.action, step.rid
