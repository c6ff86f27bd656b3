"""The hooks of drivers and observers: names, arguments, meaning. Imports nothing at run time but the marker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pluggy import HookspecMarker

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from opensvc_core.actions.agent import Agent
    from opensvc_core.channel import ChannelEnd
    from opensvc_core.context import Context
    from opensvc_core.errors import ReservationError
    from opensvc_core.events import Event
    from opensvc_core.host import Host
    from opensvc_core.model import (
        Device,
        InventoryItem,
        LogicalUnit,
        Outcome,
        Registrations,
        Reservation,
        Resource,
        ResourceId,
        StatusReport,
        Veto,
    )
    from opensvc_core.replication import Copy, Transfer

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
    def clean(self, resource: Resource, context: Context) -> Outcome | None:
        """Remove what an earlier boot of this node left: its own key, its own tag, and nobody else's (``osvc boot``).

        Called once a boot, under the service's lock, and only while everything of the service with a state of its own
        is verified down on this node. Metadata is written only on a disk that this node holds. What has to stay is
        noted, not raised. Nothing left is unchanged.
        """

    @hookspec(firstresult=True)
    def inventory(self, resources: Sequence[Resource], context: Context) -> Iterable[InventoryItem] | None:
        """Facts of all the given resources, in as few commands as the platform allows: vcpus, memory, disks, addresses.

        Changes nothing. Names that have one meaning for all, and their units, are in ``docs/reference/inventory.md``; a
        value is ready for JSON, ``None`` or not there where it cannot be told. A tool that is missing, hangs or
        fails gives no facts and a note. A driver that has this hook tells the disks here too, under ``disks`` as
        ``list_devices`` would: only drivers without it are asked for them one by one. ``context.asks_for_all`` is true.
        """

    @hookspec(firstresult=True)
    def list_devices(self, resource: Resource, context: Context) -> Sequence[Device] | None:
        """Disks that reservations must hold and inventory must list."""

    @hookspec(firstresult=True)
    def list_files(self, resource: Resource, context: Context) -> Sequence[Path] | None:
        """Configuration outside the service file that peers need."""

    @hookspec(firstresult=True)
    def update_disks(self, resource: Resource, context: Context) -> Outcome | None:
        """Write anew, below ``var/``, what a peer needs to use the resource's disks (``osvc diskupdate``).

        Asked on every node; where the resource is not in use it is ``Outcome.unchanged``, and what was written before
        stays. Changes nothing but those files. Raises ActionError if that cannot be told, the old files still there.
        """

    @hookspec(firstresult=True)
    def describe_copy(self, resource: Resource, context: Context) -> Copy | None:
        """What a replication copies, to whom, and how old it may be; asked of the sender and of the receiver alike."""

    @hookspec(firstresult=True)
    def replicate(self, resource: Resource, transfer: Transfer, context: Context) -> Outcome | None:
        """Copy data to one peer, or from it, by the way that ``transfer`` names: the peer has agreed to it.

        Whatever goes wrong on the way must leave the copy such that a repetition mends it. Raises ActionError.
        """

    @hookspec(firstresult=True)
    def clear_away(self, resource: Resource, context: Context) -> Outcome | None:
        """Take away what a replication that was killed has left on this node, as a snapshot; nothing is unchanged.

        Called under the service's lock, before anything else of the next run is done. Raises ActionError.
        """

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
        """Move the running guest to ``peer``, and verify that it is gone here. On a cancel the migration is aborted.

        Called on the source once every disk under the guest was joined at the destination.

        Raises:
            ActionError: the guest still runs here, or that cannot be told.
        """

    # -- the hand-over of a migration: each is called on one node, ``peer`` names the other one -----------------------

    @hookspec(firstresult=True)
    def admit(self, resource: Resource, peer: str, context: Context) -> Outcome | None:
        """On the source, which still holds the resource: let the destination use it too.

        The only hook before the migration that may write metadata. ``settle`` on the source takes it back.
        """

    @hookspec(firstresult=True)
    def join(self, resource: Resource, peer: str, context: Context) -> Outcome | None:
        """On the destination: use the resource beside the source, verified; no metadata is written.

        ``leave`` on the destination takes it back.

        Raises:
            ActionError: the source has not admitted this node, or it is not verified usable here.
        """

    @hookspec(firstresult=True)
    def leave(self, resource: Resource, peer: str, context: Context) -> Outcome | None:
        """Use it no more on this node, verified; no metadata is written, as the other node uses it.

        On the source once the guest is gone, on the destination if it does not come.

        Raises:
            ActionError: it is still in use here, or that cannot be told.
        """

    @hookspec(firstresult=True)
    def settle(self, resource: Resource, peer: str, context: Context) -> Outcome | None:
        """On the node that has the guest, once the other one has left: this node alone has the resource from now on.

        The destination after a migration, the source if it failed.
        """

    @hookspec(firstresult=True)
    def channel_end(self, resource: Resource, stream: str, folder: Path) -> ChannelEnd | None:
        """On the destination: where a stream leads that the source of this guest's migration has asked for.

        Args:
            resource: the guest.
            stream: its name, by the word of the source.
            folder: belongs to the channel, and is gone with it; of the same path on both nodes.

        Raises:
            ActionError: there is no such stream.
        """

    @hookspec(firstresult=True)
    def stay(self, resource: Resource, peer: str, context: Context) -> Outcome | None:
        """On the source after a migration that failed or was cut: end what is still under way of it.

        Raises:
            ActionError: the guest is not verified running here: nothing that it needs at the destination may be undone.
        """


class ReservationHooks:
    """What a backend of SCSI-3 persistent reservations implements: primitives on one unit, all its paths.

    The order of things, races, retries of unit attentions and who may preempt whom are not a backend's business: they
    live once, in ``opensvc_core.reservation``. A backend raises ReservationError with one of these codes:
    ``conflict``, ``unit_attention`` (try again), ``not_ready``, ``not_supported``, ``no_device``, ``failed``.
    """

    @hookspec(firstresult=True)
    def claims(self, device: Device, context: Context) -> bool | None:
        """Whether this backend handles this device on this platform; ``None`` leaves it to the next one."""

    @hookspec(firstresult=True)
    def identify(
        self, devices: Sequence[Device], context: Context
    ) -> Iterable[tuple[Device, LogicalUnit | ReservationError]] | None:
        """Identity and paths of devices; an error for one that is absent, has no identity, or cannot be reserved."""

    @hookspec(firstresult=True)
    def read_registrations(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterable[tuple[LogicalUnit, Registrations | ReservationError]] | None:
        """Registered keys of units, asked side by side; an error for one that cannot tell."""

    @hookspec(firstresult=True)
    def read_holder(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterable[tuple[LogicalUnit, Reservation | ReservationError]] | None:
        """Reservations of units, asked side by side; an error for one that cannot tell."""

    @hookspec(firstresult=True)
    def register(self, unit: LogicalUnit, key: int, context: Context) -> Outcome | None:
        """Register the key on every path, whatever key was there before (register and ignore existing key)."""

    @hookspec(firstresult=True)
    def unregister(self, unit: LogicalUnit, key: int, context: Context) -> Outcome | None:
        """Remove our registration from every path; one that is not there is no error."""

    @hookspec(firstresult=True)
    def reserve(self, unit: LogicalUnit, key: int, context: Context) -> Outcome | None:
        """Reserve as Write Exclusive, Registrants Only. Raises ``conflict`` if another registrant holds it."""

    @hookspec(firstresult=True)
    def release(self, unit: LogicalUnit, key: int, context: Context) -> Outcome | None:
        """Give the reservation up; no effect for one who does not hold it."""

    @hookspec(firstresult=True)
    def preempt(self, unit: LogicalUnit, key: int, victim: int, context: Context) -> Outcome | None:
        """Remove the victim's registrations, abort its commands, and become holder in its place if it held.

        Preempt-and-abort; plain preempt only where the device says that it does not support that, never after a
        conflict or a time-out. Raises ``conflict`` if the victim's key is not registered.
        """

    @hookspec(firstresult=True)
    def clear(self, unit: LogicalUnit, key: int, context: Context) -> Outcome | None:
        """Remove every registration and the reservation."""


class ObserverHooks:
    """What an observer implements: it sees, and never steers."""

    @hookspec
    def attach(self, agent: Agent) -> None:
        """Called once before the first event, with this node's agent: its folders, services, feed. Optional."""

    @hookspec
    def observe(self, event: Event) -> None:
        """Something happened. Returns at once, as the action waits; what it raises is kept for `osvc driver list`."""
