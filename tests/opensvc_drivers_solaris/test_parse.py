"""The parsers of Solaris' tools on samples (see there where these come from), cut, garbled and made up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.api import CommandResult, Device, Status
from opensvc_drivers_solaris.ldom_platform import domain_state
from opensvc_drivers_solaris.parse_ifconfig import parse_interfaces
from opensvc_drivers_solaris.parse_ldm import (
    Volume,
    is_unknown_domain,
    parse_auto_boot,
    parse_disks,
    parse_domains,
    parse_volumes,
)
from opensvc_drivers_solaris.parse_pools import Refusal, parse_refusal, parse_states, parse_trees
from opensvc_drivers_solaris.parse_zones import TOLD_TWICE, parse_zones, split_fields
from opensvc_drivers_solaris.pool_states import device_of, pool_report
from opensvc_drivers_solaris.words import said
from opensvc_drivers_solaris.zone_states import guest_state, place_report
from opensvc_drivers_solaris.zonecfg import is_export, parse_autoboot
from tests.opensvc_drivers_solaris import samples

WORDS = {
    "z1": (Status.UP, Status.UP),
    "z2": (Status.DOWN, Status.UP),
    "z3": (Status.DOWN, Status.DOWN),
    "z4": (Status.DOWN, Status.DOWN),
    "z5": (Status.WARN, Status.WARN),
    "z6": (Status.WARN, Status.WARN),
    "z7": (Status.WARN, Status.WARN),
    "z8": (Status.WARN, Status.WARN),
    "z9": (Status.DOWN, Status.DOWN),
    "z10": (Status.UNDEF, Status.UNDEF),
}
"""Of each zone of the sample: whether it runs, whether its place is up."""
HEALTHS = {"a": "ONLINE", "b": "DEGRADED", "c": "FAULTED", "d": "UNAVAIL", "e": "SUSPENDED"}
POOLS = "".join(f"{name}\t{health}\n" for name, health in HEALTHS.items())


# -- zones ------------------------------------------------------------------------------------------------------------


def test_zones() -> None:
    listed = parse_zones(samples.ZONES)
    assert listed.trouble == ""
    assert listed.zones["z4"].path == "/odd:path/z4"
    assert [name for name, zone in listed.zones.items() if zone.has_own_network] == ["z2", "z9"]
    found = {
        name: (guest_state(zone).status, place_report(zone).status)
        for name, zone in listed.zones.items()
        if name != "global"
    }
    assert found == WORDS


def test_a_zone_whose_state_passes_is_waited_for_and_hears_nothing() -> None:
    zones = parse_zones(samples.ZONES).zones
    assert [guest_state(zones[name]).is_passing for name in ("z6", "z7", "z8", "z1")] == [True, True, False, False]
    assert not guest_state(zones["z6"]).obeys_soft_stop


def test_a_zone_that_is_not_configured_has_no_place() -> None:
    assert place_report(None).status is Status.DOWN


@pytest.mark.parametrize("text", ["", "\n", "-:z1:installed:/zones/z1::ipkg:shared\n", "garbage\n", "0:global:run"])
def test_a_list_that_is_not_the_node_s_is_not_whole(text: str) -> None:
    assert parse_zones(text).trouble


def test_a_zone_that_is_told_of_twice_is_believed_in_neither() -> None:
    listed = parse_zones(samples.ZONES + "-:z1:installed:/zones/z1::ipkg:shared\n" * 2)
    assert listed.zones["z1"].state == TOLD_TWICE
    assert guest_state(listed.zones["z1"]).status is Status.UNDEF


@given(st.integers(0, len(samples.ZONES)))
def test_a_cut_list_of_zones_tells_no_state_that_is_not_so(length: int) -> None:
    listed = parse_zones(samples.ZONES[:length])
    for name, zone in listed.zones.items():
        if name != "global":
            assert guest_state(zone).status in {WORDS[name][0], Status.UNDEF}
            assert place_report(zone).status in {WORDS[name][1], Status.UNDEF}


@given(st.text())
def test_garbage_is_no_zone_that_is_down_but_by_its_own_word(text: str) -> None:
    for zone in parse_zones(text).zones.values():
        if guest_state(zone).status is Status.DOWN:
            assert zone.state in text


@given(st.lists(st.text(alphabet="ab:\\", max_size=5), min_size=1))
def test_fields_come_back_as_they_were_joined(fields: list[str]) -> None:
    # zoneadm escapes colons only; a backslash before a field's end cannot be told from an escape.
    fields = [each.replace("\\", "/") for each in fields]
    assert split_fields(":".join(each.replace(":", "\\:") for each in fields)) == fields


@pytest.mark.parametrize(
    ("text", "answer"),
    [("autoboot: true\n", True), ("autoboot: false\n", False), ("", None), ("autoboot: \n", None), ("x\n", None)],
)
def test_autoboot(text: str, answer: bool | None) -> None:
    assert parse_autoboot(text) is answer


def test_an_export_is_whole_or_none() -> None:
    text = "create -b\nset zonepath=/zones/z1\nset autoboot=false\n"
    assert is_export(text)
    assert not any(is_export(text[:length]) for length in range(len("create -b\nset zonepath=")))
    assert not is_export(text.rstrip())


# -- pools ------------------------------------------------------------------------------------------------------------


def test_states_of_pools() -> None:
    states = parse_states(POOLS, "cannot open 'f': no such pool\n")
    reports = {name: pool_report(name, states, "").status for name in "abcdefg"}
    assert reports == {
        "a": Status.UP,
        **dict.fromkeys("bcde", Status.WARN),
        "f": Status.DOWN,
        "g": Status.UNDEF,
    }


@given(st.integers(0, len(POOLS)), st.sampled_from("abcde"))
def test_a_cut_answer_is_never_a_pool_that_is_down(length: int, name: str) -> None:
    assert pool_report(name, parse_states(POOLS[:length], ""), "").status is not Status.DOWN


@given(st.text(), st.text())
def test_garbage_is_never_a_pool_that_is_down(stdout: str, stderr: str) -> None:
    if "'a': no such pool" not in stderr:
        assert pool_report("a", parse_states(stdout, stderr), "").status is not Status.DOWN


def test_a_pool_of_which_another_is_a_prefix_is_not_it() -> None:
    states = parse_states("", "cannot open 'data2': no such pool\n")
    assert pool_report("data", states, "").status is Status.UNDEF


def test_the_disks_of_a_pool() -> None:
    (tree,) = parse_trees(samples.STATUS)
    assert tree.name == "data"
    assert tree.is_whole
    assert [(disk.name, disk.is_missing, disk.is_spare) for disk in tree.disks] == [
        ("c0t1d0", False, False),
        ("/dev/dsk/c0t2d0s0", True, False),
        ("c0t3d0s0", False, False),
        ("/dev/dsk/c0t4d0s2", False, False),
        ("c0t5d0", False, False),
        ("c0t6d0", False, True),
        ("c0t7d0", False, True),
    ]
    assert [device_of(disk).path for disk in tree.disks[:4]] == [
        "/dev/rdsk/c0t1d0s2",
        "/dev/rdsk/c0t2d0s0",
        "/dev/rdsk/c0t3d0s0",
        "/dev/rdsk/c0t4d0s2",
    ]


def test_a_pool_on_a_file_is_no_disk() -> None:
    (tree,) = parse_trees(samples.STATUS.replace("c0t5d0 ", "/var/x "))
    assert device_of(tree.disks[4]) == Device("/var/x", "file")


@given(st.integers(0, len(samples.STATUS) - 1))
def test_a_cut_status_of_a_pool_is_not_whole(length: int) -> None:
    full = next(parse_trees(samples.STATUS)).disks
    for tree in parse_trees(samples.STATUS[:length]):
        assert not tree.is_whole or tree.disks == full


def test_pools_that_can_be_imported() -> None:
    trees = {tree.name: tree for tree in parse_trees(samples.IMPORT)}
    assert [disk.name for disk in trees["tank"].disks] == ["c1t1d0", "c1t2d0"]
    assert [disk.name for disk in trees["old"].disks] == ["c1t3d0"]
    assert [tree.was_elsewhere for tree in trees.values()] == [False, True]
    assert all(tree.is_whole for tree in trees.values())


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (samples.FOREIGN_SOLARIS, Refusal(is_foreign=True, host="n2")),
        (samples.FOREIGN_OPENZFS, Refusal(is_foreign=True, host="n2")),
        (samples.ACTIVE_OPENZFS, Refusal(is_active=True, host="n2")),
        ("cannot import 'data': no such pool available\n", Refusal(is_missing=True)),
        ("cannot import 'data': permission denied\n", Refusal()),
        ("", Refusal()),
    ],
)
def test_why_an_import_is_refused(text: str, refusal: Refusal) -> None:
    assert parse_refusal(text) == refusal


# -- addresses --------------------------------------------------------------------------------------------------------


def test_interfaces() -> None:
    seen = parse_interfaces(samples.IFCONFIG)
    assert seen.trouble == ""
    (bearer,) = seen.bearing("10.0.0.50")
    assert (bearer.name, bearer.device, bearer.zone, bearer.is_up) == ("bge0:1", "bge0", "z1", True)
    assert [each.name for each in seen.bearing("127.0.0.1")] == ["lo0", "lo0:1"]
    assert not seen.bearing("0.0.0.0")[0].is_up  # noqa: S104 - what Solaris shows for none
    assert seen.bearing("10.0.0.99") == ()


@given(st.integers(0, len(samples.IFCONFIG) - 1))
def test_a_cut_list_of_interfaces_is_told_as_such(length: int) -> None:
    """Or it ends between two interfaces, where nothing tells it from a whole one: each that it has is then right."""
    text = samples.IFCONFIG[:length]
    seen = parse_interfaces(text)
    if not seen.trouble:
        assert text.endswith("\n")
        assert samples.IFCONFIG[length] != "\t" or "ether" in samples.IFCONFIG[length:].splitlines()[0]
    assert set(seen.interfaces[:-1]) <= set(parse_interfaces(samples.IFCONFIG).interfaces)


@pytest.mark.parametrize("text", ["", "garbage\n", "lo: flags=73<UP,LOOPBACK,RUNNING>  mtu 65536\n", "bge0\n"])
def test_what_is_not_solaris_is_not_understood(text: str) -> None:
    assert parse_interfaces(text).trouble


# -- logical domains --------------------------------------------------------------------------------------------------

DOMAIN_WORDS = {
    "host1": Status.UP,
    "host2": Status.WARN,
    "host3": Status.DOWN,
    "host4": Status.UNDEF,
    "host5": Status.WARN,
}


def test_domains() -> None:
    listed = parse_domains(samples.DOMAINS)
    assert listed.trouble == ""
    words = {name: domain_state(domain).status for name, domain in listed.domains.items()}
    assert words == {"primary": Status.UP, **DOMAIN_WORDS}
    assert (listed.domains["host1"].vcpus, listed.domains["host1"].memory) == (16, 47272862140)
    assert domain_state(listed.domains["host2"]).is_held
    assert domain_state(listed.domains["host5"]).is_passing


@given(st.integers(0, len(samples.DOMAINS)))
def test_a_cut_list_of_domains_tells_no_state_that_is_not_so(length: int) -> None:
    for name, domain in parse_domains(samples.DOMAINS[:length]).domains.items():
        if name != "primary":
            assert domain_state(domain).status in {DOMAIN_WORDS[name], Status.UNDEF}


@pytest.mark.parametrize("text", ["", "garbage\n", samples.DOMAINS.partition("\n")[2]])
def test_a_list_without_its_version_tells_nothing(text: str) -> None:
    listed = parse_domains(text)
    assert listed.trouble
    assert not listed.domains


def test_only_the_domain_itself_is_not_found() -> None:
    assert is_unknown_domain("host9", "LDom host9 not found\n")
    assert not is_unknown_domain("host9", "LDom host99 not found\n")
    assert not is_unknown_domain("host9", "Connection refused\n")


def test_disks_of_domains() -> None:
    assert list(parse_volumes(samples.SERVICES)) == [
        Volume("vol1@primary-vds0", "/dev/dsk/c0t5d0s2"),
        Volume("vol2@primary-vds0", "/ldoms/image.iso", is_writable=False),
        Volume("vol3@primary-vds0", "/dev/dsk/c0t6d0"),
        Volume("vol1@other-vds0", "/dev/zvol/dsk/rpool/host1"),
    ]
    assert parse_disks(samples.DISKS) == [
        ("vol1@primary-vds0", "vdisk1"),
        ("vol2@primary-vds0", "cd"),
        ("vol1@other-vds0", "vdisk2"),
    ]


@pytest.mark.parametrize(
    ("text", "answer"),
    [("auto-boot?=true\n", True), ("auto-boot?=false\n", False), ("auto-boot?=\n", None), ("", None)],
)
def test_auto_boot(text: str, answer: bool | None) -> None:
    assert parse_auto_boot(text) is answer


def test_what_a_tool_said_is_one_line_without_control_characters() -> None:
    result = CommandResult(("zoneadm",), 1, "out\n", "zoneadm: a\n\n  b \x1b[2J\n")
    assert said(result) == "zoneadm: a; b ?[2J"
    assert said(CommandResult(("zoneadm",), 3)) == "it ended with status 3 and said nothing"
