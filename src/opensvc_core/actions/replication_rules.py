"""Who may send what from here, by the state of this node: the good copy is sent, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from opensvc_core.actions.replications import reading_context
from opensvc_core.actions.status import ask
from opensvc_core.cluster.host_mode import read_host_mode
from opensvc_core.copies import not_verified_down, not_verified_up, send_vetoes
from opensvc_core.generation import GenerationError, read_data
from opensvc_core.model import Note, Veto

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.replications import Replications
    from opensvc_core.context import Context
    from opensvc_core.graph import ServiceGraph
    from opensvc_core.model import ResourceId, StatusReport


def sync_vetoes(
    agent: Agent, replications: Replications, statuses: Mapping[ResourceId, StatusReport], context: Context
) -> list[Veto]:
    """What forbids to send from this node: the rules of who may, the state here, what the drivers say."""
    vetoes: list[Veto] = []
    for name, graph in replications.graphs.items():
        ways = [way for way in replications.ways if way.service.name == name]
        vetoes += send_vetoes(graph.service, agent.node.name, read_host_mode(agent.node.folders))
        if any(way.copy.carries_data for way in ways):
            vetoes += _data_vetoes(agent, graph, statuses)
        for resource in {way.resource.id: way.resource for way in ways}.values():
            vetoes += agent.dispatcher.preflight(resource, "sync", context)
    return vetoes


def leave_to_active(replications: Replications, statuses: Mapping[ResourceId, StatusReport]) -> Replications:
    """Where a service is verified down, its data are sent by the node that it runs on: a schedule runs on all of them.

    Data that were asked for by name stay, and are refused.
    """
    if replications.selection.is_partial:
        return replications
    passive = {name for name, graph in replications.graphs.items() if not not_verified_down(graph, statuses)}
    left = [way for way in replications.ways if way.copy.carries_data and way.service.name in passive]
    if not left:
        return replications
    notes = [
        Note(f"{name}: it is down here: its data are sent from where it runs", "sync_passive")
        for name in sorted({way.service.name for way in left})
    ]
    ways = tuple(way for way in replications.ways if way not in left)
    return evolve(replications, ways=ways, notes=(*replications.notes, *notes))


def look(agent: Agent, replications: Replications) -> tuple[Replications, list[Veto]]:
    """What would be sent now, and what forbids it, for whoever only looks."""
    statuses = ask(agent, list(replications.graphs.values()))
    replications = leave_to_active(replications, statuses)
    services = [graph.service for graph in replications.graphs.values()]
    return replications, sync_vetoes(agent, replications, statuses, reading_context(agent, services))


def _data_vetoes(agent: Agent, graph: ServiceGraph, statuses: Mapping[ResourceId, StatusReport]) -> list[Veto]:
    name, here = graph.service.name, agent.node.name
    vetoes = []
    if why := not_verified_up(graph, statuses):
        hint = f"replicate from where it runs; its own files alone: osvc sync all {name} --rid sync#i0"
        vetoes.append(Veto("sync_not_up", f"it is not verified up on {here}: {why}", name, hint, is_liftable=False))
    try:
        incomplete = read_data(agent.node.folders, name).incomplete
    except GenerationError as error:
        hint = error.hint.replace("NAME", name)
        vetoes.append(Veto("generation_unknown", error.message, name, hint, is_liftable=False))
    else:
        if incomplete:
            text = f"the copy on {here} is incomplete: {', '.join(sorted(incomplete))} was cut"
            vetoes.append(Veto("copy_incomplete", text, name, is_liftable=False))
    return vetoes
