"""The packets that ask who has an address, and that say it: ARP (RFC 826, 5227) and neighbour discovery (RFC 4861).

Pure: Ethernet frames from and to bytes.
"""

from __future__ import annotations

import ipaddress
import struct

from attrs import frozen

ARP = 0x0806
IPV6 = 0x86DD
"""Ethernet protocols."""
BROADCAST = b"\xff" * 6
ALL_NODES = ipaddress.IPv6Address("ff02::1")
_SOLICITED = int(ipaddress.IPv6Address("ff02::1:ff00:0"))
_REQUEST, _REPLY = 1, 2
_SOLICITATION, _ADVERTISEMENT = 135, 136
_OVERRIDE = 0x20000000
_ICMPV6 = 58


@frozen
class Heard:
    """What a packet says of an address.

    Attributes:
        address: the address, canonical.
        mac: of the machine that says it.
        is_claim: whether it says that it has the address; else it only probes, as it would like to have it.
    """

    address: str
    mac: str
    is_claim: bool


def is_version_6(address: str) -> bool:
    """Whether a numeric address is one of IPv6."""
    return ipaddress.ip_address(address).version == 6


def question(address: str, mac: str, sender: str = "") -> bytes:
    """A frame that asks who has an address.

    Args:
        address: asked about.
        mac: of the interface that asks.
        sender: an address of this node on that interface; empty makes a probe, which says nothing of the asker.
    """
    if is_version_6(address):
        target = ipaddress.IPv6Address(address)
        to = ipaddress.IPv6Address(_SOLICITED | (int(target) & 0xFFFFFF))
        # A question without a sender must not have the option (RFC 4861, 4.3).
        option = b"\x01\x01" + raw_mac(mac) if sender else b""
        body = struct.pack("!I", 0) + target.packed + option
        return _icmpv6(mac, ipaddress.IPv6Address(sender or "::"), to, _SOLICITATION, body)
    return _arp(_REQUEST, mac, sender or "0.0.0.0", address)  # noqa: S104 (no sender, RFC 5227 2.1.1)


def announcements(address: str, mac: str) -> tuple[bytes, ...]:
    """Frames that tell everybody on the segment that an address lies at ``mac`` now."""
    if is_version_6(address):
        own = ipaddress.IPv6Address(address)
        body = struct.pack("!I", _OVERRIDE) + own.packed + b"\x02\x01" + raw_mac(mac)
        return (_icmpv6(mac, own, ALL_NODES, _ADVERTISEMENT, body),)
    # Some systems learn from requests only, some from replies only.
    return _arp(_REQUEST, mac, address, address), _arp(_REPLY, mac, address, address)


def parse_frame(frame: bytes) -> Heard | None:
    """What a frame says of an address; None for any other frame, and for one that is cut or broken."""
    if len(frame) < 14:
        return None
    (protocol,) = struct.unpack_from("!H", frame, 12)
    if protocol == ARP:
        return _parse_arp(frame[14:])
    return _parse_icmpv6(frame[6:12], frame[14:]) if protocol == IPV6 else None


def raw_mac(mac: str) -> bytes:
    """The six bytes of a hardware address as text. Raises ValueError for any other."""
    raw = bytes.fromhex(mac.replace(":", ""))
    if len(raw) != 6:
        raise ValueError(f"{mac!r} is no Ethernet address")
    return raw


def _arp(operation: int, mac: str, sender: str, target: str) -> bytes:
    head = BROADCAST + raw_mac(mac) + struct.pack("!H", ARP)
    # The target's hardware address is not known in a question, and of no meaning in an announcement.
    return (
        head
        + struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation)
        + raw_mac(mac)
        + ipaddress.IPv4Address(sender).packed
        + (b"\0" * 6 if operation == _REQUEST else raw_mac(mac))
        + ipaddress.IPv4Address(target).packed
    )


def _parse_arp(body: bytes) -> Heard | None:
    if len(body) < 28 or struct.unpack_from("!HHBB", body) != (1, 0x0800, 6, 4):
        return None
    mac, sender, target = body[8:14].hex(":"), body[14:18], body[24:28]
    if any(sender):
        return Heard(str(ipaddress.IPv4Address(sender)), mac, is_claim=True)
    return Heard(str(ipaddress.IPv4Address(target)), mac, is_claim=False)


def _icmpv6(mac: str, sender: ipaddress.IPv6Address, to: ipaddress.IPv6Address, kind: int, body: bytes) -> bytes:
    length = 4 + len(body)
    pseudo = sender.packed + to.packed + struct.pack("!II", length, _ICMPV6)
    checksum = _checksum(pseudo + struct.pack("!BBH", kind, 0, 0) + body)
    multicast = b"\x33\x33" + to.packed[-4:]
    return (
        multicast
        + raw_mac(mac)
        + struct.pack("!H", IPV6)
        # Hop limit 255: what comes from another segment is not believed (RFC 4861, 7.1).
        + struct.pack("!IHBB", 6 << 28, length, _ICMPV6, 255)
        + sender.packed
        + to.packed
        + struct.pack("!BBH", kind, 0, checksum)
        + body
    )


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _parse_icmpv6(mac: bytes, body: bytes) -> Heard | None:
    if len(body) < 64 or body[0] >> 4 != 6 or body[6] != _ICMPV6 or body[7] != 255:
        return None
    target = str(ipaddress.IPv6Address(body[48:64]))
    if body[40] == _ADVERTISEMENT:
        return Heard(target, mac.hex(":"), is_claim=True)
    if body[40] == _SOLICITATION and not any(body[8:24]):
        return Heard(target, mac.hex(":"), is_claim=False)
    return None
