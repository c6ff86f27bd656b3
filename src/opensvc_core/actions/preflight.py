"""Everything that may forbid an action before its first step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.errors import JournalError
from opensvc_core.model import (
    Evidence,
    NodeState,
    Note,
    Phase,
    Resource,
    ResourceId,
    Severity,
    Status,
    StatusReport,
    Veto,
)
from opensvc_core.reservation_status import unavailable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.context import Context
    from opensvc_core.graph import ServiceGraph
    from opensvc_core.plan import Plan

HOLDING = frozenset({Phase.RESERVATION, Phase.DISK, Phase.FILESYSTEM, Phase.READY})
"""What is never let go while something that stands on it is not verified down."""

PERMIT_CODES = {
    "duplicate_address": "An address of the guest answers while the guest is down.",
    "peer_unknown": "A node of the service was asked and cannot tell whether it runs there.",
    "preflight_failed": "A driver's own check could not be made.",
    "requirement_down": "With --rid or --tags: something that a chosen resource stands on is not up.",
}
"""Vetoes that ``--permit`` lifts; drivers may add codes of their own."""
FINAL_CODES = {
    "up_elsewhere": "The service runs on another node.",
    "driver_missing": "The driver of a resource that is to be acted on is not installed, or broken.",
    "container_undef": "The platform cannot tell whether the guest runs here.",
    "in_use": "Something that stands on a disk, filesystem or reservation is not verified down.",
    "scsireserv_unavailable": "scsireserv is set and no reservation backend is installed.",
    "journal": "The journal cannot be read, and something would be started.",
    "past_unknown": "A broken journal was set aside and the service was not recovered since.",
}
"""Vetoes that nothing lifts."""


@frozen
class Checked:
    """Result of all checks: what forbids, and what the operator should know."""

    vetoes: tuple[Veto, ...]
    notes: tuple[Note, ...]


def check(
    agent: Agent,
    plan: Plan,
    statuses: Mapping[ResourceId, StatusReport],
    evidence: Mapping[str, Sequence[Evidence]],
    context: Context,
) -> Checked:
    """Ask everything that may forbid a plan.

    Args:
        agent: this node's.
        plan: what is to be run.
        statuses: what every resource of the services answered in this run.
        evidence: by service, what is known of its other nodes.
        context: for the drivers' own checks.
    """
    vetoes: list[Veto] = []
    notes: list[Note] = []
    for graph in plan.graphs.values():
        mine = [step for step in plan.steps if step.resource.id.service == graph.service.name]
        starts = {step.resource.id for step in mine if step.action == "start"}
        stops = {step.resource.id for step in mine if step.action == "stop"}
        vetoes += _missing_drivers(step.resource for step in mine)
        if starts:
            vetoes += _elsewhere(graph.service.name, evidence.get(graph.service.name, ()), notes)
            vetoes += _start_vetoes(agent, graph, starts, stops, statuses)
        vetoes += _in_use(graph, stops, statuses)
        for step in mine:
            if not step.resource.problem:
                vetoes += agent.dispatcher.preflight(step.resource, step.action, context)
    unique = {(veto.code, veto.subject): veto for veto in reversed(vetoes)}
    return Checked(tuple(reversed(unique.values())), tuple(notes))


def refused(vetoes: Iterable[Veto], permits: Collection[str]) -> tuple[Veto, ...]:
    """The vetoes that stand when the permits are given."""
    return tuple(veto for veto in vetoes if not veto.is_liftable or veto.code not in permits)


def _missing_drivers(resources: Iterable[Resource]) -> Iterable[Veto]:
    for resource in resources:
        if resource.problem:
            yield Veto("driver_missing", resource.problem, str(resource.id), resource.hint, is_liftable=False)


def _elsewhere(service: str, evidence: Sequence[Evidence], notes: list[Note]) -> Iterable[Veto]:
    for known in evidence:
        if known.state is NodeState.UP:
            yield Veto(
                "up_elsewhere",
                f"runs on {known.node}{': ' + known.text if known.text else ''} (by {known.source})",
                service,
                f"stop it there first: osvc stop {service} on {known.node}",
                is_liftable=False,
            )
        elif known.state is NodeState.UNKNOWN:
            yield Veto(
                "peer_unknown",
                f"{known.node} cannot tell whether it runs there{': ' + known.text if known.text else ''}",
                service,
                "mend the way to that node, or prove that it is off",
            )
    unasked = [known.node for known in evidence if known.state is NodeState.UNASKED]
    if unasked:
        text = f"{service}: the other nodes were not asked whether it runs there: {', '.join(unasked)}"
        notes.append(Note(text, "peers_unasked", Severity.WARNING))


def _start_vetoes(
    agent: Agent,
    graph: ServiceGraph,
    starts: set[ResourceId],
    stops: set[ResourceId],
    statuses: Mapping[ResourceId, StatusReport],
) -> Iterable[Veto]:
    name = graph.service.name
    try:
        if agent.journal.is_past_unknown(name):
            yield Veto(
                "past_unknown",
                "a broken journal was set aside: what earlier runs left open is not known",
                name,
                f"osvc recover {name}",
                is_liftable=False,
            )
    except JournalError as error:
        yield Veto("journal", error.message, name, error.hint, is_liftable=False)
    for resource in graph.resources:
        # Disabled ones too: a guest that may run is a guest that may write.
        report = statuses.get(resource.id)
        if resource.phase is Phase.CONTAINER and report is not None and report.status is Status.UNDEF:
            yield Veto(
                "container_undef",
                f"cannot tell whether it runs here: {_why(report)}",
                str(resource.id),
                "mend the hypervisor's tool first",
                is_liftable=False,
            )
        is_unprotected = resource.id in starts and not agent.reservations.names
        veto = unavailable(resource, agent.node.os_name) if is_unprotected else None
        if veto is not None:
            yield veto
    optional = {resource.id for resource in graph.resources if resource.is_optional or resource.is_disabled}
    for resource_id in sorted(starts):
        for needed in sorted(graph.requirements(resource_id) - starts - optional):
            report = statuses.get(needed)
            if report is None or (not report.status.is_up and report.status is not Status.NA) or needed in stops:
                state = report.status.value if report else "unknown"
                yield Veto(
                    "requirement_down", f"stands on {needed.rid}, which is {state}", str(resource_id),
                    f"choose {needed.rid} too",
                )  # fmt: skip


def _in_use(graph: ServiceGraph, stops: set[ResourceId], statuses: Mapping[ResourceId, StatusReport]) -> Iterable[Veto]:
    by_id = {resource.id: resource for resource in graph.resources}
    for resource_id in sorted(stops):
        if by_id[resource_id].phase not in HOLDING:
            continue
        for user in sorted(graph.users(resource_id) - stops):
            report = statuses.get(user)
            if by_id[user].has_own_state and (report is None or not is_verified_down(report)):
                state = report.status.value if report else "unknown"
                yield Veto(
                    "in_use",
                    f"{user.rid} stands on it and is not verified down: it is {state}",
                    str(resource_id),
                    f"stop {user.rid} first",
                    is_liftable=False,
                )


def is_verified_down(report: StatusReport) -> bool:
    """Whether an answer of this run says down, or that there is no state to have."""
    return report.status.is_down or report.status is Status.NA


def _why(report: StatusReport) -> str:
    return "; ".join(note.text for note in report.notes) or "it does not say why"
