"""Addresses of simulated Solaris nodes and their zones. Texts of ``ifconfig`` and ``arp`` that are [R] are marked."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from opensvc_testkit.simulated import FaultKind, SimulatedCluster
from tests.opensvc_testkit.solaris_pair import FIRST, SECOND, Pair, ok, said

pytestmark = pytest.mark.simulated

ADDRESS = "192.168.1.50"
PLUMBED = (ADDRESS, "z1")


@pytest.fixture
def pair(simulated_cluster: SimulatedCluster, tmp_path: Path) -> Pair:
    """Two nodes that know the zone ``z1``, ready on the first."""
    made = Pair.make(simulated_cluster, tmp_path)
    made.solaris.define_zone("z1", [FIRST, SECOND], installed_on=FIRST, address=ADDRESS)
    ok(made.first.run("zoneadm", "-z", "z1", "ready"))
    return made


def ifconfig(pair: Pair, *words: str) -> subprocess.CompletedProcess[str]:
    return pair.first.run("ifconfig", *words)


def mac_of(pair: Pair, name: str) -> str:
    """What the other node's ``arp`` says of a name."""
    return ok(pair.second.run("arp", name)).split()[-1]


def plumb(pair: Pair) -> None:
    ok(ifconfig(pair, "net0:1", "plumb", ADDRESS, "netmask", "255.255.255.0", "broadcast", "+", "up", "zone", "z1"))


def test_listing_of_a_node(pair: Pair) -> None:
    plumb(pair)
    # Flags and columns are [R], as the manual's examples have them.
    assert ok(ifconfig(pair, "-a4")).splitlines() == [
        "lo0: flags=2001000849<UP,LOOPBACK,RUNNING,MULTICAST,IPv4,VIRTUAL> mtu 8232 index 1",
        "\tinet 127.0.0.1 netmask ff000000 ",
        "lo0:1: flags=2001000849<UP,LOOPBACK,RUNNING,MULTICAST,IPv4,VIRTUAL> mtu 8232 index 1",
        "\tzone z1",
        "\tinet 127.0.0.1 netmask ff000000 ",
        "net0: flags=1000843<UP,BROADCAST,RUNNING,MULTICAST,IPv4> mtu 1500 index 2",
        "\tinet 192.168.1.1 netmask ffffff00 broadcast 192.168.1.255",
        f"\tether {mac_of(pair, FIRST)} ",
        "net0:1: flags=1000843<UP,BROADCAST,RUNNING,MULTICAST,IPv4> mtu 1500 index 2",
        "\tzone z1",
        "\tinet 192.168.1.50 netmask ffffff00 broadcast 192.168.1.255",
    ]
    assert "inet6 ::1/128" in ok(ifconfig(pair, "-a"))
    assert ok(ifconfig(pair, "net0:1")).splitlines()[1] == "\tzone z1"


def test_an_interface_that_is_not_there(pair: Pair) -> None:
    text = "ifconfig: status: SIOCGLIFFLAGS: net0:9: no such interface\n"
    assert said(ifconfig(pair, "net0:9")) == (1, "", text)


def test_addif_takes_the_next_number(pair: Pair) -> None:
    first = ifconfig(pair, "net0", "addif", f"{ADDRESS}/24", "up", "zone", "z1")
    assert ok(first) == "Created new logical interface net0:1\n"
    second = ifconfig(pair, "net0", "addif", "192.168.1.51", "netmask", "+", "broadcast", "+", "up")
    assert ok(second) == "Created new logical interface net0:2\n"
    assert pair.solaris.addresses_of(FIRST) == {
        "net0": ("192.168.1.1", ""),
        "net0:1": PLUMBED,
        "net0:2": ("192.168.1.51", ""),
    }
    assert "netmask ffffff00 broadcast 192.168.1.255" in ok(ifconfig(pair, "net0:2"))


def test_a_plumbed_address_answers_from_both_nodes(pair: Pair) -> None:
    for node in (pair.first, pair.second):
        assert said(node.run("ping", "z1", "1")) == (1, "no answer from z1\n", "")
    plumb(pair)
    for node in (pair.first, pair.second):
        assert ok(node.run("ping", "z1", "1")) == "z1 is alive\n"
    ok(ifconfig(pair, "net0:1", "down"))
    assert pair.second.run("ping", ADDRESS, "1").returncode == 1


def test_unplumb_and_removeif(pair: Pair) -> None:
    plumb(pair)
    ok(ifconfig(pair, "net0:1", "unplumb"))
    assert pair.second.run("ping", ADDRESS, "1").returncode == 1
    # The texts are [R].
    again = "ifconfig: cannot unplumb net0:1: Interface does not exist\n"
    assert said(ifconfig(pair, "net0:1", "unplumb")) == (1, "", again)
    plumb(pair)
    ok(ifconfig(pair, "net0", "removeif", ADDRESS))
    none = "ifconfig: removeif: SIOCLIFREMOVEIF: net0: no such interface\n"
    assert said(ifconfig(pair, "net0", "removeif", ADDRESS)) == (1, "", none)


def test_a_zone_must_be_ready_to_be_given_an_address(pair: Pair) -> None:
    ok(pair.first.run("zoneadm", "-z", "z1", "halt"))
    words = ("net0:1", "plumb", ADDRESS, "netmask", "255.255.255.0", "up", "zone", "z1")
    assert said(ifconfig(pair, *words)) == (1, "", "ifconfig: unknown zone 'z1'\n")
    # What came before it was done: the address is up, in the global zone.
    assert pair.solaris.addresses_of(FIRST)["net0:1"] == (ADDRESS, "")
    nowhere = said(ifconfig(pair, "net0:1", "zone", "nosuch"))
    assert nowhere == (1, "", "ifconfig: unknown zone 'nosuch'\n")


def test_addresses_go_with_their_zone(pair: Pair) -> None:
    plumb(pair)
    ok(pair.first.run("zoneadm", "-z", "z1", "boot"))
    assert pair.solaris.addresses_of(FIRST)["net0:1"] == PLUMBED
    ok(pair.first.run("zoneadm", "-z", "z1", "halt"))
    assert pair.solaris.addresses_of(FIRST) == {"net0": ("192.168.1.1", "")}
    assert pair.second.run("ping", ADDRESS, "1").returncode == 1


def test_addresses_go_when_the_zone_shuts_down_by_itself(pair: Pair) -> None:
    plumb(pair)
    ok(pair.first.run("zoneadm", "-z", "z1", "boot"))
    ok(pair.first.run("zlogin", "z1", "/sbin/init 0"))
    assert "net0:1" not in pair.solaris.addresses_of(FIRST)


def test_a_zone_sees_its_own_addresses_only(pair: Pair) -> None:
    plumb(pair)
    ok(pair.first.run("zoneadm", "-z", "z1", "boot"))
    shown = ok(pair.first.run("zlogin", "z1", "/usr/sbin/ifconfig -a4"))
    assert "\tinet 192.168.1.50 " in shown
    assert "192.168.1.1 " not in shown
    assert "zone z1" not in shown


def test_nets_of_a_configuration_are_plumbed_when_it_is_ready(pair: Pair) -> None:
    net = {"address": "192.168.1.77/24", "physical": "net0"}
    pair.solaris.define_zone("z2", [FIRST], installed_on=FIRST, nets=[net])
    ok(pair.first.run("zoneadm", "-z", "z2", "ready"))
    assert pair.solaris.addresses_of(FIRST)["net0:1"] == ("192.168.1.77", "z2")
    ok(pair.first.run("zoneadm", "-z", "z2", "boot"))
    assert ok(pair.second.run("ping", "192.168.1.77", "1")) == "192.168.1.77 is alive\n"


def test_an_exclusive_zone_has_its_address_to_itself(pair: Pair) -> None:
    pair.solaris.define_zone("z3", [FIRST], installed_on=FIRST, ip_type="excl", address="192.168.1.78", boot_time=60.0)
    ok(pair.first.run("zoneadm", "-z", "z3", "boot"))
    assert pair.second.run("ping", "z3", "1").returncode == 1
    pair.cluster.advance(61)
    assert ok(pair.second.run("ping", "z3", "1")) == "z3 is alive\n"
    assert "192.168.1.78" not in ok(ifconfig(pair, "-a"))
    assert "192.168.1.78" in ok(pair.first.run("zlogin", "z3", "ifconfig -a"))


def test_plumbing_cards(pair: Pair) -> None:
    # The texts are [R].
    assert said(ifconfig(pair, "net0", "plumb")) == (
        1,
        "",
        "ifconfig: SIOCSLIFNAME for ip: net0: already exists\n",
    )
    assert ifconfig(pair, "bge7", "plumb").returncode == 1
    assert ifconfig(pair, "bge7:1", "plumb", "10.0.0.1", "up").returncode == 1
    addif = "ifconfig: addif: SIOCLIFADDIF: bge7: no such interface\n"
    assert said(ifconfig(pair, "bge7", "addif", "10.0.0.1", "up")) == (1, "", addif)
    pair.solaris.define_node(FIRST, "192.168.1.1", links=["net0", "net1"])
    ok(ifconfig(pair, "net1", "plumb", "10.1.2.3", "netmask", "0xffff0000", "broadcast", "+", "up"))
    assert "netmask ffff0000 broadcast 10.1.255.255" in ok(ifconfig(pair, "net1"))
    bad = ifconfig(pair, "net1", "netmask", "255.0.255.0")
    assert said(bad) == (1, "", "ifconfig: 255.0.255.0: bad address\n")


def test_neighbours(pair: Pair) -> None:
    # The texts are [R].
    assert said(pair.first.run("arp", "z1")) == (1, f"z1 ({ADDRESS}) -- no entry\n", "")
    assert ok(pair.first.run("arp", SECOND)).startswith("sol2 (192.168.1.2) at ")
    assert said(pair.first.run("arp", "nosuch")) == (1, "", "arp: nosuch: unknown host\n")
    plumb(pair)
    # The zone's address is on a card of its node.
    assert mac_of(pair, "z1") == mac_of(pair, FIRST)
    table = ok(pair.first.run("arp", "-an")).splitlines()
    assert table[0] == "Net to Media Table: IPv4"
    assert [line.split()[1] for line in table[3:]] == ["192.168.1.2"]


def test_ping_of_nobody(pair: Pair) -> None:
    # The text, and that it is on standard error, are [R].
    done = pair.first.run("ping", "nosuch", "1")
    assert (done.returncode, "unknown host nosuch" in done.stdout + done.stderr) == (1, True)


@pytest.mark.parametrize(("release", "kernel"), [("10", "5.10"), ("illumos", "5.11"), ("11.4", "5.11")])
def test_uname(release: str, kernel: str, simulated_cluster: SimulatedCluster, tmp_path: Path) -> None:
    pair = Pair.make(simulated_cluster, tmp_path, release)
    assert ok(pair.first.run("uname")) == "SunOS\n"
    assert ok(pair.first.run("uname", "-sr")) == f"SunOS {kernel}\n"
    assert ok(pair.first.run("uname", "-a")).split()[:3] == ["SunOS", FIRST, kernel]


def test_half_of_a_listing_and_garbage(pair: Pair) -> None:
    plumb(pair)
    whole = ok(ifconfig(pair, "-a"))
    pair.cluster.set_fault("ifconfig", FaultKind.PARTIAL, times=1)
    assert ok(ifconfig(pair, "-a")) == whole[: len(whole) // 2]
    pair.cluster.set_fault("ifconfig", FaultKind.GARBAGE, text="x" * 9, times=1)
    assert ok(ifconfig(pair, "net0:1", "unplumb")) == "x" * 9
    assert pair.solaris.addresses_of(FIRST)["net0:1"] == PLUMBED


def test_what_is_not_simulated_says_so(pair: Pair) -> None:
    assert ifconfig(pair, "net0", "inet6", "addif", "::1").returncode == 70
