"""What is known of the nodes of a service before a run: what they say, what an operator says, what the run will do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from opensvc_core.fanout import side_by_side
from opensvc_core.model import Evidence, NodeState, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.graph import ServiceGraph
    from opensvc_core.model import Resource, ResourceId, Service, StatusReport
    from opensvc_core.plan import Plan

Known = dict[str, list[Evidence]]
"""By service, one piece of evidence a node."""


def gather_evidence(
    agent: Agent, plan: Plan, given: Sequence[Evidence], statuses: Mapping[ResourceId, StatusReport]
) -> Known:
    """What the other nodes say, and what whoever started the run knows of those that do not answer.

    Where a plan brings up a service on another node, this one is one of the others.

    Args:
        agent: this node's.
        plan: what is to be run; nothing is asked for one that starts nothing.
        given: what is known besides; never overrules the word of a node that it is up.
        statuses: of this node, asked in this run.
    """
    known: Known = {}
    if not plan.can_start:
        return known
    here = agent.node.name

    def ask_others(service: Service) -> dict[str, Evidence]:
        others = [node for node in service.all_nodes if node != here]
        return {answer.node: answer for answer in agent.peers.ask(service, others)} if others else {}

    for service, answers in side_by_side(plan.services, ask_others):
        if isinstance(answers, Exception):
            raise answers
        others = [node for node in service.all_nodes if node != here]
        for extra in given:
            if extra.node in others and (extra.node not in answers or answers[extra.node].state is not NodeState.UP):
                answers[extra.node] = extra
        if plan.other_nodes:
            answers[here] = evidence_here(agent, plan.graphs[service.name], statuses)
        known[service.name] = list(answers.values())
    return known


def evidence_here(agent: Agent, graph: ServiceGraph, reports: Mapping[ResourceId, StatusReport]) -> Evidence:
    """What this node's own answers mean: up if any part of the service is, down only if all of them say so.

    Disabled resources count; what lives in a guest, and what is kept up on standby, does not.
    """
    state, text = state_of(graph.resources, reports)
    return Evidence(agent.node.name, state, agent.node.name, agent.clock.now(), text)


def state_of(resources: Iterable[Resource], reports: Mapping[ResourceId, StatusReport]) -> tuple[NodeState, str]:
    """Whether a service is up by the answers of its parts, companions included, and the part that decides it."""
    state, text = NodeState.DOWN, ""
    for resource in resources:
        report = reports.get(resource.id)
        if not resource.has_own_state or (resource.is_standby and not resource.is_disabled):
            continue
        if report is None or report.status is Status.UNDEF:
            if state is NodeState.DOWN:
                state, text = NodeState.UNKNOWN, f"{resource.rid} is undef"
        elif report.status.is_up or report.status is Status.WARN:
            return NodeState.UP, f"{resource.rid} is up"
    return state, text


def evidence_for(plan: Plan, known: Mapping[str, Sequence[Evidence]], node: str) -> Known:
    """What one node of a run is told of the others.

    Where this run brings the service down before it starts it there, it is down there by then: no start begins before
    that is verified.
    """
    told: Known = {}
    for service, pieces in known.items():
        sources = plan.sources(service, node)
        told[service] = [
            evolve(each, state=NodeState.DOWN, source="this run, which stops it there first", text="")
            if each.node in sources and each.state is not NodeState.FENCED
            else each
            for each in pieces
            if each.node != node
        ]
    return told
