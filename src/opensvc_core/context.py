"""What a hook is handed: commands that read, commands that change, waiting, the guest, notes, limits."""

from __future__ import annotations

import shlex
import threading
from typing import TYPE_CHECKING, Any, Protocol

from attrs import Factory, define, evolve, field, frozen

from opensvc_core.clock import Cancel, Clock, Deadline
from opensvc_core.errors import (
    ActionError,
    Cancelled,
    CommandFailed,
    CommandTimeout,
    OpenSVCError,
    Undetermined,
    WaitTimeout,
)
from opensvc_core.host import Command, CommandResult, Host, Spawned
from opensvc_core.model import Device, Evidence, Note, Resource, ResourceId, Service, Severity, StatusReport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from opensvc_core.channel import Channel, Stream
    from opensvc_core.node import Node
    from opensvc_core.reservation_units import Backends

QUERY_LIMIT = 20.0
"""Seconds for a command that reads, where the driver names no other limit."""
CHANGE_LIMIT = 60.0
"""Seconds for a command that changes something, where the driver names no other limit."""
NOT_KEPT = "(not kept: it may hold secrets)"
"""What the journal keeps in place of an output that holds secrets."""


class Network(Protocol):
    """What the node can find out about addresses."""

    def resolve(self, name: str) -> tuple[str, ...]:
        """Addresses of a name, numeric ones as they are; empty if it does not resolve."""
        ...

    def ping(self, address: str, timeout: float = 1.0) -> bool:
        """Whether a name or address answers one echo request. Raises ActionError if that cannot be told."""
        ...

    def ping_all(self, addresses: Sequence[str], timeout: float = 1.0) -> Mapping[str, bool | ActionError]:
        """The same for many at once, in the time of one; an error stands for what cannot be told. Raises nothing."""
        ...

    def neighbour(self, address: str) -> str:
        """The MAC address that answers for an address on this network, empty if unknown."""
        ...


class Drivers(Protocol):
    """What a hook may ask of other resources' drivers."""

    def open_guest(self, container: Resource, context: Context) -> Host:
        """A host inside the guest of a container resource."""
        ...

    def list_devices(self, resource: Resource, context: Context) -> tuple[Device, ...]:
        """Devices of a resource."""
        ...


class Channels(Protocol):
    """Opens channels to the destination of a migration."""

    def open(
        self, resource: Resource, peer: str, streams: Sequence[Stream], seconds: float, context: Context
    ) -> AbstractContextManager[Channel]:
        """See ``Context.open_channel``."""
        ...


class CommandLog(Protocol):
    """Told of each command of a run before it is spawned, once it has a process, and when it has ended."""

    def begin(self, host: str, command: Command) -> str:
        """A command is about to run; gives back an id for the other two, which also marks the process' environment."""
        ...

    def spawned(self, command_id: str, process: Spawned) -> None:
        """It has a process now."""
        ...

    def end(self, command_id: str, result: CommandResult | None, error: str) -> None:
        """It has ended: with a result, or with the error in words."""
        ...


@frozen
class CommandLine:
    """A changing command that a dry run did not make."""

    host: str
    argv: tuple[str, ...]

    def __str__(self) -> str:
        """As an operator would type it on that host."""
        return shlex.join(self.argv)


@define
class Recording:
    """What a dry run of one step would have changed, in order."""

    commands: list[CommandLine] = Factory(list)


def _no_backends() -> Backends:
    """Reservations are rare: what they need is loaded by who has some."""
    from opensvc_core.reservation_units import NoBackends

    return NoBackends()


def _silent(note: Note) -> None:
    """Notes that nobody listens to are still kept in ``context.notes``."""


def _nobody(text: str) -> None:
    """Nobody wants to know how far it is."""
    del text


@define
class Memory:
    """Answers that one status call asks for once, however many resources need them."""

    _answers: dict[str, Any] = Factory(dict)
    _guard: threading.RLock = Factory(threading.RLock)

    def once(self, key: str, ask: Callable[[], Any]) -> Any:
        """The answer to a question, asked at the first call; who comes meanwhile waits for it. Raises as ``ask``."""
        with self._guard:
            if key not in self._answers:
                self._answers[key] = ask()
            return self._answers[key]


@define
class Context:
    """One hook call's view of the world.

    Attributes:
        node: this node.
        host: where ``query`` and ``run`` run: this node, or a guest.
        services: every service that the action is about, by name.
        statuses: what was answered in this run before the first step.
        action: ``status``, ``start``, ``stop``, …
        cancel: says that the run should end.
        deadline: of the step or of the status call.
        clock: source of time.
        network: addresses.
        drivers: other resources' drivers.
        command_log: journal of commands, if the run has one.
        recording: set in a dry run.
        run_id: of the run, empty outside one.
        evidence: by service, what is known of its other nodes in this run.
        reservations: the installed reservation backends.
        permits: codes of vetoes that the operator lifts: a step that looks again does not refuse what they allow.
        peer: the other node of a migration, empty in any other action.
        channels: opens channels, in the run of a migration.
        on_note: told each note as it comes.
        on_progress: told how far a long command is.
        notes: notes given so far.
        memory: of one status call; a run asks anew every time.
    """

    node: Node
    host: Host
    services: Mapping[str, Service]
    statuses: Mapping[ResourceId, StatusReport]
    action: str
    cancel: Cancel
    deadline: Deadline
    clock: Clock
    network: Network
    drivers: Drivers
    command_log: CommandLog | None = None
    recording: Recording | None = None
    run_id: str = ""
    evidence: Mapping[str, Sequence[Evidence]] = field(factory=dict)
    reservations: Backends = field(factory=_no_backends)
    permits: frozenset[str] = frozenset()
    peer: str = ""
    channels: Channels | None = None
    on_note: Callable[[Note], None] = _silent
    on_progress: Callable[[str], None] = _nobody
    notes: list[Note] = field(factory=list)
    memory: Memory = field(factory=Memory)
    _lost_change: list[str] = field(factory=list)

    @property
    def is_dry_run(self) -> bool:
        """Whether changes are only recorded."""
        return self.recording is not None

    @property
    def asks_for_all(self) -> bool:
        """Whether many resources are asked about and nothing is changed: an answer may be kept in ``memory``."""
        return self.action in {"status", "inventory"}

    @property
    def lost_changes(self) -> tuple[str, ...]:
        """Changing commands that were ended before they answered: their effect may still come."""
        return tuple(self._lost_change)

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

    def query(
        self,
        *argv: str,
        timeout: float | None = None,
        check: bool = True,
        input: bytes | None = None,
        env: Mapping[str, str] | None = None,
        after: CommandResult | None = None,
        has_secrets: bool = False,
    ) -> CommandResult:
        """Run a command that changes nothing; a dry run runs it too.

        Args:
            argv: program and arguments.
            timeout: seconds; by default 20, never beyond the step's deadline.
            check: whether a status other than 0 is an error.
            input: bytes for standard input.
            env: variables to set.
            after: the change that this query reads the effect of.
            has_secrets: its standard output holds secrets: the journal does not keep it, and no error quotes it.

        Raises:
            CommandFailed, CommandTimeout, CommandNotFound, Cancelled: as they say.
            Undetermined: ``after`` was not made, as this is a dry run.
        """
        if after is not None and not after.is_made:
            raise Undetermined(f"the rest depends on `{shlex.join(after.argv)}`")
        command = Command(
            argv,
            timeout=QUERY_LIMIT if timeout is None else timeout,
            input=input,
            env=dict(env or {}),
            changes=False,
            has_secrets=has_secrets,
        )
        return self._execute(command, check=check)

    def run(
        self,
        *argv: str,
        timeout: float | None = None,
        check: bool = True,
        input: bytes | None = None,
        env: Mapping[str, str] | None = None,
        leaves_daemons: bool = False,
        has_secrets: bool = False,
        heard: Callable[[str], None] | None = None,
    ) -> CommandResult:
        """Run a command that changes something; a dry run records it and gives a result that is not made.

        Args:
            argv: program and arguments.
            timeout: seconds; by default 60, never beyond the step's deadline.
            check: whether a status other than 0 is an error.
            input: bytes for standard input.
            env: variables to set.
            leaves_daemons: it may leave processes behind on purpose.
            has_secrets: as for ``query``.
            heard: told what it prints on standard output while it runs.

        Raises:
            CommandFailed, CommandTimeout, CommandNotFound, Cancelled: as they say. After a CommandTimeout the change
                may still come: it is kept in ``lost_changes``.
        """
        if self.recording is not None:
            self.recording.commands.append(CommandLine(self.host.name, argv))
            return CommandResult(argv, is_made=False)
        command = Command(
            argv,
            timeout=CHANGE_LIMIT if timeout is None else timeout,
            input=input,
            env=dict(env or {}),
            changes=True,
            leaves_daemons=leaves_daemons,
            has_secrets=has_secrets,
            heard=heard,
        )
        return self._execute(command, check=check)

    def _execute(self, command: Command, *, check: bool) -> CommandResult:
        if self.cancel.is_set:
            raise Cancelled(f"cancelled: {self.cancel.reason}")
        remaining = self.deadline.remaining()
        if remaining <= 0:
            raise WaitTimeout(
                f"no time left for `{shlex.join(command.argv)}`: the limit of {self.deadline.what} is over",
                hint="raise the limit, or find out what takes so long: osvc log",
            )
        # A command must end, be killed and be reported before the limit above it strikes.
        limit = min(command.timeout, max(0.05, remaining - min(1.0, remaining / 10)))
        log = self.command_log
        command_id = log.begin(self.host.name, command) if log is not None else ""
        env = {**command.env, **({"OSVC_COMMAND_ID": command_id} if command_id else {})}
        command = evolve(command, timeout=limit, env=env)

        def spawned(process: Spawned) -> None:
            if log is not None:
                log.spawned(command_id, process)

        try:
            result = self.host.execute(command, self.cancel, spawned)
        except BaseException as error:
            if command.changes and isinstance(error, (CommandTimeout, Cancelled)):
                self._lost_change.append(shlex.join(command.argv))
            if log is not None:
                log.end(command_id, None, f"{type(error).__name__}: {error}")
            raise
        if log is not None:
            log.end(command_id, evolve(result, stdout=NOT_KEPT) if command.has_secrets else result, "")
        if check and result.rc != 0:
            words = result.stderr.strip() or ("" if command.has_secrets else result.stdout.strip())
            said = next(iter(words.splitlines()), "it said nothing")
            raise CommandFailed(
                f"`{shlex.join(result.argv)}` on {self.host.name} ended with status {result.rc}: {said}",
                argv=result.argv,
                rc=result.rc,
                stdout=result.stdout,
                stderr=result.stderr,
            )
        return result

    def wait_until(
        self,
        is_reached: Callable[[], bool],
        what: str,
        timeout: float,
        interval: float = 0.1,
        slowest: float = 2.0,
    ) -> None:
        """Ask again and again, ever slower, until the predicate holds: the one way to wait for an effect.

        Args:
            is_reached: the question; what it raises passes through.
            what: the awaited thing in words, for messages: ``vm188 to answer ping``.
            timeout: seconds; never beyond the step's deadline.
            interval: seconds between the first two questions; grows by a half each time.
            slowest: seconds between two questions at the most.

        Raises:
            WaitTimeout: it did not come in time.
            Cancelled: the run was cancelled meanwhile.
            Undetermined: this is a dry run and it does not hold now.
        """
        if self.is_dry_run:
            if is_reached():
                return
            raise Undetermined(f"the rest depends on {what}")
        limit = Deadline.after(timeout, self.clock, what).earliest(self.deadline)
        pause = interval
        while not is_reached():
            if limit.is_over:
                raise WaitTimeout(f"waited {timeout:.3g} s in vain for {what}")
            if self.clock.wait(self.cancel.event, min(pause, limit.remaining() + 0.001)):
                raise Cancelled(f"cancelled while waiting for {what}: {self.cancel.reason}")
            pause = min(pause * 1.5, slowest)

    def pause(self, seconds: float) -> None:
        """Wait that long unless cancelled. Raises Cancelled."""
        if self.clock.wait(self.cancel.event, seconds):
            raise Cancelled(f"cancelled: {self.cancel.reason}")

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
