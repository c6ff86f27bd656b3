"""Whether a run reserves every writable disk of a service: then a node that cannot be asked could not write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.errors import OpenSVCError
from opensvc_core.model import Device, NodeState, Phase, Resource, ResourceId

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.context import Context
    from opensvc_core.model import Evidence
    from opensvc_core.plan import Plan

WRITING = frozenset({Phase.DISK, Phase.FILESYSTEM, Phase.CONTAINER})
"""Phases of resources that have disks, or write to those of others."""


def reserving(agent: Agent, plan: Plan, evidence: Mapping[str, Sequence[Evidence]], context: Context) -> frozenset[str]:
    """Services all of whose writable disks this node will reserve in this run, of those where some node cannot tell.

    Args:
        agent: this node's.
        plan: what is to be run.
        evidence: by service; where everybody can tell, nothing is asked.
        context: for the drivers' lists of devices.
    """
    names = [name for name, known in evidence.items() if any(each.state is NodeState.UNKNOWN for each in known)]
    return frozenset(name for name in names if name in plan.graphs and _reserves_all(agent, plan, name, context))


def _reserves_all(agent: Agent, plan: Plan, name: str, context: Context) -> bool:
    """Each resource that writes has its disks reserved, writes to such alone, or lists none and stands on them."""
    graph = plan.graphs[name]
    taken = _taken(plan, name)
    writing = [resource for resource in graph.resources if resource.phase in WRITING]
    devices: dict[ResourceId, tuple[Device, ...]] = {}
    for resource in writing:
        try:
            if resource.problem:
                return False
            listed = agent.dispatcher.list_devices(resource, context)
        except OpenSVCError:
            return False
        devices[resource.id] = tuple(device for device in listed if device.is_writable)
    reserved = {resource.id for resource in writing if resource.rid in taken and devices[resource.id]}
    names = {word for each in reserved for device in devices[each] for word in (device.path, device.identity) if word}

    def is_covered(resource: Resource) -> bool:
        if resource.id in reserved:
            return True
        if not devices[resource.id]:
            return bool(graph.requirements(resource.id) & reserved)
        return all({device.path, device.identity} & names for device in devices[resource.id])

    return bool(reserved) and all(is_covered(resource) for resource in writing)


def _taken(plan: Plan, name: str) -> set[str]:
    """Rids whose disks the plan reserves on this node."""
    starts = [step.resource for step in plan.steps if step.action == "start" and not step.is_elsewhere]
    return {r.companion_of for r in starts if r.phase is Phase.RESERVATION and r.id.service == name}
