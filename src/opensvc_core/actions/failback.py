"""``osvc failback``: the data that were written at the disaster-recovery node come back, then the service does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.actions.histories import ask_generations
from opensvc_core.actions.move import fetch_graph
from opensvc_core.actions.replications import reading_context
from opensvc_core.errors import PlanError
from opensvc_core.generation import Order, compare, read_data
from opensvc_core.model import NodeState, Phase
from opensvc_core.plan import Plan, Selection, Step, start_steps, stop_steps
from opensvc_core.replication import DRPNODES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.graph import ServiceGraph
    from opensvc_core.model import Note, Resource, Service


def failback_plan(agent: Agent, services: Sequence[Service], source: str = "") -> Plan:
    """Stop at the disaster-recovery node, pull the data from there, start here; one plan over both nodes.

    What holds the data there is let go only when they have come, and what holds them here is brought up before.

    Args:
        agent: of a production node.
        services: which.
        source: the node whose data come back; by default the one where the service is up, else the one whose copy is
            newer than the one here.

    Raises:
        PlanError: no such node, two histories, or nothing to take back.
        PeerError: the source cannot be asked.
    """
    steps: list[Step] = []
    notes: list[Note] = []
    graphs: dict[str, ServiceGraph] = {}
    elsewhere: dict[tuple[str, str], ServiceGraph] = {}
    for service in services:
        graph = agent.graph(service)
        node = _source(agent, service, source)
        there = fetch_graph(agent, service.name, node)
        graphs[service.name], elsewhere[node, service.name] = graph, there
        steps += failback_steps(agent, graph, there, node, notes)
    return Plan(
        "failback",
        tuple(graph.service for graph in graphs.values()),
        graphs,
        tuple(steps),
        Selection(),
        tuple(notes),
        elsewhere,
        is_restoring=True,
    )


def _source(agent: Agent, service: Service, source: str) -> str:
    here, name = agent.node.name, service.name
    if here not in service.nodes:
        raise PlanError(
            f"{name}: {here} is no production node",
            code="not_here",
            hint=f"run it on {', '.join(service.nodes)}",
        )
    if source and source not in service.drpnodes:
        raise PlanError(
            f"{name}: {source} is no disaster-recovery node",
            code="not_a_node",
            hint=f"there are: {', '.join(service.drpnodes) or 'none'}",
        )
    candidates = [source] if source else list(service.drpnodes)
    up = [each.node for each in agent.peers.ask(service, candidates) if each.state is NodeState.UP]
    told = ask_generations(agent, [service]).get(name, {})
    mine = read_data(agent.node.folders, name).generation
    newer = [node for node in candidates if node in told and compare(told[node], mine) is Order.AHEAD]
    chosen = up or newer
    if len(chosen) == 1:
        other = told.get(chosen[0])
        if other is not None and compare(other, mine) in {Order.BEHIND, Order.DIVERGED}:
            raise PlanError(
                f"{name}: two histories: {here} has {mine}, {chosen[0]} has {other}, and was not begun from it",
                code="copy_newer",
                hint=f"choose: if the data of {chosen[0]} are the good ones, osvc sync discard {name}",
            )
        return chosen[0]
    if not chosen:
        raise PlanError(
            f"{name}: no disaster-recovery node has newer data than {here}, as far as they answer",
            code="nothing_to_take_back",
            hint=f"osvc start {name}",
        )
    raise PlanError(
        f"{name}: from which node? {', '.join(chosen)}", code="no_source", hint=f"osvc failback {name} --from NODE"
    )


def failback_steps(agent: Agent, graph: ServiceGraph, there: ServiceGraph, node: str, notes: list[Note]) -> list[Step]:
    """The steps that bring one service home.

    Args:
        agent: of the production node that it comes to.
        graph: of the service here.
        there: of the service at the disaster-recovery node.
        node: that node.
        notes: what an operator should know is added.

    Raises:
        PlanError: nothing of it is replicated.
    """
    here, name = agent.node.name, graph.service.name
    stops = stop_steps(there, Selection(), node, notes, is_elsewhere=True)
    first = [step for step in stops if not _is_ground(step.resource)]
    later = [step for step in stops if _is_ground(step.resource)]
    before = [step.id for step in first]
    starts = start_steps(graph, Selection(), here, after=before)
    ground = [step for step in starts if _is_ground(step.resource)]
    rest = [step for step in starts if not _is_ground(step.resource)]
    pulls = [
        Step(
            f"pull {resource.id} from {node}",
            "pull",
            resource,
            here,
            (*before, *(step.id for step in ground)),
            peer=node,
        )
        for resource in _pulled(agent, graph)
    ]
    if not pulls:
        raise PlanError(
            f"{name}: nothing of it is replicated to disaster-recovery nodes",
            code="nothing_to_take_back",
            hint=f"osvc switch {name} --to {here}",
        )
    ids = tuple(step.id for step in pulls)
    return [
        *first,
        *ground,
        *pulls,
        *(_after(step, ids) for step in later),
        *(_after(step, ids) for step in rest),
    ]


def _after(step: Step, ids: tuple[str, ...]) -> Step:
    from attrs import evolve

    return evolve(step, requires=(*step.requires, *ids))


def _is_ground(resource: Resource) -> bool:
    return resource.phase <= Phase.FILESYSTEM and not resource.is_after_containers


def _pulled(agent: Agent, graph: ServiceGraph) -> list[Resource]:
    context = reading_context(agent, (graph.service,))
    found = []
    for resource in graph.service.resources:
        if resource.phase is Phase.REPLICATION and resource.line and not resource.is_disabled and not resource.problem:
            copy = agent.dispatcher.describe_copy(resource, context)
            if copy.carries_data and DRPNODES in copy.targets:
                found.append(resource)
    return found
