"""The graph of one service: its resources, and what their drivers and its reservations add."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from opensvc_core.errors import OpenSVCError
from opensvc_core.graph import ServiceGraph, build_graph
from opensvc_core.model import Resource

if TYPE_CHECKING:
    from opensvc_core.actions.agent import Agent
    from opensvc_core.model import Service


def service_graph(agent: Agent, service: Service) -> ServiceGraph:
    """See ``Agent.graph``. Raises PlanError."""
    companions: list[Resource] = []
    broken: dict[Resource, OpenSVCError] = {}
    for resource in service.resources:
        try:
            companions += () if resource.problem else agent.dispatcher.companions(resource)
        except OpenSVCError as error:
            broken[resource] = error
    if broken:
        resources = tuple(
            evolve(each, problem=broken[each].message, hint=broken[each].hint) if each in broken else each
            for each in service.resources
        )
        service = evolve(service, resources=resources)
    reserved = [resource for resource in service.resources if resource.options.get("scsireserv")]
    if reserved and agent.reservations.names:
        from opensvc_core.companion import reservation_of  # most services have none

        companions += [reservation_of(resource) for resource in reserved]
    return build_graph(service, companions)
