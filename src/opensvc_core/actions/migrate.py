"""Plans of live migrations: both ends' graphs, what the drivers can do, what forbids it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.actions.move import fetch_graph
from opensvc_core.errors import PlanError, Vetoed
from opensvc_core.migration_plan import VETO_CODES, Ends, migration_vetoes, plan_migration, together

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.graph import ServiceGraph
    from opensvc_core.model import Service, Veto
    from opensvc_core.plan import Plan

STAYS = frozenset({"guest_not_up", "differs_there"})
"""Vetoes of a migration that a move with a stop would meet too, or must not paper over."""


def migration_plan(agent: Agent, services: Sequence[Service], to: str) -> Plan:
    """The plan that brings the running guests of services from this node to another one.

    Raises:
        PlanError: no such node.
        PeerError: it cannot be asked.
        Vetoed: a service cannot be migrated, and why.
    """
    plans: list[Plan] = []
    vetoes: list[Veto] = []
    for service in services:
        ends = _ends(agent, service, to)
        found = migration_vetoes(ends)
        vetoes += found
        if not found:
            plans.append(plan_migration(ends))
    if vetoes:
        raise Vetoed(vetoes)
    return together(plans)


def may_restart_instead(vetoes: Iterable[Veto]) -> bool:
    """Whether what forbids a migration does not forbid a move with a stop."""
    codes = {veto.code for veto in vetoes}
    return bool(codes) and codes <= set(VETO_CODES) - STAYS


def abilities_of(agent: Agent, graph: ServiceGraph) -> dict[str, frozenset[str]]:
    """The hooks of a migration that the drivers of a service have; none for one that is not installed."""
    drivers = {resource.driver for resource in graph.resources if not resource.problem}
    return {driver: agent.dispatcher.migration_hooks(driver) for driver in drivers}


def _ends(agent: Agent, service: Service, to: str) -> Ends:
    here = agent.node.name
    if to == here:
        raise PlanError(
            f"{service.name}: {to} is this node: a migration is run where the guest is up",
            code="not_here",
            hint=f"osvc migrate {service.name} --to NODE there; osvc status tells where it runs",
        )
    if to not in service.nodes:
        raise PlanError(
            f"{service.name}: {to or 'no node'} is none of its production nodes",
            code="not_a_node",
            hint=f"there are: {', '.join(service.nodes)}",
        )
    graph = agent.graph(service)
    return Ends(here, to, graph, fetch_graph(agent, service.name, to), abilities_of(agent, graph), here)
