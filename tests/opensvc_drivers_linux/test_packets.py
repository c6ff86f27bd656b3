"""Frames that ask for an address and that announce one."""

from __future__ import annotations

import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_drivers_linux.packets import Heard, announcements, parse_frame, question, raw_mac

MAC = "52:54:00:0a:0b:0c"
macs = st.binary(min_size=6, max_size=6).map(lambda raw: raw.hex(":"))
# A sender of all zeros is what makes a probe.
addresses = st.ip_addresses().filter(lambda address: int(address) != 0).map(str)


def test_an_arp_probe_is_what_rfc_5227_says() -> None:
    frame = question("10.77.0.50", MAC)
    assert frame.hex() == (
        "ffffffffffff" "5254000a0b0c" "0806" "0001" "0800" "06" "04" "0001"
        "5254000a0b0c" "00000000" "000000000000" "0a4d0032"
    )  # fmt: skip


def test_a_question_for_an_ipv6_address_goes_to_its_solicited_node_group() -> None:
    frame = question("fd00::12:3456", MAC, "fd00::1")
    assert frame[:6].hex() == "3333ff123456"
    assert frame[38:54] == ipaddress.IPv6Address("ff02::1:ff12:3456").packed
    assert frame[21] == 255, "what comes over a router is not believed"
    assert frame[-8:].hex() == "01015254000a0b0c"
    assert len(question("fd00::12:3456", MAC)) == len(frame) - 8, "without a sender there is no option"


@given(macs, addresses, addresses)
def test_the_checksum_of_icmpv6_adds_up(mac: str, address: str, sender: str) -> None:
    v6 = str(ipaddress.IPv6Address(int(ipaddress.ip_address(address))))
    for frame in (question(v6, mac), *announcements(v6, mac)):
        body = frame[54:]
        pseudo = frame[22:54] + struct.pack("!II", len(body), 58)
        total = sum(struct.unpack(f"!{(len(pseudo) + len(body)) // 2}H", pseudo + body))
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        assert total == 0xFFFF


@given(macs, addresses)
def test_an_announcement_is_heard_as_a_claim_and_a_probe_as_a_probe(mac: str, address: str) -> None:
    for frame in announcements(address, mac):
        assert parse_frame(frame) == Heard(address, mac, is_claim=True)
    assert parse_frame(question(address, mac)) == Heard(address, mac, is_claim=False)


@given(macs, addresses)
def test_a_question_with_a_sender_claims_nothing_but_the_sender(mac: str, address: str) -> None:
    sender = "10.77.0.1" if ipaddress.ip_address(address).version == 4 else "fd00::1"
    heard = parse_frame(question(address, mac, sender))
    assert heard in {None, Heard(sender, mac, is_claim=True)}


@given(st.binary() | st.binary(max_size=60).map(lambda tail: b"\xff" * 12 + b"\x08\x06" + tail))
def test_any_frame_is_read_or_passed_over(frame: bytes) -> None:
    heard = parse_frame(frame)
    assert heard is None or str(ipaddress.ip_address(heard.address)) == heard.address


@given(addresses, st.integers(0, 200))
def test_a_frame_that_was_cut_says_nothing(address: str, length: int) -> None:
    for frame in (question(address, MAC), *announcements(address, MAC)):
        needed = 42 if ipaddress.ip_address(address).version == 4 else 78
        if length < needed:
            assert parse_frame(frame[:length]) is None


def test_what_came_over_a_router_is_not_believed() -> None:
    (frame,) = announcements("fd00::5", MAC)
    assert parse_frame(frame[:21] + b"\x40" + frame[22:]) is None


@pytest.mark.parametrize("mac", ["", "00:11:22", "80:00:02:08:fe:80:00:00:00:00", "zz:zz:zz:zz:zz:zz"])
def test_what_is_no_ethernet_address_is_refused(mac: str) -> None:
    with pytest.raises(ValueError, match=r"Ethernet|hexadecimal"):
        raw_mac(mac)
