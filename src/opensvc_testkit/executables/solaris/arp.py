"""Simulated ``arp`` of Solaris: one host, or the table ([R], as its manual shows them)."""

from __future__ import annotations

from opensvc_testkit.executables import life
from opensvc_testkit.executables.addresses import neighbours
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.network import resolve
from opensvc_testkit.executables.solaris.interfaces import short_mac
from opensvc_testkit.executables.solaris.places import interfaces_of, system_of
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call

HEADER = """Net to Media Table: IPv4
Device   IP Address               Mask      Flags      Phys Addr
------ -------------------- --------------- -------- ---------------
"""


def run(call: Call) -> Answer:
    """Answer one ``arp`` call."""
    flags = "".join(word[1:] for word in call.words if word.startswith("-"))
    hosts = [word for word in call.words if not word.startswith("-")]
    if set(flags) - set("an") or len(hosts) > 1 or (not hosts and "a" not in flags):
        raise NotSimulatedError("arp " + " ".join(call.words))
    with call.store.opened() as world:
        life.settle(call.store.folder, world, now(world))
        node = call.here(world)
        link = system_of(node)["links"][0]
        own = {each["address"] for each in interfaces_of(node).values()}
        macs = {address: short_mac(mac) for address, mac in neighbours(world, node["address"]).items()
                if address not in own}  # fmt: skip
        if not hosts:
            lines = [f"{link:<6} {address:<20} 255.255.255.255          {mac}" for address, mac in macs.items()]
            return Answer(0, HEADER + "".join(f"{line}\n" for line in lines))
        found = resolve(world, hosts[0])
    if not found:
        return Answer(1, "", f"arp: {hosts[0]}: unknown host\n")
    if found[0] not in macs:
        return Answer(1, f"{hosts[0]} ({found[0]}) -- no entry\n")
    return Answer(0, f"{hosts[0]} ({found[0]}) at {macs[found[0]]}\n")
