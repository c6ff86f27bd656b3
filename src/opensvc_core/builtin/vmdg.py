"""``disk.vmdg``: the disks of a guest as one disk group; it has no state of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from opensvc_core.api import Device, Keyword, Outcome, Phase, Resource, ResourceId, Status, StatusReport, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opensvc_core.api import Context


class VmDiskGroup:
    """The disks that a guest's definition names, so that they can be listed and reserved (``[vmdg]``)."""

    keywords: ClassVar[tuple[Keyword, ...]] = ()
    phase: ClassVar[Phase] = Phase.DISK
    api_version: ClassVar[int] = 1

    @hookimpl
    def status(self, resources: Sequence[Resource]) -> Iterator[tuple[ResourceId, StatusReport]]:
        """``n/a`` for each: the platform opens and closes these disks with the guest."""
        for resource in resources:
            yield resource.id, StatusReport(Status.NA)

    @hookimpl
    def start(self) -> Outcome:
        """Nothing to do."""
        return Outcome.unchanged("the guest opens its disks itself")

    @hookimpl
    def stop(self) -> Outcome:
        """Nothing to do."""
        return Outcome.unchanged("the guest closes its disks itself")

    @hookimpl
    def join(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """The guest's definition here must tell which disks it has. Raises ActionError."""
        del peer
        return Outcome.unchanged(f"{len(context.devices_of(context.container_of(resource)))} disks")

    @hookimpl
    def leave(self) -> Outcome:
        """Nothing to do."""
        return Outcome.unchanged("the guest closes its disks itself")

    @hookimpl
    def list_devices(self, resource: Resource, context: Context) -> Sequence[Device]:
        """The disks of the guest. Raises ActionError if the service has none, or the platform cannot tell."""
        return context.devices_of(context.container_of(resource))
