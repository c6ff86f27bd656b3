"""The Ethernet segment behind an interface: asking it who has an address, telling it who has it now."""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from opensvc_core.api import ActionError, Cancelled
from opensvc_drivers_linux.packets import ARP, IPV6, Heard, announcements, is_version_6, parse_frame, question

if TYPE_CHECKING:
    from opensvc_core.api import Cancel, Clock
    from opensvc_drivers_linux.links import Link

PROBES = 3
"""Questions that are asked, as one packet may be lost."""
PROBE_WAIT = 0.3
"""Seconds to listen after each: a machine on the segment answers within a millisecond, a busy one within some."""
_SO_ATTACH_FILTER = 26

# Only ICMPv6 of the types 135 and 136 (neighbour solicitation, advertisement): without a filter the socket would see
# all IPv6 traffic of the interface. Classic BPF (code, jump if true, jump if false, value) on an Ethernet frame.
_ND_FILTER = (
    (0x30, 0, 0, 20),  # A = next header
    (0x15, 0, 4, 58),
    (0x30, 0, 0, 54),  # A = ICMPv6 type
    (0x15, 1, 0, 135),
    (0x15, 0, 1, 136),
    (0x06, 0, 0, 0xFFFF),
    (0x06, 0, 0, 0),
)


class Segment(Protocol):
    """What a driver needs of the network behind an interface."""

    def find_owner(
        self, address: str, link: Link, ours: Collection[str], clock: Clock, cancel: Cancel, sender: str = ""
    ) -> Heard | None:
        """Who has an address, or is about to take it; None for nobody."""
        ...

    def announce(self, address: str, link: Link) -> None:
        """Tell everybody that the address lies on this interface now."""
        ...


class EthernetSegment:
    """The real one, through packet sockets: needs ``CAP_NET_RAW``."""

    def find_owner(
        self, address: str, link: Link, ours: Collection[str], clock: Clock, cancel: Cancel, sender: str = ""
    ) -> Heard | None:
        """Ask three times and listen; in about a second, less if somebody answers.

        Args:
            address: numeric.
            link: the interface to ask on.
            ours: hardware addresses of this node: what they say does not count.
            clock: source of time.
            cancel: ends the wait.
            sender: an address of this node on the link. Without it the question is a probe, by which two nodes that
                are about to take one address hear of each other; the lower hardware address then has it.

        Raises:
            ActionError: it cannot be asked: no right to, no such interface, another kind of network.
            Cancelled: the run was cancelled.
        """
        with _open(address, link) as opened:
            for _ in range(PROBES):
                _send(opened, link, question(address, link.mac, sender))
                until = clock.monotonic() + PROBE_WAIT
                while (left := until - clock.monotonic()) > 0:
                    if cancel.is_set:
                        raise Cancelled(f"cancelled: {cancel.reason}")
                    heard = _hear(opened, min(left, 0.1))
                    if heard is None or heard.address != address or heard.mac in ours:
                        continue
                    if heard.is_claim or (not sender and heard.mac < link.mac):
                        return heard
        return None

    def announce(self, address: str, link: Link) -> None:
        """Send a gratuitous ARP request and reply, or an unsolicited neighbour advertisement.

        Raises:
            ActionError: it cannot be sent.
        """
        with _open(address, link) as opened:
            for frame in announcements(address, link.mac):
                _send(opened, link, frame)


@contextmanager
def _open(address: str, link: Link) -> Iterator[socket.socket]:
    """A packet socket that hears only what speaks of addresses of this family."""
    if not link.has_neighbours:
        raise ActionError(f"{link.name} has no neighbours to ask ({link.kind})", code="not_ethernet")
    protocol = IPV6 if is_version_6(address) else ARP
    try:
        # Without a protocol it hears nothing until it is bound: the filter stands before the first packet comes.
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    except OSError as error:
        raise ActionError(f"cannot ask the network behind {link.name}: {error.strerror}", code="no_packets") from error
    with opened:
        try:
            if protocol == IPV6:
                _filter(opened)
            opened.bind((link.name, protocol))
        except OSError as error:
            raise ActionError(
                f"cannot ask the network behind {link.name}: {error.strerror}", code="no_packets"
            ) from error
        yield opened


def _filter(opened: socket.socket) -> None:
    program = b"".join(struct.pack("HBBI", *line) for line in _ND_FILTER)
    buffer = ctypes.create_string_buffer(program)
    opened.setsockopt(
        socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", len(_ND_FILTER), ctypes.addressof(buffer))
    )


def _send(opened: socket.socket, link: Link, frame: bytes) -> None:
    try:
        opened.send(frame)
    except OSError as error:
        raise ActionError(f"cannot send on {link.name}: {error.strerror}", code="no_packets") from error


def _hear(opened: socket.socket, seconds: float) -> Heard | None:
    opened.settimeout(seconds)
    try:
        return parse_frame(opened.recv(2048))
    except TimeoutError:
        return None
    except OSError as error:
        raise ActionError(f"cannot listen to the network: {error.strerror}", code="no_packets") from error
