"""Simulated ``netstat -win`` and ``ifconfig`` of HP-UX, of a node and in a guest.

The lines of an interface are what parsers rely on; columns of ``netstat``, and that ``-a`` is unknown to ``ifconfig``,
are [R].
"""

from __future__ import annotations

import os

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.hpux.options import on_terminal
from opensvc_testkit.executables.interfaces import netmask
from opensvc_testkit.executables.network import NODE_MAC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Address

ADAPTER = "lan0"
IPV4 = ["IPv4:", "Name      Mtu  Network         Address                Ipkts   Ierrs Opkts   Oerrs Coll"]
IPV6 = ["IPv6:", "Name      Mtu  Address/Prefix                          Ipkts   Ierrs Opkts   Oerrs Coll"]


def run(call: Call) -> Answer:
    """Answer one call; in a guest there is a terminal library of its own, and ssh gives it no terminal."""
    return _simulate(call) if call.name.startswith("guest-") else on_terminal(call, _simulate)


def _simulate(call: Call) -> Answer:
    with call.store.opened() as world:
        if call.name.startswith("guest-"):
            name = os.environ.get("SIMULATED_GUEST", "")
            addresses = (world["guests"].get(name) or life.new_guest(name))["addresses"]
        else:
            own = call.here(world)["address"]
            addresses = [{"address": own, "prefix": 24, "device": ADAPTER, "mac": NODE_MAC}] if own else []
    if call.name.endswith("netstat"):
        if call.words != ["-win"]:
            raise NotSimulatedError("netstat " + " ".join(call.words))
        return _netstat(addresses)
    return _ifconfig(call.words, addresses)


def _netstat(addresses: list[Address]) -> Answer:
    lines = [*IPV4]
    more = [*IPV6]
    for each in addresses:
        if ":" in each["address"]:
            named = f"{each['address']}/{each['prefix']}"
            more.append(f"{each['device']:<9} 1500 {named:<39} {33:<7} {0:<5} {33:<7} {0:<5} {0}")
        else:
            lines.append(
                f"{each['device']:<9} 1500 {_network(each):<15} {each['address']:<22} {33:<7} {0:<5} {33:<7} {0:<5} {0}"
            )
    lines.append(f"{'lo0':<9} 4136 {'127.0.0.0':<15} {'127.0.0.1':<22} {33:<7} {0:<5} {33:<7} {0:<5} {0}")
    if len(more) > len(IPV6):
        lines += ["", *more]
    return Answer(0, "".join(f"{line}\n" for line in lines))


def _number(text: str) -> int:
    found = 0
    for part in text.split("."):
        found = found * 256 + int(part)
    return found


def _text(number: int) -> str:
    return ".".join(str(number >> shift & 0xFF) for shift in (24, 16, 8, 0))


def _network(each: Address) -> str:
    return _text(_number(each["address"]) & _number(netmask(each["prefix"])))


def _ifconfig(words: list[str], addresses: list[Address]) -> Answer:
    if len(words) != 1 or words[0].startswith("-"):
        return Answer(1, "", "ifconfig: no such interface\n" if words else "usage: ifconfig interface\n")
    if words[0] == "lo0":
        return Answer(0, "lo0: flags=849<UP,LOOPBACK,RUNNING,MULTICAST>\n\tinet 127.0.0.1 netmask ff000000 \n")
    found = [each for each in addresses if each["device"] == words[0]]
    if not found:
        return Answer(1, "", "ifconfig: no such interface\n")
    lines = [f"{words[0]}: flags=1843<UP,BROADCAST,RUNNING,MULTICAST,CKO>"]
    for each in found:
        if ":" in each["address"]:
            lines.append(f"\tinet6 {each['address']} prefix {each['prefix']}")
            continue
        mask = _number(netmask(each["prefix"]))
        last = _text(_number(each["address"]) | (0xFFFFFFFF ^ mask))
        lines.append(f"\tinet {each['address']} netmask {mask:08x} broadcast {last}")
    return Answer(0, "".join(f"{line}\n" for line in lines))
