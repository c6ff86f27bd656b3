"""The simulated ``scu`` of HP-UX: reservations of the shared disks, by path."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_testkit.platforms.disks import Held
from opensvc_testkit.simulated import FaultKind, SimulatedCluster
from tests.opensvc_testkit.simulated_hpux_site import DISK, LEGS, NODES, Site, make_site

pytestmark = pytest.mark.simulated
HERE, THERE = NODES
MINE, THEIRS = "0x1111aaaa", "0x2222bbbb"


@pytest.fixture
def site(simulated_cluster: SimulatedCluster, tmp_path: Path) -> Site:
    site = make_site(simulated_cluster, tmp_path)
    for node in NODES:
        site.said("scsimgr", "save_attr", "-a", "leg_mpath_enable=false", node=node)
    return site


def scu(site: Site, *words: str, leg: str = LEGS[0], node: str = HERE) -> str:
    """Standard output of one that must succeed."""
    return site.said("scu", "-f", leg, *words, node=node)


def refusal(site: Site, *words: str, leg: str = LEGS[0], node: str = HERE) -> str:
    """Standard error of one that must fail."""
    done = site.run("scu", "-f", leg, *words, node=node)
    assert done.returncode not in (0, 70)
    assert done.stdout == ""
    return done.stderr


def take(site: Site, key: str, node: str) -> None:
    for leg in LEGS:
        scu(site, "preserve", "register", "skey", key, leg=leg, node=node)
    scu(site, "preserve", "reserve", "key", key, "type", "wero", node=node)


def reservation_key(site: Site, node: str = HERE) -> str:
    """The last word of the line with ``Reservation Key``, as a driver of 2010 read it; empty for none."""
    lines = [line for line in scu(site, "show", "reservation", node=node).splitlines() if "Reservation Key" in line]
    return lines[0].split()[-1] if lines else ""


def test_keys_are_registered_one_a_path_and_shown(site: Site) -> None:
    assert "0x" not in scu(site, "show", "keys").split("Generation Value: 0x0")[-1]
    for leg in LEGS:
        assert scu(site, "preserve", "register", "skey", MINE, leg=leg) == ""
    assert site.hpux.disks.keys_of(site.lun, HERE) == dict.fromkeys(LEGS, 0x1111AAAA)
    assert scu(site, "show", "keys").count(MINE) == 2


def test_a_reservation_is_shown_with_its_key_last_and_not_shown_when_there_is_none(site: Site) -> None:
    assert reservation_key(site) == ""
    take(site, MINE, HERE)
    assert reservation_key(site, THERE) == MINE
    assert site.hpux.disks.holder_of(site.lun) == Held(0x1111AAAA, 5, HERE)
    assert "Write Exclusive Registrants Only" in scu(site, "show", "reservation")
    assert site.hpux.disks.writers(site.lun) == (HERE,)


def test_release_and_unregister(site: Site) -> None:
    take(site, MINE, HERE)
    scu(site, "preserve", "release", "key", MINE, "type", "wero")
    assert site.hpux.disks.holder_of(site.lun) is None
    for leg in LEGS:
        # The other path hears of the release first.
        site.run("scu", "-f", leg, "show", "keys")
        scu(site, "preserve", "register", "skey", "0", "key", MINE, leg=leg)
    assert site.hpux.disks.keys(site.lun) == ()


def test_conflicts(site: Site) -> None:
    conflict = "Reservation Conflict"
    take(site, MINE, HERE)
    assert conflict in refusal(site, "preserve", "register", "skey", THEIRS)
    assert conflict in refusal(site, "preserve", "reserve", "key", THEIRS, "type", "wero")
    assert conflict in refusal(site, "preserve", "reserve", "key", THEIRS, "type", "wero", node=THERE)
    scu(site, "preserve", "register", "skey", THEIRS, node=THERE)
    assert conflict in refusal(site, "preserve", "reserve", "key", THEIRS, "type", "wero", node=THERE)
    assert conflict in refusal(site, "preserve", "preempt", "key", THEIRS, "skey", "0x77", "type", "wero", node=THERE)
    assert site.hpux.disks.holder_of(site.lun) == Held(0x1111AAAA, 5, HERE)


def test_the_holder_may_reserve_again(site: Site) -> None:
    take(site, MINE, HERE)
    scu(site, "preserve", "reserve", "key", MINE, "type", "wero")


def test_preempt_takes_the_reservation_and_the_victim_hears_of_it_once(site: Site) -> None:
    take(site, MINE, HERE)
    scu(site, "preserve", "register", "skey", THEIRS, node=THERE)
    scu(site, "preserve", "preempt", "key", THEIRS, "skey", MINE, "type", "wero", node=THERE)
    assert site.hpux.disks.holder_of(site.lun) == Held(0x2222BBBB, 5, THERE)
    assert site.hpux.disks.keys_of(site.lun, HERE) == {}
    assert "Unit Attention" in refusal(site, "show", "keys")
    assert MINE not in scu(site, "show", "keys")


def test_clear_takes_everything_away(site: Site) -> None:
    take(site, MINE, HERE)
    scu(site, "preserve", "clear", "key", MINE)
    assert (site.hpux.disks.keys(site.lun), site.hpux.disks.holder_of(site.lun)) == ((), None)


def test_with_legacy_multipathing_a_leg_is_no_path(site: Site) -> None:
    """The second registration goes by the first path too, and meets the first."""
    site.said("scsimgr", "save_attr", "-a", "leg_mpath_enable=true")
    scu(site, "preserve", "register", "skey", MINE)
    assert "Reservation Conflict" in refusal(site, "preserve", "register", "skey", MINE, leg=LEGS[1])
    assert site.hpux.disks.keys_of(site.lun, HERE) == {LEGS[0]: 0x1111AAAA}


def test_the_persistent_special_file_goes_by_a_path_that_works(site: Site) -> None:
    site.hpux.disks.lose_path(HERE, LEGS[0])
    scu(site, "preserve", "register", "skey", MINE, leg=DISK)
    assert site.hpux.disks.keys_of(site.lun, HERE) == {LEGS[1]: 0x1111AAAA}


def test_a_path_that_is_lost_and_a_file_that_is_not_there_cannot_be_opened(site: Site) -> None:
    site.hpux.disks.lose_path(HERE, LEGS[0])
    assert "Unable to open device" in refusal(site, "show", "keys")
    assert "ENOENT" in refusal(site, "show", "keys", leg="/dev/rdsk/c9t9d9")
    assert "Unable to open device" in refusal(site, "show", "keys", leg="/dev/disk/disk18")


def test_a_disk_without_reservations_refuses(site: Site) -> None:
    site.hpux.add_disk(30, {HERE: ["/dev/rdsk/c9t0d1"]}, target="plain")
    assert "Illegal Request" in refusal(site, "show", "keys", leg="/dev/rdsk/c9t0d1")


@pytest.mark.parametrize(
    "words",
    [
        ("preserve", "reserve", "key", MINE, "type", "all"),
        ("preserve", "register", "skey"),
        ("preserve", "register", "skey", "0xzz"),
        ("preserve", "invent", "key", MINE),
        ("show", "nothing"),
    ],
)
def test_words_that_it_does_not_know(site: Site, words: tuple[str, ...]) -> None:
    assert refusal(site, *words).startswith("scu: ")
    assert site.hpux.disks.keys(site.lun) == ()


@pytest.mark.parametrize(("word", "kind"), [("we", 1), ("ea", 3), ("wero", 5), ("earo", 6), ("wear", 7), ("eaar", 8)])
def test_types(site: Site, word: str, kind: int) -> None:
    scu(site, "preserve", "register", "skey", MINE)
    scu(site, "preserve", "reserve", "key", MINE, "type", word)
    held = site.hpux.disks.holder_of(site.lun)
    assert held is not None
    assert held.type == kind


def test_faults_strike_scu_too(site: Site) -> None:
    site.cluster.set_fault("scu", FaultKind.CRASH, words=["register"], times=1)
    assert site.run("scu", "-f", LEGS[0], "preserve", "register", "skey", MINE).returncode == -9
    assert site.hpux.disks.keys(site.lun) == (0x1111AAAA,)
    site.cluster.set_fault("scu", FaultKind.GARBAGE, times=1)
    assert MINE not in site.run("scu", "-f", LEGS[0], "show", "keys").stdout
