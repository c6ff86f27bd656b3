"""Reservations by hand: show who holds the disks of services, take, release or clear them."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from opensvc_core.actions.perform import Performer
from opensvc_core.errors import OpenSVCError, PlanError, ReservationError
from opensvc_core.fanout import side_by_side
from opensvc_core.model import Phase, Resource
from opensvc_core.plan import Plan, Selection, make_plan
from opensvc_core.prkey import format_key, own_key, peer_keys
from opensvc_core.reservation_units import identify_all, view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.context import Context
    from opensvc_core.graph import ServiceGraph
    from opensvc_core.model import Service


@frozen
class DiskRow:
    """Reservation and registrations of one disk.

    Attributes:
        service: name.
        rid: of the reservation.
        device: as this node sees it.
        identity: WWID or serial number.
        paths: ways to it.
        holder: key of the holder, empty for none.
        holder_node: its node, ``this node``, or empty if unknown.
        registered: keys, one for each I_T nexus.
        problem: why it cannot be told, or empty.
    """

    service: str
    rid: str
    device: str = ""
    identity: str = ""
    paths: tuple[str, ...] = ()
    holder: str = ""
    holder_node: str = ""
    registered: tuple[str, ...] = ()
    problem: str = ""


def reservation_plan(agent: Agent, action: str, services: Sequence[Service]) -> Plan:
    """The plan of ``take``, ``release`` or ``clear``: a start or stop of the reservations alone.

    Raises:
        PlanError: none of the services reserves anything.
    """
    graphs = agent.graphs(services)
    rids = tuple(dict.fromkeys(resource.rid for graph in graphs for resource in _reservations(graph)))
    if not rids:
        raise PlanError(
            f"{', '.join(service.name for service in services)}: nothing is reserved",
            code="no_reservation",
            hint="set scsireserv = true on the disks that several nodes can write to",
        )
    word = "start" if action == "take" else "stop"
    plan = make_plan(word, graphs, Selection(rids=rids), agent.node.name, asks_peers=agent.peers.asks)
    if action != "clear":
        return plan
    steps = tuple(evolve(step, resource=evolve(step.resource, options={"clear": True})) for step in plan.steps)
    return evolve(plan, steps=steps)


def show_reservations(agent: Agent, services: Sequence[Service]) -> list[DiskRow]:
    """Who holds the disks of services, disk by disk; changes nothing."""
    graphs = agent.graphs(services)
    plan = Plan("status", tuple(services), {graph.service.name: graph for graph in graphs}, ())
    context = Performer(agent, plan, {}, "", lambda _: None).reading_context("status")
    resources = [resource for graph in graphs for resource in _reservations(graph)]
    rows: list[DiskRow] = []
    for resource, answer in side_by_side(resources, lambda each: _rows(agent, each, context)):
        if isinstance(answer, OpenSVCError):
            rows.append(DiskRow(resource.id.service, resource.rid, problem=answer.message))
        elif isinstance(answer, Exception):
            raise answer
        else:
            rows += answer
    return sorted(rows, key=lambda row: (row.service, row.rid, row.identity))


def _reservations(graph: ServiceGraph) -> list[Resource]:
    return [resource for resource in graph.resources if resource.phase is Phase.RESERVATION]


def _rows(agent: Agent, resource: Resource, context: Context) -> list[DiskRow]:
    service = context.services[resource.id.service]
    devices = [d for d in context.devices_of(service.resource(resource.companion_of)) if d.is_writable]
    names = {key: name for name, key in peer_keys(agent.node).items()}
    try:
        names[own_key(agent.node, secrets.randbits)] = "this node"
    except ReservationError as error:
        context.note(error.message, error.code)
    rows = []
    for each in view(context.reservations, identify_all(context.reservations, devices, context), context):
        holder = each.reservation.key
        rows.append(
            DiskRow(
                service.name,
                resource.rid,
                each.unit.device.path,
                each.unit.identity,
                each.unit.paths,
                format_key(holder) if holder is not None else "",
                names.get(holder, "") if holder is not None else "",
                tuple(format_key(key) for key in each.registrations.keys),
                each.error.message if each.error is not None else "",
            )
        )
    return rows
