"""Addresses from what each system's tools print: captured here where it could be, else as its manual shows it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.builtin.parse_addresses import canonical_address, interfaces_with, is_same_device, parse_addresses
from opensvc_core.clock import Cancel
from opensvc_core.host import Command
from opensvc_core.host.local import LocalHost
from tests.opensvc_core.world import have_program

LISTINGS = (("ip", "-j", "addr", "show"), ("ip", "addr", "show"), ("ifconfig", "-a"), ("busybox", "ip", "addr"))
IPROUTE2 = """\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: eth0@if5: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1400 qdisc pfifo_fast state UP group default qlen 1000
    link/ether 02:fc:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 10.0.0.5/24 brd 10.0.0.255 scope global eth0
       valid_lft forever preferred_lft forever
    inet6 fe80::fc:ff:fe00:1/64 scope link
       valid_lft forever preferred_lft forever
3: eth1: <BROADCAST> mtu 1500 qdisc noop qlen 1000
"""
NET_TOOLS = """\
eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500
        inet 10.0.0.5  netmask 255.255.255.0  broadcast 10.0.0.255
        inet6 fe80::fc:ff:fe00:1  prefixlen 64  scopeid 0x20<link>
        ether 02:fc:00:00:00:01  txqueuelen 1000  (Ethernet)
        RX packets 5  bytes 300 (300.0 B)

lo: flags=73<UP,LOOPBACK,RUNNING>  mtu 65536
        inet 127.0.0.1  netmask 255.0.0.0
"""
BUSYBOX = """\
eth0      Link encap:Ethernet  HWaddr 52:54:00:12:34:56
          inet addr:10.0.0.5  Bcast:10.0.0.255  Mask:255.255.255.0
          inet6 addr: fe80::fc:ff:fe00:1/64 Scope:Link
          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1

lo        Link encap:Local Loopback
          inet addr:127.0.0.1  Mask:255.0.0.0
"""
SUNOS = """\
lo0: flags=2001000849<UP,LOOPBACK,RUNNING,MULTICAST,IPv4,VIRTUAL> mtu 8232 index 1
\tinet 127.0.0.1 netmask ff000000
eth0: flags=1000843<UP,BROADCAST,RUNNING,MULTICAST,IPv4> mtu 1500 index 2
\tinet 0.0.0.0 netmask 0
eth0:1: flags=1000843<UP,BROADCAST,RUNNING,MULTICAST,IPv4> mtu 1500 index 2
\tinet 10.0.0.5 netmask ffffff00 broadcast 10.0.0.255
eth0: flags=2000841<UP,RUNNING,MULTICAST,IPv6> mtu 1500 index 2
\tinet6 fe80::fc:ff:fe00:1/10
"""
HPUX = """\
eth0: flags=1843<UP,BROADCAST,RUNNING,MULTICAST,CKO>
\tinet 10.0.0.5 netmask ffffff00 broadcast 10.0.0.255
"""
FREEBSD = """\
eth0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> metric 0 mtu 1500
\toptions=80028<VLAN_MTU,JUMBO_MTU,LINKSTATE>
\tether 02:fc:00:00:00:01
\tinet 10.0.0.5 netmask 0xffffff00 broadcast 10.0.0.255
\tinet6 fe80::fc:ff:fe00:1%eth0 prefixlen 64 scopeid 0x1
\tmedia: Ethernet 10Gbase-T <full-duplex>
"""
JSON = json.dumps(
    [
        {"ifname": "lo", "addr_info": [{"family": "inet", "local": "127.0.0.1", "prefixlen": 8}]},
        {},
        {"ifname": "eth0", "addr_info": [{"local": "10.0.0.5"}, {"local": "fe80::fc:ff:fe00:1"}, {}]},
        {"ifname": "eth1", "addr_info": []},
    ]
)


@pytest.mark.parametrize("text", [IPROUTE2, NET_TOOLS, BUSYBOX, SUNOS, HPUX, FREEBSD, JSON])
def test_finds_the_address_on_its_interface(text: str) -> None:
    table = parse_addresses(text)
    assert table is not None
    bearers = interfaces_with("10.0.0.5", table)
    assert len(bearers) == 1
    assert is_same_device(bearers[0], "eth0")
    assert interfaces_with("10.0.0.255", table) == ()
    assert interfaces_with("10.0.0.50", table) == ()


@pytest.mark.parametrize("text", [IPROUTE2, NET_TOOLS, BUSYBOX, SUNOS, FREEBSD, JSON])
def test_finds_addresses_of_version_6_in_any_spelling(text: str) -> None:
    table = parse_addresses(text)
    assert table is not None
    assert interfaces_with("FE80:0:0:0:fc:ff:fe00:1", table) == ("eth0",)


def test_an_interface_without_addresses_is_known() -> None:
    table = parse_addresses(IPROUTE2)
    assert table is not None
    assert table["eth1"] == frozenset()


@pytest.mark.parametrize("text", ["", "sh: ip: not found\n", "[]", "[1, null]", "[{}]", "[" * 100_000, '{"a": 1}'])
def test_a_text_without_interfaces_tells_nothing(text: str) -> None:
    assert parse_addresses(text) is None


@pytest.mark.parametrize("argv", [argv for argv in LISTINGS if have_program(argv[0])], ids=" ".join)
def test_reads_this_machine(argv: tuple[str, ...]) -> None:
    table = parse_addresses(LocalHost("here").execute(Command(argv), Cancel()).stdout)
    assert table is not None
    assert interfaces_with("127.0.0.1", table) == ("lo",)


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    table = parse_addresses(text)
    assert table is None or table


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,8}[0-9]{0,3}", fullmatch=True), st.ip_addresses().map(str), min_size=1, max_size=5
    )
)
def test_every_form_gives_the_same_table(wanted: dict[str, str]) -> None:
    expected = {name: frozenset({canonical_address(address)}) for name, address in wanted.items()}
    families = {name: "inet6" if ":" in address else "inet" for name, address in wanted.items()}
    numbered = "".join(
        f"{number}: {name}: <UP> mtu 1500\n    {families[name]} {address}/8 scope global {name}\n"
        for number, (name, address) in enumerate(wanted.items(), 1)
    )
    flagged = "".join(f"{name}: flags=1<UP>\n\t{families[name]} {address} x\n" for name, address in wanted.items())
    as_json = json.dumps([{"ifname": name, "addr_info": [{"local": each}]} for name, each in wanted.items()])
    assert parse_addresses(numbered) == parse_addresses(flagged) == parse_addresses(as_json) == expected
