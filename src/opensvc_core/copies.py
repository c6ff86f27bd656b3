"""Who may send a copy and who may take one: the good copy is never overwritten. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.cluster.host_mode import PRODUCTION, HostMode
from opensvc_core.generation import Order, compare
from opensvc_core.model import Phase, Status, Veto

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opensvc_core.generation import Generation
    from opensvc_core.graph import ServiceGraph
    from opensvc_core.model import Resource, ResourceId, Service, StatusReport

GROUND = frozenset({Phase.DISK, Phase.FILESYSTEM})
"""What data lie on: half-mounted, it would be sent as if it were empty."""

SYNC_CODES = {
    "sync_from_drp": "A disaster-recovery node never replicates to anybody.",
    "sync_not_a_node": "A node that is not in `nodes` of the service does not replicate it.",
    "sync_host_mode": "A PRD service on a node that is not PRD does not replicate out.",
    "sync_not_up": "The service is not verified up here: its good copy may be elsewhere.",
    "generation_unknown": "Whether the copy here is old or new cannot be told.",
    "copy_incomplete": "A replication into this node was cut: a part of the copy here is of another time.",
    "copy_stale": "Another node has a newer copy of the data, or one with a history of its own.",
}
"""Vetoes of `osvc sync`, and of starts on a copy that is not the good one."""


def send_vetoes(service: Service, node: str, mode: HostMode | None) -> Iterable[Veto]:
    """Why this node may not send anything of a service (§1.3 of the reference).

    Args:
        service: the service.
        node: name of this node.
        mode: of this node, ``None`` while it is not set.
    """
    if node in service.drpnodes:
        yield Veto(
            "sync_from_drp",
            f"{node} is a disaster-recovery node: it replicates to nobody",
            service.name,
            f"`osvc failback {service.name}` on a production node takes the data back",
            is_liftable=False,
        )
    elif node not in service.nodes:
        yield Veto("sync_not_a_node", f"{node} is not among its nodes", service.name, is_liftable=False)
    if service.options.get("service_type") == PRODUCTION and mode is not None and mode is not HostMode.PRD:
        yield Veto(
            "sync_host_mode",
            f"it is a PRD service, and {node} is {mode.value}: from here it never replicates",
            service.name,
            "replicate from a production node",
            is_liftable=False,
        )


def not_verified_up(graph: ServiceGraph, reports: Mapping[ResourceId, StatusReport]) -> str:
    """Why a service does not count as verified up here, so that its copy is the good one; empty if it does.

    Everything with a state of its own must have answered; disks and file systems must be up, the rest up or warn.
    """
    is_any_up = False
    for resource in graph.resources:
        if resource.is_disabled or not resource.has_own_state or resource.is_optional:
            continue
        report = reports.get(resource.id)
        state = Status.UNDEF if report is None else report.status
        is_any_up = is_any_up or state.is_up or state is Status.WARN
        if state is Status.NA or state.is_up or (state is Status.WARN and resource.phase not in GROUND):
            continue
        return f"{resource.rid} is {state.value}"
    return "" if is_any_up else "nothing of it has a state that says so"


def not_verified_down(
    graph: ServiceGraph, reports: Mapping[ResourceId, StatusReport], *, on_ground: bool = False
) -> str:
    """Why a service does not count as verified down here, so that its copy may be replaced; empty if it does.

    Disabled resources count. What is kept up on standby may be: a copy is written to a file system that is mounted.

    Args:
        graph: of the service.
        reports: of this moment.
        on_ground: whether its disks and file systems may be up.
    """
    for resource in graph.resources:
        is_ground = resource.phase in {*GROUND, Phase.RESERVATION}
        if not resource.has_own_state or (is_ground and _is_free(resource, on_ground)):
            continue
        report = reports.get(resource.id)
        state = Status.UNDEF if report is None else report.status
        if not (state.is_down or state is Status.NA):
            return f"{resource.rid} is {state.value}"
    return ""


def _is_free(resource: Resource, on_ground: bool) -> bool:  # noqa: FBT001
    return on_ground or (resource.is_standby and not resource.is_disabled)


def refuse_generation(sent: Generation, mine: Generation, sender: str, node: str) -> str:
    """Why a copy of that generation may not replace the one here, in one line; empty if it may."""
    order = compare(sent, mine)
    if order in {Order.SAME, Order.AHEAD}:
        return ""
    if order is Order.BEHIND:
        return f"the copy on {node} is newer, {mine}, than that of {sender}, {sent}"
    return f"two histories: {node} has {mine}, {sender} has {sent}, and neither comes from the other"


def is_below(path: str, root: str) -> bool:
    """Whether a path lies below a folder, and is not that folder itself; both absolute and without ``..``."""
    parts = [part for part in path.split("/") if part]
    ground = [part for part in root.split("/") if part]
    return ".." not in parts and len(parts) > len(ground) and parts[: len(ground)] == ground
