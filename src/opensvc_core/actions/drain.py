"""Emptying a node: nothing new starts there, and what runs there goes to another node, or is stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.actions.evidence import evidence_here
from opensvc_core.actions.freeze import mark_drained
from opensvc_core.actions.rounds import Rounds, carry_out, load_trapped, run_trapped
from opensvc_core.actions.status import ask
from opensvc_core.errors import Cancelled, ExitStatus, OpenSVCError, PlanError
from opensvc_core.families import parents_first
from opensvc_core.model import NodeState
from opensvc_core.plan import Selection, make_plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.execute import RunOptions
    from opensvc_core.model import Service


def drain(
    agent: Agent,
    options: RunOptions,
    *,
    to: str = "",
    is_stop: bool = False,
    is_live: bool = False,
    is_dry: bool = False,
) -> Rounds:
    """Refuse new starts on this node, then bring what is up here to another production node of it.

    One service after the other, children before their parents. The first node that does not refuse takes it.
    A service that goes nowhere is left running, and told.

    Args:
        agent: this node's.
        options: of each run.
        to: the only node to go to; by default any production node of the service.
        is_live: migrate what can be migrated; what cannot is switched.
        is_stop: stop the services, all in one graph, instead of moving them.
        is_dry: only look at what would be done, service by service, as things stand now.
    """
    rounds = Rounds(is_dry=is_dry)
    if not is_dry:
        mark_drained(agent.node)
    running = _running(agent, load_trapped(agent, rounds), rounds)
    if is_stop:
        run_trapped(
            agent,
            running,
            lambda some: make_plan("stop", agent.graphs(some), Selection(), agent.node.name),
            options,
            rounds,
        )
        return rounds
    for service in reversed(_ordered(running)):
        if options.cancel.is_set:
            rounds.refused[service.name] = Cancelled(f"cancelled: {options.cancel.reason}")
        else:
            ways = ("migrate", "switch") if is_live else ("switch",)
            _move(agent, service, [to] if to else [], ways, options, rounds)
    return rounds


def _running(agent: Agent, services: Sequence[Service], rounds: Rounds) -> list[Service]:
    """Services of which anything is up here, standby resources aside; one that cannot tell is told."""
    graphs = agent.graphs(services)
    reports = ask(agent, graphs)
    found = []
    for graph in graphs:
        known = evidence_here(agent, graph, reports)
        if known.state is NodeState.UP:
            found.append(graph.service)
        elif known.state is NodeState.UNKNOWN:
            rounds.refused[graph.service.name] = OpenSVCError(
                f"{graph.service.name}: cannot tell whether it runs here: {known.text}",
                code="container_undef",
                hint=f"osvc status {graph.service.name}",
            )
    return found


def _ordered(services: Sequence[Service]) -> list[Service]:
    try:
        return parents_first(services)
    except PlanError:
        return list(services)  # a circle: no order is better than another


def _move(
    agent: Agent, service: Service, to: Sequence[str], ways: Sequence[str], options: RunOptions, rounds: Rounds
) -> None:
    """Bring a service to the first node that takes it, in the first of the ways that is not refused."""
    here = agent.node.name
    candidates = list(to) or [node for node in service.nodes if node != here]
    failure: OpenSVCError = PlanError(
        f"{service.name}: there is no other production node to go to",
        code="no_destination",
        hint="osvc node drain --stop stops it",
    )
    for node, verb in [(node, verb) for node in candidates for verb in ways]:
        try:
            carry_out(agent, agent.plan_move(verb, [service], node), options, rounds)
        except OpenSVCError as error:
            failure = error
            continue
        if rounds.is_dry or rounds.runs[-1].exit_status is ExitStatus.OK or not _is_back(agent, service):
            return
        failure = PlanError(
            f"{service.name}: did not come up on {node}, and is up here again",
            code="not_moved",
            hint=f"osvc log {service.name}",
        )
    rounds.refused[service.name] = failure


def _is_back(agent: Agent, service: Service) -> bool:
    """Whether it runs here again, so that another node may be tried."""
    graph = agent.graph(service)
    return evidence_here(agent, graph, ask(agent, [graph])).state is NodeState.UP
