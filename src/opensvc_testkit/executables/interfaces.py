"""What ``ip`` and ``ifconfig`` print of adapters and addresses (captured: iproute2 6.1.0, net-tools 2.10)."""

from __future__ import annotations

from opensvc_testkit.executables.call import Answer, NotSimulatedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import Address

LOOPBACK = "lo"


class Interface:
    """One adapter with its addresses (text, prefix length)."""

    __slots__ = ("addresses", "mac", "name", "number")

    def __init__(self, number: int, name: str, mac: str) -> None:
        self.number = number
        self.name = name
        self.mac = mac
        self.addresses: list[tuple[str, int]] = []


def of_addresses(addresses: list[Address]) -> list[Interface]:
    """Loopback, and the adapters that carry these addresses."""
    loopback = Interface(1, LOOPBACK, "00:00:00:00:00:00")
    loopback.addresses.append(("127.0.0.1", 8))
    found = {LOOPBACK: loopback}
    for address in addresses:
        device = address["device"]
        if device not in found:
            found[device] = Interface(len(found) + 1, device, address["mac"])
        found[device].addresses.append((address["address"], address["prefix"]))
    return list(found.values())


def ip(words: list[str], interfaces: list[Interface]) -> Answer:
    """``ip [-j] [-4] addr [show] [[dev] NAME]``."""
    as_json = any(word in ("-j", "-json") for word in words)
    rest = [word for word in words if not word.startswith("-")]
    if not rest or not "address".startswith(rest[0]):
        raise NotSimulatedError("ip " + " ".join(words))
    rest = rest[1:]
    if rest[:1] in (["show"], ["list"], ["sh"], ["ls"]):
        rest = rest[1:]
    if rest[:1] == ["dev"]:
        rest = rest[1:]
    shown = [each for each in interfaces if not rest or each.name == rest[0]]
    if not shown:
        return Answer(1, "", f'Device "{rest[0]}" does not exist.\n')
    if as_json:
        return Answer(0, "[" + ",".join(_json(each) for each in shown) + "]\n")
    return Answer(0, "".join(_text(each) for each in shown))


def _is_v6(address: str) -> bool:
    return ":" in address


def _json(each: Interface) -> str:
    loopback = each.name == LOOPBACK
    flags = '"LOOPBACK","UP","LOWER_UP"' if loopback else '"BROADCAST","MULTICAST","UP","LOWER_UP"'
    addresses = ",".join(
        f'{{"family":"{"inet6" if _is_v6(address) else "inet"}","local":"{address}","prefixlen":{prefix},'
        f'"scope":"{"host" if loopback else "global"}","label":"{each.name}","valid_life_time":4294967295,'
        f'"preferred_life_time":4294967295}}'
        for address, prefix in each.addresses
    )
    return (
        f'{{"ifindex":{each.number},"ifname":"{each.name}","flags":[{flags}],"mtu":{65536 if loopback else 1500},'
        f'"qdisc":"{"noqueue" if loopback else "fq_codel"}","operstate":"{"UNKNOWN" if loopback else "UP"}",'
        f'"group":"default","txqlen":1000,"link_type":"{"loopback" if loopback else "ether"}","address":"{each.mac}",'
        f'"broadcast":"{"00:00:00:00:00:00" if loopback else "ff:ff:ff:ff:ff:ff"}","addr_info":[{addresses}]}}'
    )


def _text(each: Interface) -> str:
    loopback = each.name == LOOPBACK
    flags = "LOOPBACK,UP,LOWER_UP" if loopback else "BROADCAST,MULTICAST,UP,LOWER_UP"
    queue = "65536 qdisc noqueue state UNKNOWN" if loopback else "1500 qdisc fq_codel state UP"
    kind, broadcast = ("loopback", "00:00:00:00:00:00") if loopback else ("ether", "ff:ff:ff:ff:ff:ff")
    lines = [
        f"{each.number}: {each.name}: <{flags}> mtu {queue} group default qlen 1000",
        f"    link/{kind} {each.mac} brd {broadcast}",
    ]
    for address, prefix in each.addresses:
        family, scope = "inet6" if _is_v6(address) else "inet", "host" if loopback else "global"
        lines += [f"    {family} {address}/{prefix} scope {scope} {each.name}",
                  "       valid_lft forever preferred_lft forever"]  # fmt: skip
    return "".join(f"{line}\n" for line in lines)


def ifconfig(words: list[str], interfaces: list[Interface]) -> Answer:
    """``ifconfig [-a] [NAME]``."""
    rest = [word for word in words if not word.startswith("-")]
    shown = [each for each in interfaces if not rest or each.name == rest[0]]
    if not shown:
        return Answer(1, "", f"{rest[0]}: error fetching interface information: Device not found\n")
    return Answer(0, "".join(_ifconfig(each) for each in shown))


def _ifconfig(each: Interface) -> str:
    loopback = each.name == LOOPBACK
    head = (
        "flags=73<UP,LOOPBACK,RUNNING>  mtu 65536"
        if loopback
        else "flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500"
    )
    lines = [f"{each.name}: {head}"]
    for address, prefix in each.addresses:
        if _is_v6(address):
            lines.append(f"        inet6 {address}  prefixlen {prefix}  scopeid 0x0<global>")
        else:
            lines.append(f"        inet {address}  netmask {netmask(prefix)}")
    lines += [
        "        loop  txqueuelen 1000  (Local Loopback)"
        if loopback
        else f"        ether {each.mac}  txqueuelen 1000  (Ethernet)",
        "        RX packets 33  bytes 3461 (3.3 KiB)",
        "        RX errors 0  dropped 0  overruns 0  frame 0",
        "        TX packets 33  bytes 3461 (3.3 KiB)",
        "        TX errors 0  dropped 0 overruns 0  carrier 0  collisions 0",
        "",
    ]
    return "".join(f"{line}\n" for line in lines)


def netmask(prefix: int) -> str:
    """``255.255.255.0`` of 24."""
    bits = (0xFFFFFFFF << (32 - prefix)) & 0xFFFFFFFF
    return ".".join(str(bits >> shift & 0xFF) for shift in (24, 16, 8, 0))
