"""What this node can find out about addresses: names, who answers ping, and with which MAC address."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from opensvc_core.clock import Cancel, Clock, SystemClock
from opensvc_core.errors import ActionError, CommandError, CommandTimeout
from opensvc_core.fanout import side_by_side
from opensvc_core.host import Command, Host
from opensvc_core.host.echo import EchoNotPermittedError, echo_all
from opensvc_core.host.names import Resolver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opensvc_core.node import Node

PING_METHODS = ("auto", "icmp", "command")
"""``ping`` in ``[node]`` of ``node.conf``: own packets where permitted, only own packets, only the command."""
NEIGHBOUR_LIMIT = 5.0
"""Seconds for the table of neighbours."""


class SystemNetwork:
    """The network as this node sees it.

    Args:
        node: names the hosts file and how to ping.
        host: runs ``ping`` and ``ip``.
        clock: source of time.
        cancel: ends what is under way.
    """

    def __init__(self, node: Node, host: Host, clock: Clock | None = None, cancel: Cancel | None = None) -> None:
        self._node = node
        self._host = host
        self._clock = clock or SystemClock()
        self._cancel = cancel or Cancel()
        self._resolver = Resolver(node.folders.etc / "hosts", self._clock)
        self._method = node.setting("node", "ping", "auto").lower()

    def resolve(self, name: str) -> tuple[str, ...]:
        """Addresses of a name, as in ``Resolver.resolve``. Raises ActionError if that cannot be told."""
        return self._resolver.resolve(name)

    def ping(self, address: str, timeout: float = 1.0) -> bool:
        """Whether a name or address answers an echo request.

        Args:
            address: a name stands for the first address that it has.
            timeout: seconds after which it counts as silent.

        Raises:
            ActionError: that cannot be told: no such name, no route, no right to ask.
        """
        answer = self.ping_all((address,), timeout)[address]
        if isinstance(answer, ActionError):
            raise answer
        return answer

    def ping_all(self, addresses: Sequence[str], timeout: float = 1.0) -> Mapping[str, bool | ActionError]:
        """For each name or address whether it answers, or why that cannot be told; in the time of one."""
        answers: dict[str, bool | ActionError] = {}
        numeric: dict[str, str] = {}
        for name, found in side_by_side(tuple(dict.fromkeys(addresses)), self._first_address, limit=32):
            if isinstance(found, str):
                numeric[name] = found
            else:
                answers[name] = _as_action_error(found)
        asked = self._ask(tuple(dict.fromkeys(numeric.values())), timeout)
        answers.update({name: asked[address] for name, address in numeric.items()})
        return answers

    def neighbour(self, address: str) -> str:
        """The MAC address behind a name or address that was just pinged, empty if this node cannot know it."""
        try:
            numeric = self._first_address(address)
            command = Command(("ip", "-j", "neigh", "show", numeric), timeout=NEIGHBOUR_LIMIT)
            return parse_neighbour(self._host.execute(command, self._cancel).stdout)
        except ActionError:
            # Only words for a message hang on it.
            return ""

    def _first_address(self, name: str) -> str:
        found = self._resolver.resolve(name)
        if not found:
            raise ActionError(
                f"the name {name} has no address",
                code="name_unknown",
                hint=f"write it into {self._node.folders.etc / 'hosts'}, or into DNS",
            )
        return found[0]

    def _ask(self, addresses: Sequence[str], timeout: float) -> Mapping[str, bool | ActionError]:
        if self._method not in PING_METHODS:
            error = ActionError(
                f"node.conf: [node] ping = {self._method}: not one of {', '.join(PING_METHODS)}", code="node_conf"
            )
            return dict.fromkeys(addresses, error)
        is_linux = self._node.os_name == "Linux"
        if self._method == "icmp" and not is_linux:
            refused = ActionError(
                f"cannot ping: own packets are sent on Linux only, and this is {self._node.os_name}",
                code="ping_impossible",
                hint="node.conf: [node] ping = command",
            )
            return dict.fromkeys(addresses, refused)
        if self._method != "command" and is_linux:
            try:
                return echo_all(addresses, timeout, self._clock)
            except EchoNotPermittedError as error:
                if self._method == "icmp":
                    refused = ActionError(
                        f"cannot ping: {error}",
                        code="ping_impossible",
                        hint="run as root, allow it by net.ipv4.ping_group_range, or set [node] ping = command",
                    )
                    return dict.fromkeys(addresses, refused)
        answers: dict[str, bool | ActionError] = {}
        for address, answer in side_by_side(addresses, lambda each: self._ping_command(each, timeout)):
            answers[address] = answer if isinstance(answer, bool) else _as_action_error(answer)
        return answers

    def _ping_command(self, address: str, timeout: float) -> bool:
        argv = ping_argv(self._node.os_name, address, timeout)
        # Where ping never ends by itself, the limit is the answer "silent", and all patience is waited for in full.
        patience = 1.0 if self._node.os_name == "HP-UX" else 2.0
        command = Command(argv, timeout=timeout + patience, grace=0.2)
        try:
            result = self._host.execute(command, self._cancel)
        except CommandTimeout:
            if self._node.os_name == "HP-UX":
                # Its ping waits for ever for a reply.
                return False
            raise
        if result.rc == 0:
            return True
        if result.rc == 1 and (self._node.os_name != "SunOS" or SUNOS_SILENCE in result.stdout + result.stderr):
            return False
        said = next(iter((result.stderr.strip() or result.stdout.strip()).splitlines()), f"status {result.rc}")
        raise CommandError(
            f"cannot tell whether {address} answers: {said}",
            argv=argv,
            rc=result.rc,
            stdout=result.stdout,
            stderr=result.stderr,
        )


def _as_action_error(answer: object) -> ActionError:
    """What a thread gave in place of an answer."""
    if isinstance(answer, ActionError):
        return answer
    if isinstance(answer, Exception):
        return ActionError(f"{type(answer).__name__}: {answer}")
    raise TypeError(answer)


SUNOS_SILENCE = "no answer from"
"""What the ping of SunOS prints of a host that does not answer [R]; it ends with 1 for other troubles too."""


def ping_argv(os_name: str, address: str, timeout: float) -> tuple[str, ...]:
    """The ``ping`` command that sends one request and waits that many seconds; HP-UX and SunOS not tried."""
    seconds = str(max(1, math.ceil(timeout)))
    if os_name == "SunOS":
        return ("ping", address, seconds)
    if os_name == "HP-UX":
        return ("ping", address, "-n", "1")
    return ("ping", "-n", "-c", "1", "-W", seconds, address)


def parse_neighbour(text: str) -> str:
    """The MAC address in what ``ip -j neigh show ADDRESS`` printed, empty if there is none."""
    try:
        entries: Any = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return ""
    for entry in entries if isinstance(entries, list) else ():
        address = entry.get("lladdr") if isinstance(entry, dict) else None
        if isinstance(address, str) and address:
            return address
    return ""
