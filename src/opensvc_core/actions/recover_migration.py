"""Putting right a migration that was cut: both hypervisors are asked where the guest is, and that decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opensvc_core.actions.migrate import abilities_of
from opensvc_core.actions.preflight import is_verified_down
from opensvc_core.actions.recover_move import Decision, GuestOnItsWay
from opensvc_core.container_platform import is_guest_running
from opensvc_core.errors import PlanError, Vetoed
from opensvc_core.migration_plan import Ends, plan_finish, plan_undo
from opensvc_core.model import Status, StatusReport, Veto

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.actions.agent import Agent
    from opensvc_core.graph import ServiceGraph
    from opensvc_core.model import ResourceId


def decide(
    agent: Agent,
    name: str,
    nodes: tuple[str, str],
    answers: Mapping[str, tuple[ServiceGraph, Mapping[ResourceId, StatusReport]]],
    what: str,
) -> Decision | None:
    """Finish what is left where the guest has gone over, take it back where it has not.

    Args:
        agent: this node's.
        name: of the service.
        nodes: source and destination.
        answers: graph of the service and reports, by node, asked under the locks of both.
        what: the run in words.

    Returns:
        ``None`` for a guest that is down on both: the disks are then brought down and up as after any move.

    Raises:
        PlanError: this node is neither of the two.
        GuestOnItsWay: it is paused at the destination, for one: that may be over in a moment.
        Vetoed: it cannot be told where the guest runs, or it runs on both.
    """
    source, destination = nodes
    here = agent.node.name
    if here not in nodes:
        raise PlanError(
            f"{name}: {what} was a live migration: it is put right from {source} or {destination}",
            code="not_here",
            hint=f"osvc recover {name} there",
        )
    graph, there = answers[source][0], answers[destination][0]
    ends = Ends(source, destination, graph, there, abilities_of(agent, answers[here][0]), here)
    if len(ends.guests) != 1:
        raise PlanError(f"{name}: the service has no longer one guest", code="changed", hint="osvc status")
    guest = ends.guests[0].id
    at_source, at_destination = answers[source][1].get(guest), answers[destination][1].get(guest)
    remember: dict[str, Any] = {
        "moves": {name: {"source": source, "destination": destination, "was_up": True, "is_live": True}}
    }
    if _is_down(at_source) and _is_down(at_destination):
        return None
    if _runs(at_destination) and not _runs(at_source) and not _is_unknown(at_source):
        plan = plan_finish(ends, has_remains=not _is_down(at_source))
        return Decision(f"finishing {what}: {name} runs on {destination}", plan, remember)
    if _is_down(at_destination) and not _is_unknown(at_source):
        return Decision(f"undoing {what}: {name} stays on {source}", plan_undo(ends), remember)
    is_clear = _runs(at_destination) or _is_unknown(at_source) or _is_unknown(at_destination)
    refusal = Vetoed if is_clear else GuestOnItsWay
    raise refusal([
        Veto(
            "guest_in_doubt",
            f"the guest is {_word(at_source)} on {source} and {_word(at_destination)} on {destination}",
            name,
            "look at both hypervisors: as long as that cannot be told, nothing is undone and nothing let go",
            is_liftable=False,
        )
    ])  # fmt: skip


def _is_down(report: StatusReport | None) -> bool:
    return report is not None and is_verified_down(report)


def _runs(report: StatusReport | None) -> bool:
    return report is not None and is_guest_running(report)


def _is_unknown(report: StatusReport | None) -> bool:
    return report is None or report.status is Status.UNDEF


def _word(report: StatusReport | None) -> str:
    if report is None:
        return "not told of"
    why = "; ".join(note.text for note in report.notes)
    return report.status.value + (f" ({why})" if why else "")
