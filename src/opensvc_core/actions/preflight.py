"""Everything that may forbid an action before its first step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve, frozen

from opensvc_core.actions.freeze import is_drained
from opensvc_core.actions.parents import parent_vetoes
from opensvc_core.actions.reserving import reserving
from opensvc_core.errors import ConfigError, JournalError
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
    from opensvc_core.actions.elsewhere import Elsewhere
    from opensvc_core.context import Context
    from opensvc_core.graph import ServiceGraph
    from opensvc_core.model import Service
    from opensvc_core.plan import Plan, Step

HOLDING = frozenset({Phase.RESERVATION, Phase.DISK, Phase.FILESYSTEM, Phase.READY})
"""What is never let go while something that stands on it is not verified down."""

PERMIT_CODES = {
    "duplicate_address": "An address of the guest answers while the guest is down.",
    "node_drained": "This node is drained: nothing new starts on it.",
    "parent_down": "A service that this one stands on (`parents`) is not up, and is not started by the same run.",
    "preflight_failed": "A driver's own check could not be made.",
    "requirement_down": "With --rid or --tags: something that a chosen resource stands on is not up.",
}
"""Vetoes that ``--permit`` lifts; drivers may add codes of their own."""
EXPLAINED_BY_SOURCE = frozenset({"reserved_elsewhere", "duplicate_address"})
"""Vetoes of a destination that mean nothing while the same resource is up at the source: the run stops it there first,
verified, and the step itself looks again."""
FINAL_CODES = {
    "up_elsewhere": "The service runs on another node.",
    "driver_missing": "The driver of a resource that is to be acted on is not installed, or broken.",
    "host_mode": "The mode of this node forbids it to start the service.",
    "container_undef": "The platform cannot tell whether the guest runs here.",
    "not_down": "What an earlier boot left is cleaned only while the service is verified down on this node.",
    "drp_unreachable": "At boot: a disaster-recovery node cannot be asked, and `drp_unreachable` is `veto`.",
    "in_use": "Something that stands on a disk, filesystem or reservation is not verified down.",
    "scsireserv_unavailable": "scsireserv is set and no reservation backend is installed.",
    "journal": "The journal cannot be read, and something would be started.",
    "peer_unknown": "A node of the service cannot be asked, or cannot tell whether it runs there.",
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
    *,
    reserved: Collection[str] = (),
) -> Checked:
    """Ask everything that may forbid the steps of a plan that are done on this node.

    Args:
        agent: this node's.
        plan: what is to be run.
        statuses: what every resource of the services answered in this run.
        evidence: by service, what is known of its other nodes.
        context: for the drivers' own checks.
        reserved: services all of whose writable disks the run will reserve.
    """
    vetoes: list[Veto] = []
    notes: list[Note] = []
    for graph in plan.graphs.values():
        mine = [s for s in plan.steps if s.resource.id.service == graph.service.name and not s.is_elsewhere]
        starts = {step.resource.id for step in mine if step.action == "start"}
        stops = {step.resource.id for step in mine if step.action == "stop"}
        vetoes += _missing_drivers(step.resource for step in mine)
        if any(_is_exclusive(step) and step.resource.id.service == graph.service.name for step in plan.steps):
            known = list(evidence.get(graph.service.name, ()))
            if plan.action == "boot":
                from opensvc_core.actions.boot import autostart_vetoes  # only at boot

                found, known = autostart_vetoes(graph.service, known, notes)
                vetoes += found
            vetoes += _elsewhere(plan, graph.service.name, known, reserved, notes)
        if any(step.action == "clean" for step in mine):
            vetoes += _not_down(graph, statuses)
        comes = any(step.action == "join" for step in mine)
        if (starts or comes) and is_drained(agent.node):
            text = f"{agent.node.name} is drained: nothing new starts here"
            vetoes.append(Veto("node_drained", text, graph.service.name, "osvc node undrain"))
        if any(step.kind.can_start for step in mine):
            vetoes += _host_mode(agent, graph.service, notes)
        if starts or any(step.action in {"join", "migrate"} for step in mine):
            vetoes += _start_vetoes(agent, graph, starts, stops, statuses)
        vetoes += _in_use(graph, stops, statuses)
        for step in mine:
            if not step.resource.problem:
                vetoes += agent.dispatcher.preflight(step.resource, step.action, context)
    unique = {(veto.code, veto.subject, veto.reason): veto for veto in reversed(vetoes)}
    return Checked(tuple(reversed(unique.values())), tuple(notes))


def _is_exclusive(step: Step) -> bool:
    """Whether a step may bring up what only one node may have up; standby resources are up on several by design."""
    return step.kind.can_start and not step.resource.is_standby


def _not_down(graph: ServiceGraph, statuses: Mapping[ResourceId, StatusReport]) -> Iterable[Veto]:
    """What keeps a service from being cleaned; the reservations themselves are what is cleaned last."""
    for resource in graph.resources:
        if not resource.has_own_state or resource.phase is Phase.RESERVATION:
            continue
        report = statuses.get(resource.id)
        if report is None or not is_verified_down(report):
            state = report.status.value if report else "unknown"
            yield Veto("not_down", f"it is {state}", str(resource.id), is_liftable=False)


def check_everywhere(
    agent: Agent,
    plan: Plan,
    statuses: Mapping[ResourceId, StatusReport],
    evidence: Mapping[str, Sequence[Evidence]],
    context: Context,
    elsewhere: Elsewhere,
) -> Checked:
    """Everything that may forbid a plan, here and on the other nodes of the plan, which were asked before.

    What another node, or this one, objects to only because the service is still up where this run is going to stop it
    is no veto.

    Args:
        agent: this node's.
        plan: what is to be run.
        statuses: what every resource of the services answered here in this run.
        evidence: by service, what is known of all nodes but the one that it is told to.
        context: for the drivers' own checks.
        elsewhere: what the other nodes found.
    """
    reserved = {name for found in elsewhere.found.values() for name in found.reserving}
    reserved |= reserving(agent, plan, evidence, context)
    here = check(agent, plan, statuses, evidence, context, reserved=reserved)
    here = evolve(here, vetoes=(*here.vetoes, *parent_vetoes(agent, plan)))
    reports = {agent.node.name: statuses, **{node: found.reports for node, found in elsewhere.found.items()}}
    by_node = [(agent.node.name, here.vetoes), *((node, found.vetoes) for node, found in elsewhere.found.items())]
    vetoes = []
    for node, given in by_node:
        for veto in given:
            if not _is_explained(veto, plan, node, reports):
                is_here = node == agent.node.name
                vetoes.append(veto if is_here else evolve(veto, subject=f"{veto.subject} on {node}"))
    notes = [*here.notes, *(note for found in elsewhere.found.values() for note in found.notes)]
    return Checked(tuple(vetoes), tuple(notes))


def _is_explained(veto: Veto, plan: Plan, node: str, reports: Mapping[str, Mapping[ResourceId, StatusReport]]) -> bool:
    """Whether a destination objects to what the same resource at the source, still up, accounts for."""
    service, _, rid = veto.subject.partition("/")
    if veto.code not in EXPLAINED_BY_SOURCE or not rid:
        return False
    at_sources = (reports.get(source, {}).get(ResourceId(service, rid)) for source in plan.sources(service, node))
    return any(report is not None and report.status.is_up for report in at_sources)


def refused(vetoes: Iterable[Veto], permits: Collection[str]) -> tuple[Veto, ...]:
    """The vetoes that stand when the permits are given."""
    return tuple(veto for veto in vetoes if not veto.is_liftable or veto.code not in permits)


def _missing_drivers(resources: Iterable[Resource]) -> Iterable[Veto]:
    for resource in resources:
        if resource.problem:
            yield Veto("driver_missing", resource.problem, str(resource.id), resource.hint, is_liftable=False)


def _elsewhere(
    plan: Plan, service: str, evidence: Sequence[Evidence], reserved: Collection[str], notes: list[Note]
) -> Iterable[Veto]:
    starting = {s.node for s in plan.steps if s.kind.can_start and s.resource.id.service == service}
    may_be_up = plan.may_be_up | {node for start in starting for node in plan.sources(service, start)}
    for known in evidence:
        if known.node in may_be_up and known.state in {NodeState.UP, NodeState.UNKNOWN}:
            continue  # this run brings it down there, verified, before it starts anything; or the step itself looks
        if known.state is NodeState.UP:
            yield Veto(
                "up_elsewhere",
                f"runs on {known.node}{': ' + known.text if known.text else ''} (by {known.source})",
                service,
                f"stop it there first: osvc stop {service} --node {known.node}",
                is_liftable=False,
            )
        elif known.state is NodeState.UNKNOWN:
            text = f"{known.node} cannot tell whether it runs there{': ' + known.text if known.text else ''}"
            if service in reserved:
                notes.append(
                    Note(f"{service}: {text}; this run reserves all of its disks", "peer_unknown", Severity.WARNING)
                )
                continue
            yield Veto(
                "peer_unknown",
                text,
                service,
                f"mend the way to {known.node}; or, if it is off for certain: --declare-dead {known.node}",
                is_liftable=False,
            )
    unasked = [known.node for known in evidence if known.state is NodeState.UNASKED]
    if unasked:
        text = f"{service}: the other nodes were not asked whether it runs there: {', '.join(unasked)}"
        notes.append(Note(text, "peers_unasked", Severity.WARNING))


def _host_mode(agent: Agent, service: Service, notes: list[Note]) -> Iterable[Veto]:
    """What the mode of this node has against a start: policies veto starts, never a stop."""
    from opensvc_core.cluster.host_mode import CODE, is_only_drpnode, read_host_mode, refuse_start

    node = agent.node
    try:
        mode = read_host_mode(node.folders)
    except ConfigError as error:
        yield Veto(CODE, error.message, service.name, error.hint, is_liftable=False)
        return
    service_type = str(service.options.get("service_type") or "")
    veto = refuse_start(service_type, mode, is_drpnode=is_only_drpnode(service, node.name))
    if veto is not None:
        yield evolve(veto, subject=service.name)
    elif mode is None and agent.peers.asks and len(service.all_nodes) > 1:
        text = f"{service.name}: the host mode of {node.name} is not set, so that of the service counts"
        notes.append(Note(f"{text}: osvc node host-mode {service_type or 'DEV'}", "host_mode_unset", Severity.WARNING))


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
