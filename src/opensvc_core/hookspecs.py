"""The hooks of drivers and observers: names, arguments, meaning. Imports nothing at run time but the marker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pluggy import HookspecMarker

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from opensvc_core.context import Context
    from opensvc_core.events import Event
    from opensvc_core.host import Host
    from opensvc_core.model import (
        Device,
        InventoryItem,
        Outcome,
        Resource,
        ResourceId,
        StatusReport,
        Veto,
    )

hookspec = HookspecMarker("opensvc")


class DriverHooks:
    """What a driver of one kind of resource implements; only ``start``, ``stop`` and ``status`` are required."""

    @hookspec(firstresult=True)
    def start(self, resource: Resource, context: Context) -> Outcome | None:
        """Bring the resource up and verify it. Already up is ``Outcome.unchanged``.

        Raises:
            ActionError: it is not up, or that cannot be told.
        """

    @hookspec(firstresult=True)
    def stop(self, resource: Resource, context: Context) -> Outcome | None:
        """Bring the resource down and verify it. Already down, or unknown to the platform, is unchanged.

        Raises:
            ActionError: it is not verified down.
        """

    @hookspec(firstresult=True)
    def status(
        self, resources: Sequence[Resource], context: Context
    ) -> Iterable[tuple[ResourceId, StatusReport]] | None:
        """State of all the given resources, in as few commands as the platform allows, each as soon as it is known.

        Changes nothing. What cannot be told is ``StatusReport.undef`` with the reason; what is not yielded at the
        deadline, or after an exception, is made ``undef`` by the caller. Earlier stages are in ``context.statuses``.
        """

    @hookspec(firstresult=True)
    def inventory(self, resources: Sequence[Resource], context: Context) -> Iterable[InventoryItem] | None:
        """Facts for the collector: vcpus, memory, disks, addresses."""

    @hookspec(firstresult=True)
    def list_devices(self, resource: Resource, context: Context) -> Sequence[Device] | None:
        """Disks that reservations must hold and inventory must list."""

    @hookspec(firstresult=True)
    def list_files(self, resource: Resource, context: Context) -> Sequence[Path] | None:
        """Configuration outside the service file that peers need."""

    @hookspec
    def preflight(self, resource: Resource, action: str, context: Context) -> Veto | None:
        """A reason not to begin ``action`` (``start``, ``stop``), asked before the first step; ``None`` for none."""

    @hookspec(firstresult=True)
    def companions(self, resource: Resource) -> Sequence[Resource] | None:
        """Resources to add to the graph next to this one, with their edges in ``start_requires``."""

    @hookspec(firstresult=True)
    def open_guest(self, resource: Resource, context: Context) -> Host | None:
        """A host that runs commands inside the guest of this container."""

    @hookspec(firstresult=True)
    def migrate(self, resource: Resource, peer: str, context: Context) -> Outcome | None:
        """Move the running guest to ``peer``."""


class ReservationHooks:
    """What a backend of SCSI-3 persistent reservations implements."""

    @hookspec(firstresult=True)
    def claims(self, device: Device, context: Context) -> bool | None:
        """Whether this backend handles this device on this platform; ``None`` leaves it to the next one."""


class ObserverHooks:
    """What an observer implements: it sees, and never steers."""

    @hookspec
    def observe(self, event: Event) -> None:
        """An event of a run. What it raises is logged and changes nothing."""
