"""What changed on this node, written down: states of services at the end of actions and of looks, new service files."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from opensvc_core.actions.status import ask, statuses_of
from opensvc_core.errors import JournalError
from opensvc_core.events import Event, EventKind
from opensvc_core.feed import ChangeKind, NewChange
from opensvc_core.run import StepState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.model import ResourceId, StatusReport
    from opensvc_core.plan import Plan
    from opensvc_core.run import Run
    from opensvc_core.status import ServiceStatus

ASK_LIMIT = 5.0
"""Seconds for the platforms to say what an action has led to; what has not come by then is recorded as ``undef``."""
HASTE = 1.0
"""The same for an action that was cancelled: whoever did so waits."""
_UNTOUCHED = {StepState.UNCHANGED, StepState.SKIPPED, StepState.KEPT}


def status_data(status: ServiceStatus) -> dict[str, Any]:
    """A service's state as the feed has it: what is shown of it, JSON-ready."""
    return {
        "avail": status.avail.value,
        "overall": status.overall.value,
        "frozen": status.is_frozen,
        "groups": {name: each.value for name, each in status.groups.items()},
        "resources": {
            item.resource.rid: {
                "status": item.shown.value,
                "label": item.resource.label,
                "notes": [
                    {"severity": note.severity.value, "code": note.code, "text": note.text}
                    for note in item.report.notes
                ],
            }
            for item in status.resources
        },
    }


def state_digest(data: Mapping[str, Any]) -> str:
    """What makes one state another: all but the words of its notes, which may tell an age or a number of tries.

    Two checksums of 32 bits tell a state from the one before; OpenSSL's digests would take a status longer to load.
    """
    resources = {
        rid: [each["status"], each["label"], sorted([note["severity"], note["code"]] for note in each["notes"])]
        for rid, each in data["resources"].items()
    }
    told = [data["avail"], data["overall"], data["frozen"], data["groups"], resources]
    text = json.dumps(told, sort_keys=True).encode()
    return f"{zlib.crc32(text):08x}{zlib.crc32(text[::-1]):08x}"


def look_mark(agent: Agent) -> int | None:
    """To be taken before a look whose states are to be recorded; ``None``: nothing can be recorded by whoever asks."""
    try:
        return agent.feed.newest(ChangeKind.STATUS)
    except JournalError:
        return None


def record_look(agent: Agent, statuses: Mapping[str, ServiceStatus], mark: int | None) -> None:
    """Write down states that a look found and that differ from the last ones; silently nothing for who cannot write.

    What an action wrote down since the mark was taken is newer, and stands.
    """
    if mark is not None:
        _write(agent, _states(statuses.values(), mark))


def record_run(
    agent: Agent, plan: Plan, run: Run, before: Mapping[ResourceId, StatusReport], *, is_cancelled: bool
) -> None:
    """Write down, under the locks of its services, what a run has led to on this node. Raises nothing.

    The platforms are asked again where a step may have changed something here.
    """
    limit = min(HASTE if is_cancelled else ASK_LIMIT, agent.limits.status)
    steps = (*run.results, *run.rollback)
    graphs = list(plan.graphs.values())
    # What is replicated is written elsewhere, and known here.
    mine = [result for result in steps if not result.step.is_elsewhere or result.step.action == "sync"]
    is_touched = any(result.state not in _UNTOUCHED for result in mine)
    reports = ask(agent, graphs, timeout=limit) if is_touched else before
    _write(agent, [*_files(agent, plan), *_states(statuses_of(agent, graphs, reports).values(), None)])


def record_visit(agent: Agent, plan: Plan) -> None:
    """Write down what a run that another node drove has led to here. Raises nothing."""
    graphs = list(plan.graphs.values())
    reports = ask(agent, graphs, timeout=min(ASK_LIMIT, agent.limits.status))
    _write(agent, [*_files(agent, plan), *_states(statuses_of(agent, graphs, reports).values(), None)])


def record_frozen(agent: Agent, names: Iterable[str]) -> None:
    """Write down that services were frozen or thawed; of one whose state was never recorded, nothing."""
    try:
        known = agent.feed.latest(ChangeKind.STATUS)
    except JournalError:
        return
    changed = []
    for name in names:
        if name in known:
            data = {**known[name].data, "frozen": agent.is_frozen(name)}
            changed.append(NewChange(ChangeKind.STATUS, name, state_digest(data), data))
    _write(agent, changed)


def _states(statuses: Iterable[ServiceStatus], mark: int | None) -> list[NewChange]:
    found = []
    for status in statuses:
        data = status_data(status)
        found.append(NewChange(ChangeKind.STATUS, status.service.name, state_digest(data), data, mark))
    return found


def _files(agent: Agent, plan: Plan) -> list[NewChange]:
    """Service files that were changed since they were pushed: whoever pushes them is told once."""
    from opensvc_core.push_stamp import unpushed

    found = ((service.name, unpushed(agent.node.folders, service)) for service in plan.services)
    return [NewChange(ChangeKind.CONFIG, name, digest, {"digest": digest}) for name, digest in found if digest]


def _write(agent: Agent, changes: Sequence[NewChange]) -> None:
    try:
        new = agent.feed.record(changes)
    except (JournalError, OSError):
        return  # of a user who may only look, or of a full disk: the next look finds the same
    now = agent.clock.now()
    for each in new:
        if each.kind == ChangeKind.STATUS:
            event = Event(
                EventKind.STATUS, now, service=each.service, text=str(each.data["overall"]), data=dict(each.data)
            )
            agent.dispatcher.observe(event)
