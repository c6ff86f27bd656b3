"""What Solaris' ``ifconfig`` prints of interfaces ([R] but for the order of things: as its manual shows them)."""

from __future__ import annotations

from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.solaris.interfaces import ANY, mask_of, physical_of, short_mac
from opensvc_testkit.executables.solaris.places import system_of, zones_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from opensvc_testkit.executables.shapes import Node
    from opensvc_testkit.executables.solaris.shapes import Interface

LOOPBACK = "lo0"
LOOPBACK_LINE = "flags=2001000849<UP,LOOPBACK,RUNNING,MULTICAST,IPv4,VIRTUAL> mtu 8232 index 1"
LOOPBACK_V6 = "lo0: flags=2002000849<UP,LOOPBACK,RUNNING,MULTICAST,IPv6,VIRTUAL> mtu 8252 index 1\n\tinet6 ::1/128 \n"
UP = "flags=1000843<UP,BROADCAST,RUNNING,MULTICAST,IPv4>"
DOWN = "flags=1000842<BROADCAST,RUNNING,MULTICAST,IPv4>"


def listing(node: Node, shown: Iterable[Interface], words: list[str], *, inside: bool = False) -> Answer:
    """``ifconfig -a``, ``-a4``, ``NAME``; of the whole node, or of one guest (``inside``)."""
    asked = [word for word in words if not word.startswith("-") and word not in ("inet", "inet6")]
    flags = "".join(word[1:] for word in words if word.startswith("-"))
    if len(asked) > 1 or set(flags) - set("a46uZz"):
        raise NotSimulatedError("ifconfig " + " ".join(words))
    links = system_of(node)["links"]
    ordered = sorted(shown, key=lambda each: _order(each["name"]))
    blocks = {LOOPBACK: _loopback(LOOPBACK, "")}
    if not inside:
        with_id = [zone["name"] for zone in zones_of(node).values() if zone["id"] and zone["ip_type"] == "shared"]
        blocks.update({f"{LOOPBACK}:{number}": _loopback(f"{LOOPBACK}:{number}", name)
                       for number, name in enumerate(with_id, start=1)})  # fmt: skip
    for each in ordered:
        blocks[each["name"]] = _block(each, links, inside=inside)
    if asked:
        if asked[0] not in blocks:
            return Answer(1, "", f"ifconfig: status: SIOCGLIFFLAGS: {asked[0]}: no such interface\n")
        return Answer(0, blocks[asked[0]])
    if "a" not in flags:
        raise NotSimulatedError("ifconfig " + " ".join(words))
    only_v6 = "6" in flags or "inet6" in words
    text = "" if only_v6 else "".join(blocks.values())
    if system_of(node)["release"] != "10" and "4" not in flags and "inet" not in words:
        text += LOOPBACK_V6
    return Answer(0, text)


def _order(name: str) -> tuple[str, int]:
    physical, _, number = name.partition(":")
    return physical, int(number or 0)


def _zone_line(zone: str, *, inside: bool = False) -> str:
    return "" if inside or not zone else f"\tzone {zone}\n"


def _loopback(name: str, zone: str) -> str:
    return f"{name}: {LOOPBACK_LINE}\n{_zone_line(zone)}\tinet 127.0.0.1 netmask ff000000 \n"


def _block(each: Interface, links: list[str], *, inside: bool) -> str:
    physical = physical_of(each["name"])
    index = links.index(physical) + 2 if physical in links else 9
    lines = f"{each['name']}: {UP if each['is_up'] else DOWN} mtu 1500 index {index}\n"
    lines += _zone_line(each["zone"], inside=inside)
    lines += f"\tinet {each['address']} netmask {_hex(mask_of(each['prefix']))}"
    lines += f" broadcast {each['broadcast']}\n" if each["broadcast"] and each["address"] != ANY else "\n"
    if physical == each["name"]:
        lines += f"\tether {short_mac(each['mac'])} \n"
    return lines


def _hex(mask: int) -> str:
    return f"{mask:x}" if mask else "0"
