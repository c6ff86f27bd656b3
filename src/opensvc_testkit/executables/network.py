"""Who is on the simulated network: guests, nodes, other machines; by name and by address."""

from __future__ import annotations

from opensvc_testkit.executables import life

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.life import Living
    from opensvc_testkit.executables.shapes import Guest, World

NODE_MAC = "52:54:00:00:00:fe"


def resolve(world: World, name: str) -> list[str]:
    """Addresses of a name, or the address itself; empty if nobody has that name."""
    if is_address(name):
        return [name]
    found = [
        address["address"]
        for guest in world["guests"].values()
        if name in (guest["name"], guest["hostname"])
        for address in guest["addresses"]
    ]
    others = [*world["nodes"].values(), *world["machines"].values()]
    found += [other["address"] for other in others if other["name"] == name and other["address"]]
    return list(dict.fromkeys(found))


def is_address(word: str) -> bool:
    """Whether this is an IPv4 or IPv6 address as numbers."""
    parts = word.split(".")
    return ":" in word or (len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts))


def answering_macs(world: World, address: str, now: float) -> list[str]:
    """MAC addresses of all that answer at an address now; more than one is a duplicate address."""
    found = [
        each["mac"]
        for guest in world["guests"].values()
        for each in guest["addresses"]
        if each["address"] == address
        and any(life.answers_ping(domain, now) for _, domain in life.where_active(world, guest["name"]))
    ]
    found += [each["mac"] for each in world["machines"].values() if each["address"] == address and each["answers"]]
    for node in world["nodes"].values():
        # A node of Solaris keeps its addresses there, and plumbs more for its zones.
        plumbed = node["platforms"].get("interfaces")
        if plumbed:
            found += [each["mac"] for each in plumbed.values() if each["address"] == address and each["is_up"]]
        elif node["address"] == address:
            found.append(NODE_MAC)
    return found


def find_guest(world: World, word: str) -> Guest | None:
    """The guest that a name or an address means."""
    for guest in world["guests"].values():
        if word in (guest["name"], guest["hostname"]) or any(each["address"] == word for each in guest["addresses"]):
            return guest
    return None


def running_domain(world: World, guest: Guest, now: float) -> Living | None:
    """Where this guest answers now; the first, if it runs on several nodes."""
    found = [domain for _, domain in life.where_active(world, guest["name"])]
    return next((domain for domain in found if life.answers_ping(domain, now)), None)
