"""Addresses by interface from what ``ip`` and ``ifconfig`` of many systems print; pure."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NUMBERED = re.compile(r"\d+:\s+(?P<name>[^\s@]+?)(?:@[^\s:]*)?:\s+<")
"""``2: eth0@if5: <BROADCAST,UP>`` (iproute2, busybox)."""
_FLAGGED = re.compile(r"(?P<name>\S+?):?\s+(?:flags=|Link encap:|index \d)")
"""``lan0:1: flags=843<UP>`` (net-tools, BSD, SunOS, HP-UX); ``eth0   Link encap:Ethernet`` (old net-tools, busybox)."""
_ADDRESS = re.compile(r"\s+inet6?\s+(?:addr:\s*)?(?P<address>[0-9A-Fa-f.:]+)")


def parse_addresses(text: str) -> Mapping[str, frozenset[str]] | None:
    """Read the output of ``ip -j addr show``, ``ip addr show``, ``ifconfig -a`` or ``ifconfig NAME``.

    Returns:
        Interface name, aliases as they are written (``lan0:1``), to addresses in their canonical text; or None if the
        text shows no interface at all, as then nothing is known.
    """
    stripped = text.lstrip()
    pairs = list(_from_json(stripped) if stripped.startswith("[") else _from_lines(text))
    if not pairs:
        return None
    found: dict[str, set[str]] = {}
    for name, address in pairs:
        found.setdefault(name, set())
        if canonical := canonical_address(address):
            found[name].add(canonical)
    return {name: frozenset(addresses) for name, addresses in found.items()}


def interfaces_with(address: str, table: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """Names of the interfaces that bear an address, sorted."""
    wanted = canonical_address(address)
    return tuple(sorted(name for name, addresses in table.items() if wanted in addresses))


def is_same_device(one: str, other: str) -> bool:
    """Whether two names are of one interface, aliases counted as the interface that they lie on."""
    return one.partition(":")[0] == other.partition(":")[0]


def canonical_address(text: str) -> str:
    """An address without its prefix length and zone, in canonical text; empty if it is none."""
    try:
        return str(ipaddress.ip_address(text.partition("/")[0].partition("%")[0]))
    except ValueError:
        return ""


def _from_json(text: str) -> Iterator[tuple[str, str]]:
    try:
        links: Any = json.loads(text)
    except (ValueError, RecursionError):
        return
    for link in links:
        name = link.get("ifname") if isinstance(link, dict) else None
        if not isinstance(name, str):
            continue
        yield name, ""
        entries = link.get("addr_info")
        for entry in entries if isinstance(entries, list) else ():
            local = entry.get("local") if isinstance(entry, dict) else None
            if isinstance(local, str):
                yield name, local


def _from_lines(text: str) -> Iterator[tuple[str, str]]:
    name = ""
    for line in text.splitlines():
        header = _NUMBERED.match(line) or _FLAGGED.match(line)
        if header:
            name = header["name"]
            yield name, ""
        elif name and (address := _ADDRESS.match(line)):
            yield name, address["address"]
