"""What services are made of: each driver asked once for all of them, side by side, and the node's disks looked up."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

from attrs import define, field

from opensvc_core.errors import ActionError, OpenSVCError
from opensvc_core.fanout import side_by_side
from opensvc_core.inventory.asking import open_inquiry
from opensvc_core.inventory.assemble import Told, assemble
from opensvc_core.inventory.disk_table import DisksByPath, read_disk_table
from opensvc_core.inventory.fact_names import DISKS
from opensvc_core.inventory.records import Inventory
from opensvc_core.model import Device, Note, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.context import Context
    from opensvc_core.host import Host
    from opensvc_core.model import InventoryItem, Resource, ResourceId, Service

SIDE_BY_SIDE = 8
"""Resources asked at once of drivers that tell their disks one by one."""


def collect_inventory(agent: Agent, services: Sequence[Service]) -> Inventory:
    """Ask what services are made of on this node, within ``[limits] inventory`` of ``node.conf``.

    Raises nothing that a driver or a tool does: what cannot be told is ``None`` or not there, and a note says why.
    """
    return collect_with_disks(agent, services)[0]


def collect_with_disks(
    agent: Agent, services: Sequence[Service]
) -> tuple[Inventory, Mapping[ResourceId, tuple[Device, ...]]]:
    """The same, and the disks of each resource as its driver told them: who has them need not ask anew."""
    resources = [resource for service in services for resource in service.resources]
    told = {resource.id: Told(problem=resource.problem) for resource in resources}
    context = open_inquiry(agent, "the inventory", services, _Known(agent, told))
    notes: list[Note] = []
    by_driver: dict[str, list[Resource]] = {}
    for resource in resources:
        if not resource.problem:
            by_driver.setdefault(resource.driver, []).append(resource)
    _ask_drivers(agent, by_driver, context, told, notes)
    _ask_resources(agent, by_driver, context, told)
    has_disks = any(each.kind == "block" for one in told.values() for each in one.disks or ())
    table = read_disk_table(context) if has_disks else DisksByPath()
    # Whatever a hung driver still waits for is of no use to anybody any more.
    context.cancel.set("the inventory was given")
    found = tuple(assemble(service, told, table, agent.node.name) for service in services)
    inventory = Inventory(agent.node.name, agent.clock.now(), found, tuple(dict.fromkeys((*notes, *context.notes))))
    return inventory, {key: one.disks for key, one in told.items() if one.disks is not None}


@define
class _Known:
    """What drivers may ask of each other: a disk list that was told in this inventory is not asked for again."""

    agent: Agent
    told: dict[ResourceId, Told] = field(repr=False)

    def open_guest(self, container: Resource, context: Context) -> Host:
        """See ``Drivers``."""
        return self.agent.dispatcher.open_guest(container, context)

    def list_devices(self, resource: Resource, context: Context) -> tuple[Device, ...]:
        """See ``Drivers``."""
        known = self.told.get(resource.id)
        if known is not None and known.disks is not None:
            return known.disks
        if known is not None and self.agent.dispatcher.has_hook("inventory", resource.driver):
            raise ActionError(f"the disks of {resource.id} are not told", code="devices_unknown")
        return self.agent.dispatcher.list_devices(resource, context)


def _ask_drivers(
    agent: Agent,
    by_driver: dict[str, list[Resource]],
    context: Context,
    told: dict[ResourceId, Told],
    notes: list[Note],
) -> None:
    """Each driver once, side by side; what has not come at the deadline is not told."""
    answers: queue.SimpleQueue[tuple[str, InventoryItem | OpenSVCError | None]] = queue.SimpleQueue()

    def work(driver: str, resources: Sequence[Resource]) -> None:
        end: OpenSVCError | None = None
        try:
            for item in agent.dispatcher.inventory(driver, resources, context):
                answers.put((driver, item))
        except OpenSVCError as error:
            end = error
        finally:
            answers.put((driver, end))

    for driver, resources in by_driver.items():
        threading.Thread(target=work, args=(driver, resources), name=f"inventory {driver}", daemon=True).start()
    busy = set(by_driver)
    while busy:
        try:
            driver, answer = answers.get(timeout=context.deadline.remaining() + 0.01)
        except queue.Empty:
            break
        if answer is None or isinstance(answer, OpenSVCError):
            busy.discard(driver)
            if answer is not None:
                notes.append(Note(f"{driver}: {answer.message}", answer.code, Severity.WARNING))
        else:
            told[answer.id].take(answer.name, answer.value)
    text = "no answer within the limit of the inventory"
    notes += [Note(f"{driver}: {text}", "no_answer", Severity.WARNING) for driver in sorted(busy)]


def _ask_resources(
    agent: Agent, by_driver: dict[str, list[Resource]], context: Context, told: dict[ResourceId, Told]
) -> None:
    """What drivers tell of one resource at a time: disks of those that have no ``inventory``, files of all."""
    asked = [resource for resources in by_driver.values() for resource in resources]

    def ask(resource: Resource) -> tuple[tuple[Device, ...] | None, tuple[str, ...]]:
        dispatcher = agent.dispatcher
        files = tuple(str(path) for path in dispatcher.list_files(resource, context))
        if dispatcher.has_hook("inventory", resource.driver) or not dispatcher.has_hook(
            "list_devices", resource.driver
        ):
            return None, files
        return dispatcher.list_devices(resource, context), files

    for resource, answer in side_by_side(asked, ask, SIDE_BY_SIDE):
        if isinstance(answer, Exception):
            told[resource.id].problem = answer.message if isinstance(answer, OpenSVCError) else str(answer)
            continue
        disks, told[resource.id].files = answer
        if disks is not None:
            told[resource.id].take(DISKS, disks)
