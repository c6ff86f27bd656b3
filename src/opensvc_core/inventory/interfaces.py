"""Interfaces as the ``ifconfig`` of Solaris and HP-UX shows them; pure."""

from __future__ import annotations

import re

from opensvc_core.inventory.records import Interface

_FIRST = re.compile(r"(?P<name>[a-z][\w.-]*(?::[0-9]+)?): flags=[0-9a-f]+<(?P<flags>[\w,-]*)>", re.ASCII)
_INET = re.compile(r"\s+inet6?\s+(?P<address>[0-9a-fA-F:.]+)(?:/(?P<prefix>[0-9]{1,3}))?"
                   r"(?:\s+(?:-->\s+\S+\s+)?netmask\s+(?P<mask>[0-9a-f]{1,8})\b)?(?:\s+prefix\s+(?P<length>[0-9]{1,3}))?",
                   re.ASCII)  # fmt: skip
_ETHER = re.compile(r"\s+ether\s+(?P<mac>[0-9a-fA-F:]+)\s*\Z", re.ASCII)
_UNSET = frozenset({"0.0.0.0", "::", "0"})  # noqa: S104 - what an interface without an address shows


def parse_ifconfig(text: str) -> tuple[Interface, ...]:
    """Interfaces of ``ifconfig -a`` or ``ifconfig lan0``, each once, the loopback left out.

    Netmasks stand in hexadecimal, ``ffffff00``; a MAC may have short numbers, ``0:14:4f:1:2:3``.
    """
    found: dict[str, Interface] = {}
    current: Interface | None = None
    for line in text.splitlines():
        if first := _FIRST.match(line):
            flags = first["flags"].split(",")
            name = first["name"]
            current = None
            if "LOOPBACK" not in flags:
                current = found.get(name, Interface(name, None, (), "UP" in flags))
                found[name] = current
        elif current is not None:
            if inet := _INET.match(line):
                current = found[current.name] = _with_address(current, inet)
            elif ether := _ETHER.match(line):
                mac = ":".join(f"{part:0>2}" for part in ether["mac"].lower().split(":"))
                current = found[current.name] = Interface(current.name, mac, current.addresses, current.is_up)
    return tuple(found.values())


def _with_address(interface: Interface, inet: re.Match[str]) -> Interface:
    address, prefix = inet["address"], inet["prefix"] or inet["length"]
    if address in _UNSET:
        return interface
    if not prefix and inet["mask"]:
        prefix = str(int(inet["mask"], 16).bit_count())
    shown = f"{address}/{prefix}" if prefix else address
    return Interface(interface.name, interface.mac, (*interface.addresses, shown), interface.is_up)


def parse_netstat_names(text: str) -> tuple[str, ...]:
    """Names of interfaces of ``netstat -win`` of HP-UX, the loopback left out; ``*`` behind one means down."""
    names = []
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] != "Name" and words[1].isdecimal() and not words[0].startswith("lo"):
            names.append(words[0].rstrip("*"))
    return tuple(dict.fromkeys(names))
