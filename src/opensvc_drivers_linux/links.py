"""The interfaces of a node and their addresses, from what ``ip -j addr show`` prints; pure."""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator


@frozen
class Plumbed:
    """One address of an interface.

    Attributes:
        address: canonical text, without prefix and zone.
        prefix: length of the network part, in bits.
        is_secondary: goes with the primary address of its network, unless the kernel promotes secondaries.
        is_tentative: IPv6: the kernel still looks for duplicates, nothing can be reached under it.
        is_duplicate: IPv6: the kernel found that another machine has it (``dadfailed``).
    """

    address: str
    prefix: int
    is_secondary: bool = False
    is_tentative: bool = False
    is_duplicate: bool = False

    @property
    def network(self) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
        """The network that the address lies in by its prefix."""
        return ipaddress.ip_network(f"{self.address}/{self.prefix}", strict=False)


@frozen
class Link:
    """One interface.

    Attributes:
        name: as the kernel knows it.
        flags: as ``ip`` names them.
        kind: of the link layer: ``ether``, ``loopback``, …
        mac: hardware address, empty where it has none.
        addresses: in the kernel's order.
    """

    name: str
    flags: frozenset[str] = frozenset()
    kind: str = "ether"
    mac: str = ""
    addresses: tuple[Plumbed, ...] = field(default=())

    @property
    def is_up(self) -> bool:
        """Whether somebody has switched it on."""
        return "UP" in self.flags

    @property
    def has_neighbours(self) -> bool:
        """Whether machines on it find each other by hardware addresses."""
        return self.kind == "ether" and bool(self.mac) and not {"LOOPBACK", "NOARP"} & self.flags

    @property
    def has_carrier(self) -> bool:
        """Whether there is something at the other end: a cable, a port of a bridge."""
        return "LOWER_UP" in self.flags and "NO-CARRIER" not in self.flags

    def find(self, address: str) -> Plumbed | None:
        """An address of this interface, None if it does not have it."""
        return next((each for each in self.addresses if each.address == address), None)


def parse_links(text: str) -> tuple[Link, ...] | None:
    """Read the output of ``ip -j addr show``; None if it is not a whole, sensible answer, as then nothing is known."""
    try:
        entries: Any = json.loads(text)
        # Some versions of ip print an empty object for what a filter leaves out.
        links = tuple(_link(entry) for entry in entries if entry != {})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return links or None


def bearers(address: str, links: tuple[Link, ...]) -> Iterator[Link]:
    """The interfaces that have an address."""
    return (link for link in links if link.find(address) is not None)


def _link(entry: Any) -> Link:
    return Link(
        _text(entry["ifname"]),
        frozenset(_text(flag) for flag in entry["flags"]),
        _text(entry.get("link_type", "")),
        _text(entry.get("address", "")),
        tuple(_addresses(entry["addr_info"])),
    )


def _addresses(entries: Any) -> Iterator[Plumbed]:
    for entry in entries:
        if entry and entry.get("family") in {"inet", "inet6"}:
            address = ipaddress.ip_address(_text(entry["local"]))
            yield Plumbed(
                str(address),
                _prefix(entry["prefixlen"], address.max_prefixlen),
                bool(entry.get("secondary")),
                bool(entry.get("tentative")),
                bool(entry.get("dadfailed")),
            )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _prefix(value: Any, most: int) -> int:
    if not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(value)
    return value


def prefix_length(netmask: str, address: str, link: Link | None) -> int:
    """Length of the network part for an address.

    Args:
        netmask: ``24``, ``/24``, ``255.255.255.0``, ``/64``; empty for that of the network on ``link`` that the
            address lies in.
        address: numeric.
        link: the interface.

    Raises:
        ValueError: the netmask is none for this address, or there is none to take; the message says which.
    """
    numeric = ipaddress.ip_address(address)
    word = netmask.strip().removeprefix("/")
    if word:
        try:
            # A number, or for IPv4 a mask; a mask turned round (0.0.0.255) would be taken too, and is not meant.
            network = ipaddress.ip_network(f"{address}/{word}", strict=False)
        except ValueError:
            network = None
        if network is None or (not word.isdecimal() and str(network.netmask) != word):
            raise ValueError(f"{netmask!r} is no netmask or prefix length for {address}")
        return network.prefixlen
    for plumbed in link.addresses if link else ():
        # A /32 or /128 is a single address, and link-local networks lie on every interface.
        if plumbed.prefix < numeric.max_prefixlen and numeric in plumbed.network:
            return plumbed.prefix
    where = link.name if link else "the interface"
    raise ValueError(f"{where} has no address in a network that {address} lies in, so its netmask must be given")
