"""From what drivers told to what is shown and sent: resources, disks and sums of one service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from opensvc_core.inventory.fact_names import ADDRESSES, CAPACITIES, DISKS, GROUP, MEMORY, VCPUS
from opensvc_core.inventory.records import DiskRecord, ResourceFacts, ServiceInventory
from opensvc_core.inventory.usage import find_guests
from opensvc_core.model import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opensvc_core.inventory.disk_table import DiskTable
    from opensvc_core.model import Device, Resource, ResourceId, Service


@define
class Told:
    """What was told of one resource so far."""

    facts: dict[str, Any] = field(factory=dict)
    files: tuple[str, ...] = ()
    problem: str = ""

    def take(self, name: str, value: Any) -> None:
        """One fact."""
        self.facts[name] = value

    @property
    def disks(self) -> tuple[Device, ...] | None:
        """Its disks; ``None`` while they are not told."""
        disks = self.facts.get(DISKS)
        return None if disks is None else tuple(disks)


def assemble(service: Service, told: Mapping[ResourceId, Told], table: DiskTable, node: str) -> ServiceInventory:
    """The inventory of one service."""
    guests = find_guests(service, {resource.rid: told[resource.id] for resource in service.resources})
    facts = tuple(_facts(resource, told[resource.id], guests.get(resource.rid, "")) for resource in service.resources)
    containers = [each for each in service.resources if each.phase is Phase.CONTAINER]
    addresses = dict.fromkeys(each for one in facts for each in one.facts.get(ADDRESSES) or ())
    return ServiceInventory(
        service.name,
        _sum(told[each.id].facts.get(VCPUS) for each in containers),
        _sum(told[each.id].facts.get(MEMORY) for each in containers),
        tuple(addresses),
        _disks(service, told, guests, table, node),
        facts,
    )


def _facts(resource: Resource, told: Told, guest: str) -> ResourceFacts:
    shown = {name: value for name, value in told.facts.items() if name not in {DISKS, CAPACITIES}}
    return ResourceFacts(resource.rid, resource.driver, resource.label, guest, shown, told.files, told.problem)


def _sum(values: Iterable[int | None]) -> int | None:
    """The sum, if there is anything to sum up and all of it is known."""
    known = list(values)
    return sum(each for each in known if each is not None) if known and None not in known else None


def _disks(
    service: Service, told: Mapping[ResourceId, Told], guests: Mapping[str, str], table: DiskTable, node: str
) -> tuple[DiskRecord, ...]:
    """Each disk once: a group's before that of the guest, which tells how the guest calls it."""
    found: dict[str, DiskRecord] = {}
    ordered = sorted(service.resources, key=lambda each: each.phase is Phase.CONTAINER)
    for resource in ordered:
        mine = told[resource.id]
        sizes = mine.facts.get(CAPACITIES) or {}
        for device in mine.disks or ():
            known = found.get(device.path)
            if known is not None:
                found[device.path] = evolve(
                    known,
                    target=known.target or device.target,
                    size=known.size or sizes.get(device.path),
                    is_writable=known.is_writable or device.is_writable,
                )
                continue
            seen = table.find(device.path) if device.kind == "block" else None
            found[device.path] = DiskRecord(
                device.identity or (seen.identity if seen else None) or None,
                node,
                service.name,
                resource.rid,
                device.path,
                device.kind,
                guests.get(resource.rid, ""),
                sizes.get(device.path) or (seen.size if seen else None),
                seen.vendor if seen else None,
                seen.model if seen else None,
                str(mine.facts.get(GROUP) or ""),
                device.target,
                device.is_writable,
            )
    return tuple(sorted(found.values(), key=lambda disk: (disk.rid, disk.path)))
