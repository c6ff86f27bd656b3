"""What `ip -j addr show` says, and what a netmask means."""

from __future__ import annotations

import ipaddress
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_drivers_linux.links import Link, Plumbed, bearers, parse_links, prefix_length

# Captured from iproute2 6.1.0 (Linux 6.18): a veth with a duplicate IPv6 address, and a bridge.
CAPTURED = (
    '[{"ifindex":1,"ifname":"lo","flags":["LOOPBACK"],"mtu":65536,"qdisc":"noop","operstate":"DOWN","group":"default",'
    '"txqlen":1000,"link_type":"loopback","address":"00:00:00:00:00:00","broadcast":"00:00:00:00:00:00","addr_info":[]},'
    '{"ifindex":3,"link_index":2,"ifname":"ve0","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"mtu":1500,'
    '"qdisc":"noqueue","operstate":"UP","group":"default","txqlen":1000,"link_type":"ether",'
    '"address":"6e:1a:78:9f:80:81","broadcast":"ff:ff:ff:ff:ff:ff","link_netnsid":0,"addr_info":[{"family":"inet",'
    '"local":"10.9.0.1","prefixlen":24,"scope":"global","label":"ve0","valid_life_time":4294967295,'
    '"preferred_life_time":4294967295},{"family":"inet","local":"10.9.0.2","prefixlen":24,"broadcast":"10.9.0.255",'
    '"scope":"global","secondary":true,"label":"ve0","valid_life_time":4294967295,"preferred_life_time":4294967295},'
    '{"family":"inet6","local":"fd00::5","prefixlen":64,"scope":"global","dadfailed":true,"tentative":true,'
    '"valid_life_time":4294967295,"preferred_life_time":4294967295},{"family":"inet6",'
    '"local":"fe80::6c1a:78ff:fe9f:8081","prefixlen":64,"scope":"link","tentative":true,"valid_life_time":4294967295,'
    '"preferred_life_time":4294967295}]}]\n'
)


def captured() -> tuple[Link, ...]:
    links = parse_links(CAPTURED)
    assert links is not None
    return links


def test_captured_output_is_read() -> None:
    lo, ve0 = captured()
    assert (lo.name, lo.kind, lo.is_up, lo.has_neighbours) == ("lo", "loopback", False, False)
    assert (ve0.name, ve0.mac, ve0.is_up, ve0.has_carrier, ve0.has_neighbours) == (
        "ve0", "6e:1a:78:9f:80:81", True, True, True,
    )  # fmt: skip
    first, second, duplicate, tentative = ve0.addresses
    assert first == Plumbed("10.9.0.1", 24)
    assert second == Plumbed("10.9.0.2", 24, is_secondary=True)
    assert duplicate == Plumbed("fd00::5", 64, is_tentative=True, is_duplicate=True)
    assert tentative.is_tentative
    assert not tentative.is_duplicate


def test_an_address_is_found_where_it_lies() -> None:
    assert [link.name for link in bearers("10.9.0.2", captured())] == ["ve0"]
    assert list(bearers("10.9.0.9", captured())) == []


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", "null", "3", 'Object "-j" is unknown', '[{"ifname":"eth0"}]',
        '[{"ifname":7,"flags":[],"addr_info":[]}]',
        '[{"ifname":"eth0","flags":[],"addr_info":[{"family":"inet","local":"10.0.0.1"}]}]',
        '[{"ifname":"eth0","flags":[],"addr_info":[{"family":"inet","local":"10.0.0.1","prefixlen":99}]}]',
        "[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_whole_answer_is_nothing(text: str) -> None:
    assert parse_links(text) is None


@given(st.integers(0, len(CAPTURED) - 3))
def test_an_answer_that_was_cut_is_not_taken_for_whole(length: int) -> None:
    assert parse_links(CAPTURED[:length]) is None


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_any_text_is_read_or_refused(text: str) -> None:
    links = parse_links(text)
    assert links is None or all(isinstance(link, Link) for link in links)


LINK = Link("eth0", addresses=(Plumbed("10.77.0.1", 24), Plumbed("10.77.0.7", 32), Plumbed("fd00::1", 64)))


@pytest.mark.parametrize(
    ("netmask", "address", "prefix"),
    [
        ("24", "10.0.0.1", 24),
        ("/24", "10.0.0.1", 24),
        ("255.255.255.0", "10.0.0.1", 24),
        ("255.255.240.0", "10.0.0.1", 20),
        ("128.0.0.0", "10.0.0.1", 1),
        ("64", "fd00::9", 64),
        ("/128", "fd00::9", 128),
        ("", "10.77.0.50", 24),
        ("", "10.77.0.7", 24),
        ("", "fd00::50", 64),
    ],
)
def test_a_netmask_is_a_length(netmask: str, address: str, prefix: int) -> None:
    assert prefix_length(netmask, address, LINK) == prefix


@pytest.mark.parametrize(
    ("netmask", "address"),
    [
        ("33", "10.0.0.1"),
        ("255.0.255.0", "10.0.0.1"),
        ("0.0.0.255", "10.0.0.1"),
        ("-1", "10.0.0.1"),
        ("24 ; reboot", "10.0.0.1"),
        ("255.255.255.0", "fd00::1"),
        ("129", "fd00::1"),
        ("", "192.168.1.1"),
        ("", "fd01::1"),
    ],
)
def test_a_netmask_that_is_none_is_refused(netmask: str, address: str) -> None:
    with pytest.raises(ValueError, match=r"netmask"):
        prefix_length(netmask, address, LINK)


@given(st.ip_addresses(), st.text())
def test_any_netmask_gives_a_length_for_its_family_or_is_refused(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, netmask: str
) -> None:
    try:
        length = prefix_length(netmask, str(address), None)
    except ValueError:
        return
    assert 0 <= length <= address.max_prefixlen
