"""Echo requests to many addresses over one socket, without a process a probe; only this module knows icmplib."""

from __future__ import annotations

import ipaddress
import select
import socket as sockets
import time
from typing import TYPE_CHECKING, Any

from opensvc_core.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opensvc_core.clock import Clock

BURST = 64
"""Requests sent before answers are read: the socket's buffer must hold what comes back meanwhile."""
LONGEST = 1024
"""Bytes of a message that are read."""
ECHO_REPLIES = {4: 0, 6: 129}
"""ICMP type of an echo reply (RFC 792, RFC 4443)."""
UNREACHABLES = {4: 3, 6: 1}
"""ICMP type by which a router says that an address cannot be reached."""


class EchoNotPermittedError(Exception):
    """This process may not open the socket: not root, and ``net.ipv4.ping_group_range`` does not hold its group."""


def echo_all(addresses: Sequence[str], timeout: float, clock: Clock) -> dict[str, bool | ActionError]:
    """Ask every numeric address for an echo, and once more after half the time.

    Args:
        addresses: numeric, of both families.
        timeout: seconds until an address counts as silent.
        clock: source of time.

    Returns:
        For each address whether it answered, or the error that kept the request from being sent.

    Raises:
        EchoNotPermittedError: no socket of either kind may be opened.
    """
    answers: dict[str, bool | ActionError] = {}
    for version in (4, 6):
        of_family = [address for address in addresses if ipaddress.ip_address(address).version == version]
        if of_family:
            with _open(version) as socket:
                answers.update(_Round(socket, version, of_family, timeout, clock).run())
    return answers


def _open(version: int) -> Any:
    from icmplib import ICMPLibError, ICMPv4Socket, ICMPv6Socket, SocketPermissionError

    kind = ICMPv4Socket if version == 4 else ICMPv6Socket
    for is_privileged in (True, False):
        try:
            return kind(None, is_privileged)
        except SocketPermissionError:
            continue
        except ICMPLibError as error:
            raise EchoNotPermittedError(str(error)) from error
    raise EchoNotPermittedError("no right to send echo requests")


class _Round:
    """The questions to the addresses of one family, and the answers so far."""

    def __init__(self, socket: Any, version: int, addresses: Sequence[str], timeout: float, clock: Clock) -> None:
        from icmplib.utils import unique_identifier

        self._socket = socket
        self._raw: sockets.socket = socket._sock  # noqa: SLF001 - see _receive
        self._version = version
        self._addresses = addresses
        self._timeout = timeout
        self._clock = clock
        self._asked = unique_identifier()
        self._ids = {self._asked}
        self._answers: dict[str, bool | ActionError] = {}

    def run(self) -> Mapping[str, bool | ActionError]:
        end = self._clock.monotonic() + self._timeout
        for until in (end - self._timeout / 2, end):
            silent = [number for number, address in enumerate(self._addresses) if address not in self._answers]
            for start in range(0, len(silent), BURST):
                for number in silent[start : start + BURST]:
                    self._send(number)
                self._listen(self._clock.monotonic())
            self._listen(until)
        return {address: self._answers.get(address, False) for address in self._addresses}

    def _send(self, number: int) -> None:
        from icmplib import ICMPLibError, ICMPRequest, SocketBroadcastError

        address = self._addresses[number]
        request = ICMPRequest(destination=address, id=self._asked, sequence=number & 0xFFFF)
        try:
            self._socket.send(request)
        except ICMPLibError as error:
            # That error is made of every EPERM and EACCES: a packet filter gives them too.
            is_refused = isinstance(error, SocketBroadcastError)
            reason = "the request may not be sent: a packet filter, or a broadcast address" if is_refused else error
            self._answers[address] = ActionError(
                f"cannot tell whether {address} answers: {reason}",
                code="ping_impossible",
                hint="see this node's routes and packet filter: ip route get, nft list ruleset",
            )
        else:
            # The kernel gives datagram sockets an id of its own.
            self._ids.add(request.id)

    def _listen(self, until: float) -> None:
        """Take answers until that time, or until nothing is awaited; at least those that are there already."""
        while len(self._answers) < len(self._addresses):
            remaining = until - self._clock.monotonic()
            if not self._is_readable(max(remaining, 0.0)):
                if remaining <= 0:
                    return
                continue
            reply = self._receive()
            if reply is not None:
                self._take(reply)
            if remaining <= -self._timeout:
                return

    def _is_readable(self, timeout: float) -> bool:
        poll = select.poll()
        poll.register(self._raw, select.POLLIN)
        return bool(poll.poll(timeout * 1000))

    def _receive(self) -> Any:
        """A message that is there, None for one that is none of ICMP or an error.

        Not by icmplib's own ``receive``: it takes a message from the socket and throws it away if its time limit has
        passed meanwhile, so on a machine that is slow for a moment a host that answers would count as silent.
        """
        try:
            packet, source = self._raw.recvfrom(LONGEST, sockets.MSG_DONTWAIT)
        except OSError:
            # An error that the kernel keeps for the socket: it belongs to one address and is told once.
            return None
        parse = self._socket._parse_reply  # noqa: SLF001 - see above
        return parse(packet=packet, source=source[0], current_time=time.time())

    def _take(self, reply: Any) -> None:
        # Each socket of that kind hears every ICMP message of this machine.
        if reply.id not in self._ids or reply.sequence >= len(self._addresses):
            return
        address = self._addresses[reply.sequence]
        if reply.type == ECHO_REPLIES[self._version]:
            self._answers[address] = True
        elif reply.type == UNREACHABLES[self._version]:
            self._answers.setdefault(address, False)
