"""Channels of a live migration: bytes between the hypervisors of two nodes, for one guest, in one step. Nouns only."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from attrs import frozen


class Sieve(Protocol):
    """Looks at what a source says to the destination's hypervisor."""

    def let_through(self, data: bytes) -> bytes:
        """What of the words so far may go on; the rest is kept until it is whole.

        Raises:
            ActionError: something that a migration of this guest does not need: the channel ends.
        """
        ...


@frozen
class ChannelEnd:
    """Where one stream of a channel leads at the destination.

    Attributes:
        socket: a socket of the hypervisor's.
        sieve: what looks at the source's words; none for what only moves the guest's memory.
        owners: users of whom the first that this system has makes the socket, in the channel's folder.
    """

    socket: Path
    sieve: Sieve | None = None
    owners: tuple[str, ...] = ()


@frozen
class Stream:
    """One stream of a channel as the source wants it.

    Attributes:
        name: as the driver at the destination knows it.
        users: who may use it at the source, besides root: names of users.
    """

    name: str
    users: tuple[str, ...] = ()


@frozen
class Channel:
    """An open channel, at the source.

    Attributes:
        folder: holds a socket for each stream; at the destination, a folder of the same path belongs to the channel.
    """

    folder: Path

    def socket(self, stream: str) -> Path:
        """Where that stream begins; it takes one connection."""
        return self.folder / stream
