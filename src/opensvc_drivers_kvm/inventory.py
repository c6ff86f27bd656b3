"""What libvirt and the service's files tell of domains: processors, memory, disks and how large their images are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from attrs import frozen

from opensvc_core.api import (
    Context,
    Device,
    InventoryItem,
    OpenSVCError,
    Resource,
    ResourceId,
    Severity,
    guest_name,
)
from opensvc_drivers_kvm.definition import Definition, DefinitionError, VolumeDisk, split_definitions
from opensvc_drivers_kvm.parse import errors_of, parse_capacities
from opensvc_drivers_kvm.virsh import DOMAIN_LIMIT, LISTING_LIMIT, Virsh, ambiguity

DUMPED_TOGETHER = 50
"""Definitions that one virsh is asked for."""
_UNKNOWN = "failed to get domain '{name}'"

Read = Callable[[Resource], Definition | None]
Locate = Callable[[VolumeDisk, Virsh], Device]


def merge_disks(definitions: Iterable[Definition | None], locate: Callable[[VolumeDisk], Device]) -> dict[str, Device]:
    """Disks of several definitions of one domain by path; writable for one of them is writable. Raises ActionError."""
    found: dict[str, Device] = {}
    for definition in definitions:
        for disk in definition.disks() if definition is not None else ():
            device = locate(disk) if isinstance(disk, VolumeDisk) else disk
            known = found.get(device.path)
            if known is None or (device.is_writable and not known.is_writable):
                found[device.path] = device
    return found


@frozen
class Dump:
    """What one libvirt told of domains.

    Attributes:
        definitions: by name, as the domain runs, or will be booted.
        unknown: names of which it says that it has no such domain.
    """

    definitions: Mapping[str, Definition]
    unknown: frozenset[str]


@frozen
class DomainInventory:
    """Asks about the domains of one libvirt.

    Attributes:
        virsh: of that libvirt.
        read: the definition in a resource's file; None if there is no such file. Raises DefinitionError.
        locate: the disk behind a volume of a storage pool. Raises ActionError.
    """

    virsh: Virsh
    read: Read
    locate: Locate

    @property
    def _context(self) -> Context:
        return self.virsh.context

    def items(self, resources: Sequence[Resource]) -> Iterator[InventoryItem]:
        """Facts of each resource; what cannot be told is noted. Raises Cancelled only."""
        named = []
        for resource in resources:
            if problem := ambiguity(guest_name(resource)):
                self._context.note(problem, "ambiguous_name", Severity.WARNING)
            else:
                named.append(resource)
        dump = self._dump(list(dict.fromkeys(map(guest_name, named))))
        disks: dict[ResourceId, tuple[Device, ...]] = {}
        for resource in named:
            name = guest_name(resource)
            known = dump.definitions.get(name)
            if known is None and name not in dump.unknown:
                continue
            wanted = self._wanted(resource)
            told = known or wanted
            if told is None:
                continue
            yield InventoryItem(resource.id, "vcpus", told.vcpus or None)
            yield InventoryItem(resource.id, "memory", told.memory or None)
            held = known if known is not None and (known.is_live or wanted is None) else None
            try:
                found = merge_disks((wanted, held), lambda disk: self.locate(disk, self.virsh))
            except OpenSVCError as error:
                self._context.note_error(error)
                continue
            disks[resource.id] = tuple(found.values())
            yield InventoryItem(resource.id, "disks", disks[resource.id])
        yield from self._capacities({each.id: guest_name(each) for each in named}, disks)

    def _dump(self, names: Sequence[str]) -> Dump:
        definitions: dict[str, Definition] = {}
        unknown: set[str] = set()
        for start in range(0, len(names), DUMPED_TOGETHER):
            chunk = names[start : start + DUMPED_TOGETHER]
            try:
                answer = self.virsh.query_together(
                    *(("dumpxml", name) for name in chunk), ("uri",), timeout=DOMAIN_LIMIT * 4
                )
            except OpenSVCError as error:
                self._context.note_error(error)
                # What hangs for some domains hangs for the next ones too.
                break
            for document in split_definitions(answer.stdout):
                try:
                    definition = Definition.parse(document, "virsh dumpxml")
                except DefinitionError as error:
                    self._context.note_error(error)
                    continue
                definitions[definition.name] = definition
            if "://" not in answer.stdout.rpartition("</domain>")[2]:
                self._context.note(
                    f"libvirt at {self.virsh.uri}: {errors_of(answer.stderr) or 'it did not answer to its end'}",
                    "libvirt_error",
                    Severity.WARNING,
                )
                continue
            unknown |= {name for name in chunk if _UNKNOWN.format(name=name) in answer.stderr}
        return Dump(definitions, frozenset(unknown))

    def _wanted(self, resource: Resource) -> Definition | None:
        try:
            return self.read(resource)
        except DefinitionError as error:
            self._context.note_error(error)
            return None

    def _capacities(
        self, names: Mapping[ResourceId, str], disks: Mapping[ResourceId, Sequence[Device]]
    ) -> Iterator[InventoryItem]:
        """How large images are to their guests, by one command; the size of a block device the node itself tells."""
        images = {
            resource_id: {device.path for device in devices if device.kind != "block"}
            for resource_id, devices in disks.items()
        }
        if not any(images.values()):
            return
        try:
            # A domain that is held by something would keep the answer about all others.
            answer = self.virsh.query("domstats", "--block", "--nowait", timeout=LISTING_LIMIT)
        except OpenSVCError as error:
            self._context.note_error(error)
            return
        known = parse_capacities(answer.stdout)
        for resource_id, paths in images.items():
            sizes = {path: size for path, size in known.get(names[resource_id], {}).items() if path in paths}
            if sizes:
                yield InventoryItem(resource_id, "capacities", sizes)
