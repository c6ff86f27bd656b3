"""Where a node's Solaris state lies in the simulated world; each part is made when it is first asked for."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from opensvc_testkit.executables.shapes import Node
    from opensvc_testkit.executables.solaris.shapes import (
        ImportedPool,
        Interface,
        System,
        VirtualDisks,
        Zone,
    )

NEWEST = "11.4"
"""Release of a node that nobody declared."""
FIRST_HOSTID = 0x84A1B2C0


def _place(node: Node, name: str) -> dict[str, Any]:
    return node["platforms"].setdefault(name, {})


def system_of(node: Node) -> System:
    """The operating system of a node. Its hostid comes from its name, so that two nodes have two."""
    place = _place(node, "solaris")
    if not place:
        number = sum((index + 1) * ord(char) for index, char in enumerate(node["name"]))
        place.update(
            {
                "release": NEWEST,
                "hostid": FIRST_HOSTID + number,
                "links": ["net0"],
                "missing_folders": [],
                "modes": {},
                "is_privileged": True,
                "next_zone": 1,
            }
        )
    found: System = place  # type: ignore[assignment]  # as filled above
    return found


def zones_of(node: Node) -> dict[str, Zone]:
    """Zones that a node knows, by name, in the order of ``/etc/zones/index``; the global one is not among them."""
    return _place(node, "zones")


def domains_of(node: Node) -> VirtualDisks:
    """What the Logical Domains Manager of a node knows."""
    place = _place(node, "ldm")
    if not place:
        place.update({"version": "1.11", "domains": {}, "services": {}})
    found: VirtualDisks = place  # type: ignore[assignment]  # as filled above
    return found


def imported_of(node: Node) -> dict[str, ImportedPool]:
    """Pools that a node has imported, by the name that they have there."""
    return _place(node, "zfs")


def interfaces_of(node: Node) -> dict[str, Interface]:
    """Logical interfaces of a node, by name; loopback is not among them."""
    place: dict[str, Interface] = _place(node, "interfaces")
    if not place:
        link = system_of(node)["links"][0]
        place[link] = new_interface(node, link, node["address"])
        place[link]["broadcast"] = f"{node['address'].rpartition('.')[0]}.255" if node["address"] else ""
    return place


def mac_of(node: Node, physical: str) -> str:
    """The Ethernet address of a card of a node."""
    links = system_of(node)["links"]
    index = links.index(physical) if physical in links else 99
    return (
        f"00:14:4f:{sum((place + 1) * ord(char) for place, char in enumerate(node['name'])) % 256:02x}:00:{index:02x}"
    )


def new_interface(node: Node, name: str, address: str = "", zone: str = "") -> Interface:
    """A plumbed interface; one with an address is up."""
    return {
        "name": name,
        "address": address or "0.0.0.0",  # noqa: S104 - what an interface without an address shows
        "prefix": 24 if address else 0,
        "broadcast": "",
        "zone": zone,
        "mac": mac_of(node, name.partition(":")[0]),
        "is_up": bool(address),
    }
