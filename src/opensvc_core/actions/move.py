"""Plans that span nodes: where a service runs now, where it is to go, and the graphs of both nodes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from opensvc_core.actions.evidence import evidence_here
from opensvc_core.actions.status import ask
from opensvc_core.clock import Cancel
from opensvc_core.cluster import wire
from opensvc_core.errors import PlanError, Vetoed
from opensvc_core.lock import Holder, hold_lock
from opensvc_core.model import NodeState, Veto
from opensvc_core.moves import Move, plan_move

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.graph import ServiceGraph
    from opensvc_core.model import Service
    from opensvc_core.plan import Plan

GRAPH_LIMIT = 20.0
"""Seconds for a peer to tell the graph of a service."""
VERBS = ("switch", "takeover", "giveback", "failover")
"""Actions whose plans this module makes."""


def move_plan(agent: Agent, verb: str, services: Sequence[Service], to: str = "", dead: Collection[str] = ()) -> Plan:
    """The plan that brings services from where they run to another node.

    ``switch`` goes from where the service runs to ``to``; ``takeover`` to this node; ``giveback`` to the node that
    starts it at boot; ``failover`` from a production node to a disaster-recovery node. Where a service runs is asked
    now, to make the plan, and again by the run, under the locks of all nodes.

    Args:
        agent: this node's.
        verb: one of ``VERBS``.
        services: what is to be moved.
        to: the node to move to, for ``switch`` and ``failover``.
        dead: nodes that the operator declares dead: nothing is stopped there.

    Raises:
        PlanError: no such node, or nothing to do.
        Locked: it seems to run on several nodes, and a run on it is under way: that may be why.
        PeerError: a node of the plan cannot be asked.
    """
    moves = [_move(agent, verb, service, to, frozenset(dead)) for service in services]
    return plan_move(verb, moves, agent.node.name)


def fetch_graph(agent: Agent, name: str, node: str) -> ServiceGraph:
    """The graph of a service as another node has it. Raises PeerError, and what that node says against it."""
    answer = agent.peers.link(node).request("graph", {"service": name}, timeout=GRAPH_LIMIT)
    return wire.reading(f"the graph of {name}", answer, lambda document: wire.graph_in(document["graph"]))


def _move(agent: Agent, verb: str, service: Service, to: str, dead: frozenset[str]) -> Move:
    destination = _destination(agent, verb, service, to)
    graphs = {agent.node.name: agent.graph(service)}
    source = _source(agent, service, destination, graphs[agent.node.name], dead)
    if verb == "failover":
        _check_failover(agent, service, source, destination, dead)
    for node in {source, destination} - {"", agent.node.name}:
        graphs[node] = fetch_graph(agent, service.name, node)
    return Move(graphs, source, destination)


def _destination(agent: Agent, verb: str, service: Service, to: str) -> str:
    here = agent.node.name
    if verb == "takeover":
        to = here
    elif verb == "giveback":
        candidates = list(service.options.get("autostart_node") or ())
        if not candidates:
            raise PlanError(
                f"{service.name}: no node is named to start it at boot",
                code="no_destination",
                hint=f"set autostart_node; or: osvc switch {service.name} --to NODE",
            )
        to = candidates[0]
    elif verb == "failover" and not to:
        if here not in service.drpnodes and len(service.drpnodes) != 1:
            raise PlanError(
                f"{service.name}: to which disaster-recovery node? there are {', '.join(service.drpnodes) or 'none'}",
                code="no_destination",
                hint=f"osvc failover {service.name} --to NODE",
            )
        to = here if here in service.drpnodes else service.drpnodes[0]
    if not to:
        raise PlanError(f"{service.name}: to which node?", code="no_destination", hint="name it: --to NODE")
    if to not in service.all_nodes:
        raise PlanError(
            f"{service.name}: {to} is none of its nodes",
            code="not_a_node",
            hint=f"its nodes are {', '.join(service.all_nodes)}",
        )
    if verb == "switch" and to in service.drpnodes and to not in service.nodes:
        raise PlanError(
            f"{service.name}: {to} is a disaster-recovery node",
            code="not_a_node",
            hint=f"osvc failover {service.name} --to {to}",
        )
    return to


def _source(agent: Agent, service: Service, destination: str, graph: ServiceGraph, dead: frozenset[str]) -> str:
    """The node to stop it on: where it runs, else this node if that is a production node, else none.

    Raises:
        PlanError: it runs on several nodes, or on the destination already.
        Locked: it seems to run on several nodes, and a run on it is under way.
    """
    here, name = agent.node.name, service.name
    others = [node for node in service.all_nodes if node != here and node not in dead]
    up = _where_up(agent, service, others, graph)
    if len(up) > 1:
        # Another run may have moved it between two answers, and while a guest migrates it is on two nodes for a while:
        # no run does either while this node's lock is held. Up twice is what is so both times.
        holder = Holder(os.getpid(), agent.user, "look", agent.clock.now())
        with hold_lock(agent.node.folders.lock, name, holder, wait=0, clock=agent.clock, cancel=Cancel()):
            again = _where_up(agent, service, others, graph)
        up = [node for node in again if node in up] or again
    if len(up) > 1:
        raise PlanError(
            f"{name}: it, or a part of it, is up on several nodes: {', '.join(up)}",
            code="up_twice",
            hint="look at once, and stop it on all of them but one",
        )
    if up == [destination]:
        raise PlanError(
            f"{name}: it, or a part of it, is up on {destination} already",
            code="already_there",
            hint=f"how far: osvc status {name} --node {destination}; the rest: osvc start {name} --node {destination}",
        )
    if up:
        return up[0]
    return here if here != destination and here in service.nodes else ""


def _where_up(agent: Agent, service: Service, others: Sequence[str], graph: ServiceGraph) -> list[str]:
    """Nodes that say now that the service, or a part of it, is up there."""
    known = [*agent.peers.ask(service, others), evidence_here(agent, graph, ask(agent, [graph]))]
    return [each.node for each in known if each.state is NodeState.UP]


def _check_failover(agent: Agent, service: Service, source: str, destination: str, dead: frozenset[str]) -> None:
    """A fail-over goes to a disaster-recovery node: from a production node, or there, with those that are silent dead.

    Raises:
        PlanError: it would go elsewhere, or is run elsewhere.
        Vetoed: a production node cannot be asked.
    """
    name, here = service.name, agent.node.name
    if destination not in service.drpnodes:
        raise PlanError(
            f"{name}: {destination} is no disaster-recovery node",
            code="not_a_node",
            hint=f"there are: {', '.join(service.drpnodes) or 'none'}; `osvc switch` goes to production nodes",
        )
    if here in service.nodes:
        return
    if here != destination:
        raise PlanError(
            f"{name}: {here} is neither a production node nor the one to fail over to",
            code="not_here",
            hint=f"run it on {', '.join(service.nodes)}, or on {destination}",
        )
    if source:
        raise PlanError(
            f"{name}: still runs on {source}",
            code="not_here",
            hint=f"a planned fail-over is run from there: osvc failover {name} --to {destination}",
        )
    asked = agent.peers.ask(service, [node for node in service.nodes if node not in dead])
    vetoes = [
        Veto(
            "peer_unknown",
            f"{each.node} cannot be asked whether it runs there{': ' + each.text if each.text else ''}",
            name,
            f"if it is off for certain: --declare-dead {each.node}",
            is_liftable=False,
        )
        for each in asked
        if each.state in {NodeState.UNKNOWN, NodeState.UNASKED}
    ]
    if vetoes:
        raise Vetoed(vetoes)
