"""What a container driver fills in: keywords, the state of a guest, and what its platform does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from attrs import frozen

from opensvc_core.api import (
    CommandResult,
    Context,
    Device,
    Host,
    InventoryItem,
    Keyword,
    Kind,
    Note,
    Resource,
    ResourceId,
    Severity,
    Status,
    StatusReport,
)

AUTOSTART = "autostart"
"""Code of the note on a guest that the hypervisor starts by itself."""

LIFE_CYCLE_KEYWORDS: tuple[Keyword, ...] = (
    Keyword(
        "name",
        "Name of the guest as its hypervisor knows it. By default the name of the service.",
        aliases=("vm_name",),
        inherits="vm_name",
        example="vm188",
    ),
    Keyword(
        "hostname",
        "Name or address at which the guest answers ping and ssh. By default the name of the guest.",
        example="vm188.example.com",
    ),
    Keyword(
        "guest_os",
        "Operating system of the guest. A `windows` guest is never asked for a shell.",
        inherits="guest_os",
        example="Linux",
    ),
    Keyword(
        "start_timeout",
        "How long a start may take until the guest is up and answers as far as the service needs it.",
        Kind.DURATION,
        default=240.0,
        example="4m",
    ),
    Keyword(
        "stop_timeout",
        "How long the guest has to shut down by itself before it is stopped by force, and how long the forced stop "
        "has to take effect.",
        Kind.DURATION,
        default=120.0,
        example="2m",
    ),
    Keyword(
        "shell",
        "Whether commands can be run in the guest. `false` for a guest without sshd: a start does not wait for it.",
        Kind.BOOLEAN,
        default=True,
    ),
)
"""Keywords of every container driver, to which a driver adds its own."""


@frozen
class GuestState:
    """What a platform says of one guest on this node, now.

    Attributes:
        status: up, down, warn (neither), undef (cannot be told).
        notes: why, and what to do about it.
        is_known: whether the platform knows the guest at all; False goes with down.
        obeys_soft_stop: False where asking it to shut down is in vain (paused, crashed).
        is_held: it has no power, and the platform still keeps what it runs on (a logical domain that is bound): a start
            goes on from here, a stop lets that go. Goes with warn.
        is_passing: it will leave this state by itself (being started, shutting down).
        is_autostarted: whether the hypervisor starts it by itself when the node boots, where that was read.
        definition: the platform's own description of the guest, where that was read.
    """

    status: Status
    notes: tuple[Note, ...] = ()
    is_known: bool = True
    obeys_soft_stop: bool = True
    is_passing: bool = False
    is_held: bool = False
    is_autostarted: bool = False
    definition: str = ""

    @classmethod
    def undef(cls, text: str, code: str = "undef") -> GuestState:
        """It cannot be told, and why."""
        return cls(Status.UNDEF, (Note(text, code, Severity.WARNING),))

    @property
    def reason(self) -> str:
        """The notes on one line, or the status where there are none."""
        return "; ".join(note.text for note in self.notes) or self.status.value

    @property
    def report(self) -> StatusReport:
        """The state as a status report.

        A guest that runs and that the hypervisor would also start by itself is ``warn``, as in 2010. One that is down
        stays ``down``, with the same note: it was seen not to run, and peers rely on that.
        """
        if not self.is_autostarted:
            return StatusReport(self.status, self.notes)
        text = "hypervisor autostart is on: the guest would start at boot without being asked for"
        status = Status.WARN if self.status is Status.UP else self.status
        return StatusReport(status, self.notes).with_note(text, AUTOSTART, Severity.WARNING)


class ContainerPlatform(Protocol):
    """What one kind of hypervisor does; all that is common lies in the life cycle. Stateless."""

    def list_states(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, GuestState]]:
        """States of many guests in as few commands as the platform allows. What cannot be told is undef."""
        ...

    def read_state(self, resource: Resource, context: Context, *, in_full: bool = False) -> GuestState:
        """State of one guest; ``in_full`` with autostart and definition, as a start needs them.

        What cannot be told is undef. Raises Cancelled only.
        """
        ...

    def define(self, resource: Resource, state: GuestState, context: Context) -> str:
        """Make the platform's definition what the service says; what was done in words, empty for nothing.

        Raises:
            ActionError: there is no definition, it is not this guest's, or the platform refuses it.
        """
        ...

    def forbid_autostart(self, resource: Resource, context: Context) -> None:
        """Keep the hypervisor from starting the guest by itself. Raises CommandError."""
        ...

    def boot(self, resource: Resource, timeout: float, context: Context) -> CommandResult:
        """Start the guest. Raises CommandError when the platform refuses or does not answer in time."""
        ...

    def stop_softly(self, resource: Resource, timeout: float, context: Context) -> CommandResult:
        """Ask the guest to shut down. A refusal is a result with another status than 0. Raises CommandTimeout."""
        ...

    def stop_by_force(self, resource: Resource, context: Context) -> CommandResult:
        """Take its power away. A refusal is a result with another status than 0. Raises CommandTimeout."""
        ...

    def list_devices(self, resource: Resource, context: Context) -> Sequence[Device]:
        """Disks of the guest. Raises ActionError when that cannot be told."""
        ...

    def list_files(self, resource: Resource, context: Context) -> Sequence[Path]:
        """Existing configuration files of the guest that peers need."""
        ...

    def inventory(self, resources: Sequence[Resource], context: Context) -> Iterator[InventoryItem]:
        """Facts of the guests: ``vcpus``, ``memory`` in bytes."""
        ...

    def is_reached_by_network(self, resource: Resource) -> bool:
        """Whether commands inside the guest need its network: then a start waits for that first."""
        ...

    def open_guest(self, resource: Resource, context: Context) -> Host:
        """Where commands run inside the guest."""
        ...


def guest_name(resource: Resource) -> str:
    """Name of the guest as its hypervisor knows it."""
    return resource.text("name") or resource.id.service


def guest_address(resource: Resource) -> str:
    """Name or address at which the guest answers."""
    return resource.text("hostname") or guest_name(resource)


def has_shell(resource: Resource) -> bool:
    """Whether commands can be run in the guest of a container resource, by its configuration."""
    return resource.flag("shell") and resource.text("guest_os").lower() != "windows"


def is_guest_running(report: StatusReport) -> bool:
    """Whether a container's report says that its guest runs: up, or warn for nothing but the hypervisor's autostart."""
    if report.status is Status.WARN:
        worries = [note.code for note in report.notes if note.severity is not Severity.INFO]
        return worries == [AUTOSTART]
    return report.status.is_up
