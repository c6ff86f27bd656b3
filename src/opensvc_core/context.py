"""What a hook is handed: commands, the guest, notes, other resources' drivers, reservations, channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from opensvc_core.clock import Deadline
from opensvc_core.commands import Commands
from opensvc_core.errors import ActionError, Cancelled, OpenSVCError, Undetermined
from opensvc_core.memory import Memory
from opensvc_core.model import Note, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from opensvc_core.channel import Channel, Stream
    from opensvc_core.host import Host
    from opensvc_core.model import Device, Evidence, Resource, ResourceId, Service, StatusReport
    from opensvc_core.node import Node
    from opensvc_core.reservation_units import Backends
    from opensvc_core.surroundings import Channels, Drivers, Network


def _no_backends() -> Backends:
    """Reservations are rare: what they need is loaded by who has some."""
    from opensvc_core.reservation_units import NoBackends

    return NoBackends()


def _silent(note: Note) -> None:
    """Notes that nobody listens to are still kept in ``context.notes``."""


def _nobody(text: str) -> None:
    """Nobody wants to know how far it is."""
    del text


@define(kw_only=True)
class Context(Commands):
    """One hook call's view of the world; see ``Commands`` for what runs, and where.

    Attributes:
        node: this node.
        services: every service that the action is about, by name.
        statuses: what was answered in this run before the first step.
        action: ``status``, ``start``, ``stop``, …
        network: addresses.
        drivers: other resources' drivers.
        run_id: of the run, empty outside one.
        evidence: by service, what is known of its other nodes in this run.
        reservations: the installed reservation backends.
        permits: codes of vetoes that the operator lifts: a step that looks again does not refuse what they allow.
        peer: the other node of a migration, empty in any other action.
        channels: opens channels, in the run of a migration.
        on_note: told each note as it comes.
        on_progress: told how far a long command is.
        notes: notes given so far.
        is_checking: whether this is for the checks before a run's first step, which follow on its statuses.
        memory: of one status call, and of the checks that follow on it; each step of a run asks anew.
    """

    node: Node
    services: Mapping[str, Service]
    statuses: Mapping[ResourceId, StatusReport]
    action: str
    network: Network
    drivers: Drivers
    run_id: str = ""
    evidence: Mapping[str, Sequence[Evidence]] = field(factory=dict)
    reservations: Backends = field(factory=_no_backends)
    permits: frozenset[str] = frozenset()
    peer: str = ""
    channels: Channels | None = None
    on_note: Callable[[Note], None] = _silent
    on_progress: Callable[[str], None] = _nobody
    notes: list[Note] = field(factory=list)
    is_checking: bool = False
    memory: Memory = field(factory=Memory)

    @property
    def asks_for_all(self) -> bool:
        """Whether many resources are asked about and nothing is changed: an answer may be kept in ``memory``."""
        return self.is_checking or self.action in {"status", "inventory"}

    def note(self, text: str, code: str = "note", severity: Severity = Severity.INFO) -> None:
        """Tell the operator something beside the outcome."""
        note = Note(text, code, severity)
        self.notes.append(note)
        self.on_note(note)

    def note_error(self, error: OpenSVCError) -> None:
        """Tell why a part of what was asked cannot be told, as a warning. Raises the error if it is a Cancelled."""
        if isinstance(error, Cancelled):
            raise error
        self.note(error.message, error.code, Severity.WARNING)

    def tell_progress(self, text: str) -> None:
        """Tell how far the step is, for whoever watches: nothing keeps it."""
        self.on_progress(text)

    def service_of(self, resource: Resource) -> Service:
        """The service that a resource belongs to."""
        return self.services[resource.id.service]

    def container_of(self, resource: Resource) -> Resource:
        """The container resource whose guest a resource lives in. Raises ActionError if it names none."""
        if not resource.container:
            raise ActionError(f"{resource.id}: lives in no guest", code="no_container")
        return self.service_of(resource).resource(resource.container)

    def guest(self, resource: Resource) -> Context:
        """The same context with commands running inside the guest of a container, or of what lives in it.

        Raises:
            Undetermined: this is a dry run and the guest is not up.
            ActionError: the guest cannot be reached by design (no shell, no driver hook).
        """
        container = resource if resource.phase.name == "CONTAINER" else self.container_of(resource)
        if self.is_dry_run:
            report = self.statuses.get(container.id)
            if report is None or not report.status.is_up:
                raise Undetermined(f"the rest depends on {container.id} being up")
        return self.on(self.drivers.open_guest(container, self))

    def on(self, host: Host) -> Context:
        """The same context with commands running on another host; notes and lost changes are shared."""
        twin = Context(
            node=self.node,
            host=host,
            services=self.services,
            statuses=self.statuses,
            action=self.action,
            cancel=self.cancel,
            deadline=self.deadline,
            clock=self.clock,
            network=self.network,
            drivers=self.drivers,
            # A guest's host runs commands of this node to reach the guest; those are journalled, once.
            command_log=None,
            recording=self.recording,
            run_id=self.run_id,
            evidence=self.evidence,
            reservations=self.reservations,
            permits=self.permits,
            peer=self.peer,
            channels=self.channels,
            on_note=self.on_note,
            on_progress=self.on_progress,
            notes=self.notes,
            is_checking=self.is_checking,
            memory=self.memory,
        )
        twin._lost_change = self._lost_change
        return twin

    def within(self, seconds: float, what: str) -> Context:
        """The same context with a nearer deadline."""
        twin = self.on(self.host)
        twin.command_log = self.command_log
        twin.deadline = Deadline.after(seconds, self.clock, what).earliest(self.deadline)
        return twin

    def devices_of(self, resource: Resource) -> tuple[Device, ...]:
        """What another resource's driver lists as its devices."""
        return self.drivers.list_devices(resource, self)

    def open_channel(
        self, resource: Resource, peer: str, streams: Sequence[Stream], seconds: float
    ) -> AbstractContextManager[Channel]:
        """A channel to the destination of a guest's migration, closed with the ``with`` block. A dry run opens none.

        Args:
            resource: the guest.
            peer: the destination.
            streams: what is needed; the driver there says where each of them leads.
            seconds: after which the destination closes it, whatever happens here.

        Raises:
            PeerError: the destination does not open it.
            ActionError: this is not the run of a migration.
        """
        if self.is_dry_run:
            from contextlib import nullcontext
            from pathlib import Path

            from opensvc_core.channel import Channel

            return nullcontext(Channel(Path("/run/opensvc/CHANNEL")))
        if self.channels is None:
            raise ActionError(f"{resource.id}: a channel belongs to the run of a migration", code="no_channel")
        return self.channels.open(resource, peer, streams, seconds, self)

    def hold_reservation(self, resource: Resource) -> bool:
        """Make sure that this node alone may write to a resource's disks, for a write outside of its start.

        True at once where the resource has no ``scsireserv``. Else its reservation is read, taken where nobody has
        it, and made anew where it is of an earlier boot of this node; the companion ``<rid>pr`` gives it up again
        when it stops. False, with a note, where another node holds a disk or it cannot be told: then do not write.

        Raises:
            Cancelled: the run was cancelled meanwhile.
        """
        from opensvc_core.companion import hold

        return hold(resource, self)

    def holds_still(self, resource: Resource) -> bool:
        """Whether this node is, by an earlier boot, the holder of a resource's disks, so that it may write to them.

        It is registered anew then. False where the resource has no ``scsireserv``, where a disk is free, or held or
        registered by another node, or where that cannot be told: then do not write.

        Raises:
            Cancelled: the run was cancelled meanwhile.
        """
        from opensvc_core.companion import hold_again

        return hold_again(resource, self)

    def service_folder(self, resource: Resource) -> Path:
        """``etc/<svc>.d``: launchers of a service without a guest (cookbook)."""
        return self.node.folders.etc / f"{resource.id.service}.d"

    def known_hosts(self, service: str) -> Path:
        """The file that pins the host keys of a service's guests."""
        return self.node.folders.var / "known_hosts" / service
