"""Simulated ``ip``, ``ifconfig`` and ``arp`` of a node: its own adapter ``br0`` and its neighbours."""

from __future__ import annotations

from opensvc_testkit.executables import interfaces, life
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.network import NODE_MAC, answering_macs, is_address
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import World

BRIDGE = "br0"
ARP_HEADER = "Address                  HWtype  HWaddress           Flags Mask            Iface"


def run(call: Call) -> Answer:
    """Answer one call of the three."""
    with call.store.opened() as world:
        life.settle(call.store.folder, world, now(world))
        address = call.here(world)["address"]
        macs = neighbours(world, address)
    own = interfaces.of_addresses(
        [{"address": address, "prefix": 24, "device": BRIDGE, "mac": NODE_MAC}] if address else []
    )
    words = [word for word in call.words if not word.startswith("-")]
    if call.name == "ifconfig":
        return interfaces.ifconfig(call.words, own)
    if call.name == "arp":
        return _arp(words, macs)
    if words and len(words[0]) > 1 and "neighbour".startswith(words[0]):
        return _neigh(words[1:], macs, as_json=any(word in ("-j", "-json") for word in call.words))
    return interfaces.ip(call.words, own)


def neighbours(world: World, own: str) -> dict[str, str]:
    """MAC address of every address that answers now: as if it had just been pinged. The last of several wins."""
    known = [address["address"] for guest in world["guests"].values() for address in guest["addresses"]]
    known += [other["address"] for other in [*world["nodes"].values(), *world["machines"].values()]]
    found = {}
    for address in known:
        macs = answering_macs(world, address, now(world)) if address and address != own else []
        if macs:
            found[address] = macs[-1]
    return found


def _neigh(words: list[str], macs: dict[str, str], *, as_json: bool) -> Answer:
    rest = [word for word in words if word not in ("show", "to", "list")]
    device = BRIDGE
    if "dev" in rest:
        at = rest.index("dev")
        device = rest[at + 1]
        del rest[at : at + 2]
    if any(not is_address(word) for word in rest):
        raise NotSimulatedError("ip neigh " + " ".join(words))
    shown = {address: mac for address, mac in macs.items() if (not rest or address in rest) and device == BRIDGE}
    # The device is left out of what was asked for one device (captured).
    said_device = "dev" not in words
    if as_json:
        named = f'"dev":"{BRIDGE}",' if said_device else ""
        entries = ",".join(
            f'{{"dst":"{address}",{named}"lladdr":"{mac}","state":["REACHABLE"]}}' for address, mac in shown.items()
        )
        return Answer(0, f"[{entries}]\n")
    named = f"dev {BRIDGE} " if said_device else ""
    return Answer(0, "".join(f"{address} {named}lladdr {mac} REACHABLE \n" for address, mac in shown.items()))


def _arp(words: list[str], macs: dict[str, str]) -> Answer:
    if not words:
        shown = macs
    else:
        shown = {address: mac for address, mac in macs.items() if address == words[0]}
        if not shown:
            return Answer(1, f"{words[0]} ({words[0]}) -- no entry\n")
    lines = [f"{address:<24} {'ether':<7} {mac:<19} {'C':<5} {'':<15} {BRIDGE}" for address, mac in shown.items()]
    return Answer(0, "".join(f"{line}\n" for line in [ARP_HEADER, *lines]))
