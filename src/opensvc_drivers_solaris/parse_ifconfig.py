"""What ``ifconfig -a`` of Solaris prints: interfaces, logical ones too, each with its zone and address. Pure.

Written after the manual page and from memory [R]: a block that does not begin as one is not understood, and then the
answer as a whole is not.
"""

from __future__ import annotations

import ipaddress
import re

from attrs import field, frozen

_HEAD = re.compile(
    r"(?P<name>[A-Za-z][\w.]*\d[\w.]*(?::\d+)?): flags=[0-9a-f]+<(?P<flags>[A-Za-z0-9_,-]*)>(?P<rest>.*)"
)
_INDEX = re.compile(r"\bindex \d+\b")
LOOPBACK = "lo0"
"""Every Solaris system has it, and lists it first."""


@frozen
class Interface:
    """One interface, physical or logical.

    Attributes:
        name: ``bge0``, or ``bge0:1`` for a logical one.
        flags: words between the angle brackets.
        zone: that it is placed in, empty for the global zone.
        addresses: without the length of a prefix.
    """

    name: str
    flags: frozenset[str] = frozenset()
    zone: str = ""
    addresses: tuple[str, ...] = ()

    @property
    def device(self) -> str:
        """The physical interface below it."""
        return self.name.partition(":")[0]

    @property
    def is_up(self) -> bool:
        """Whether it takes packets."""
        return "UP" in self.flags

    @property
    def is_duplicate(self) -> bool:
        """Whether the kernel found another machine with its address, and took it down for that [R]."""
        return "DUPLICATE" in self.flags


@frozen
class Interfaces:
    """All interfaces of a node.

    Attributes:
        interfaces: in the order told; one that has both families comes twice.
        trouble: why this is not all that there is, empty if it was understood to its end.
    """

    interfaces: tuple[Interface, ...] = field(default=())
    trouble: str = ""

    def bearing(self, address: str) -> tuple[Interface, ...]:
        """Interfaces with an address."""
        return tuple(each for each in self.interfaces if address in each.addresses)


def parse_interfaces(text: str) -> Interfaces:
    """Read ``ifconfig -a``."""
    found: list[Interface] = []
    trouble = "" if text.endswith("\n") else "its last line has no end" if text else "it printed nothing"
    for block in re.split(r"\n(?=\S)", text):
        if not block.strip():
            continue
        interface = _interface(block)
        if interface is None:
            trouble = trouble or f"a line is not understood: {block.strip().splitlines()[0][:80]!r}"
        else:
            found.append(interface)
    if found and not found[-1].addresses:
        trouble = trouble or f"it ends within {found[-1].name}"
    if not any(each.name == LOOPBACK for each in found):
        trouble = trouble or f"it does not tell of {LOOPBACK}"
    return Interfaces(tuple(found), trouble)


def _interface(block: str) -> Interface | None:
    """One interface from its lines, the first of which begins at the margin; None if they are not understood."""
    first, *rest = block.splitlines()
    head = _HEAD.fullmatch(first.rstrip())
    if head is None or not _INDEX.search(head["rest"]):
        return None
    zone, addresses = "", []
    for line in rest:
        words = line.split()
        if len(words) > 1 and words[0] == "zone":
            zone = words[1]
        elif len(words) > 1 and words[0] in {"inet", "inet6"}:
            address = _numeric(words[1].partition("/")[0].partition("%")[0])
            if not address:
                return None
            addresses.append(address)
    return Interface(head["name"], frozenset(head["flags"].split(",")) - {""}, zone, tuple(addresses))


def _numeric(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""
