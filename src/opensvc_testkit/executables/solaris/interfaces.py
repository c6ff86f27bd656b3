"""Logical interfaces of a Solaris node: which addresses are plumbed, where, and for which zone."""

from __future__ import annotations

from opensvc_testkit.executables.solaris.places import interfaces_of, new_interface

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import Node
    from opensvc_testkit.executables.solaris.shapes import Interface

ANY = "0.0.0.0"  # noqa: S104 - the address of an interface that has none
IPV4_BITS = 32


def physical_of(name: str) -> str:
    """``bge0`` of ``bge0:1``."""
    return name.partition(":")[0]


def add_logical(node: Node, physical: str, address: str = "", prefix: int | None = None, zone: str = "") -> Interface:
    """The next free logical interface on a plumbed one; it is down."""
    here = interfaces_of(node)
    number = 1
    while f"{physical}:{number}" in here:
        number += 1
    made = new_interface(node, f"{physical}:{number}", zone=zone)
    made["address"] = address or ANY
    made["prefix"] = class_prefix(address or ANY) if prefix is None else prefix
    here[made["name"]] = made
    return made


def plumb_net(node: Node, zone: str, net: dict[str, str]) -> str:
    """Plumb what a zone's configuration says; a warning (it does not fail the boot) where the card is not there."""
    address, _, bits = net["address"].partition("/")
    if net["physical"] not in interfaces_of(node):
        return (
            f"WARNING: skipping network interface '{net['physical']}' which may not be present/plumbed in the global"
            " zone."
        )
    made = add_logical(node, net["physical"], address, int(bits) if bits else None, zone)
    made["broadcast"] = broadcast_of(address, made["prefix"])
    made["is_up"] = True
    return ""


def take_away(node: Node, zone: str) -> None:
    """Remove every logical interface that belongs to a zone."""
    here = interfaces_of(node)
    for name in [name for name, each in here.items() if each["zone"] == zone]:
        del here[name]


def short_mac(mac: str) -> str:
    """An Ethernet address as Solaris prints it, ``0:14:4f`` of ``00:14:4f``."""
    return ":".join(part.lstrip("0") or "0" for part in mac.split(":"))


def number_of(address: str) -> int:
    """An IPv4 address as a number."""
    total = 0
    for part in address.split("."):
        total = total * 256 + int(part)
    return total


def address_of(number: int) -> str:
    """An IPv4 address from a number."""
    return ".".join(str(number >> shift & 0xFF) for shift in (24, 16, 8, 0))


def mask_of(prefix: int) -> int:
    """The netmask of a prefix length as a number."""
    return (0xFFFFFFFF << (IPV4_BITS - prefix)) & 0xFFFFFFFF


def prefix_of(mask: int) -> int | None:
    """The prefix length of a netmask, None if its ones are not in one piece."""
    prefix = mask.bit_count()
    return prefix if mask_of(prefix) == mask else None


def class_prefix(address: str) -> int:
    """The prefix length that an address has by its class, for want of a netmask."""
    first = int(address.split(".", maxsplit=1)[0])
    if first == 0:
        return 0
    return 8 if first < 128 else 16 if first < 192 else 24


def broadcast_of(address: str, prefix: int) -> str:
    """The broadcast address of a network."""
    return address_of(number_of(address) | (~mask_of(prefix) & 0xFFFFFFFF))
