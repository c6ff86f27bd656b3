"""``diskupdate``: asks anew which disks the resources of a service use, and keeps it for inventory and peers."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import asdict, evolve, frozen

from opensvc_core.actions.perform import Performer
from opensvc_core.errors import OpenSVCError, ReservationError
from opensvc_core.plan import Plan
from opensvc_core.state_files import write_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from opensvc_core.actions.agent import Agent
    from opensvc_core.context import Context
    from opensvc_core.model import Device, Resource, ResourceId, Service


@frozen
class DiskList:
    """The disks of one resource.

    Attributes:
        service: name.
        rid: of the resource.
        devices: what its driver lists, with identities where a reservation backend knows them.
        problem: why they cannot be listed, or empty.
        written: what its driver wrote for peers, in words, or empty.
        unwritten: why that could not be written, or empty; what was there before stays.
    """

    service: str
    rid: str
    devices: tuple[Device, ...] = ()
    problem: str = ""
    written: str = ""
    unwritten: str = ""


def disk_file(agent: Agent, service: str) -> Path:
    """Where the disks of a service are kept."""
    return agent.node.folders.var / "disks" / f"{service}.json"


def update_disks(
    agent: Agent, services: Sequence[Service], told: Mapping[ResourceId, tuple[Device, ...]] | None = None
) -> list[DiskList]:
    """List the disks of services and keep the lists; a resource that cannot tell keeps what was known of it.

    Args:
        agent: of this node.
        services: which.
        told: the disks of resources that were asked for a moment ago; the others are asked now.

    Raises:
        OSError: a list cannot be written; the old one stays.
    """
    plan = Plan("status", tuple(services), {}, ())
    context = Performer(agent, plan, {}, "", lambda _: None).reading_context("status")
    lists = [_ask(agent, resource, context, told or {}) for service in services for resource in service.resources]
    lists = [each for each in lists if each.devices or each.problem or each.written or each.unwritten]
    for service in services:
        mine = {each.rid: each for each in lists if each.service == service.name}
        known = _read(disk_file(agent, service.name))
        document = {
            rid: known[rid] if each.problem and rid in known else [asdict(device) for device in each.devices]
            for rid, each in mine.items()
        }
        write_json(
            disk_file(agent, service.name), {"node": agent.node.name, "at": agent.clock.now(), "disks": document}
        )
    return lists


def _ask(agent: Agent, resource: Resource, context: Context, told: Mapping[ResourceId, tuple[Device, ...]]) -> DiskList:
    service = resource.id.service
    if resource.problem:
        return DiskList(service, resource.rid, problem=resource.problem)
    try:
        known = told.get(resource.id)
        # One that was not told is asked again for itself: why, is said of it then.
        devices = agent.dispatcher.list_devices(resource, context) if known is None else known
    except OpenSVCError as error:
        return DiskList(service, resource.rid, problem=error.message)
    written, unwritten = _write_for_peers(agent, resource, context)
    return DiskList(service, resource.rid, _identified(agent, devices, context), "", written, unwritten)


def _write_for_peers(agent: Agent, resource: Resource, context: Context) -> tuple[str, str]:
    """Have the driver write what peers need to use the disks: what it wrote, or why it could not."""
    try:
        outcome = agent.dispatcher.update_disks(resource, context)
    except (OpenSVCError, OSError) as error:
        return "", error.message if isinstance(error, OpenSVCError) else str(error)
    return (outcome.text if outcome is not None else ""), ""


def _identified(agent: Agent, devices: tuple[Device, ...], context: Context) -> tuple[Device, ...]:
    """The devices with what every node calls them, as far as a reservation backend can tell."""
    if not devices or not agent.reservations.names:
        return devices
    names: dict[Device, str] = {}
    with suppress(OpenSVCError):
        for device, unit in agent.reservations.identify(devices, context):
            if not isinstance(unit, ReservationError):
                names[device] = unit.identity
    return tuple(evolve(device, identity=names.get(device, device.identity)) for device in devices)


def _read(path: Path) -> dict[str, object]:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return dict(stored["disks"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
