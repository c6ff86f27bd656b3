"""What a context reaches beside commands, handed in by whoever makes it: addresses, drivers, channels, the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from opensvc_core.channel import Channel, Stream
    from opensvc_core.context import Context
    from opensvc_core.errors import ActionError
    from opensvc_core.host import Command, CommandResult, Host, Spawned
    from opensvc_core.model import Device, Resource


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
