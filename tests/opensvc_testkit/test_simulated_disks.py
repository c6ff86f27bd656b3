"""Disks that simulated nodes share: paths, reboots, and who may write them now."""

from __future__ import annotations

import pytest

from opensvc_testkit.executables import reservations
from opensvc_testkit.executables.disks import find_disk
from opensvc_testkit.platforms.disks import Held, SimulatedDisks
from opensvc_testkit.simulated import SimulatedCluster

pytestmark = pytest.mark.simulated
LUN = "naa.6001"


@pytest.fixture
def shared(simulated_cluster: SimulatedCluster) -> SimulatedDisks:
    disks = SimulatedDisks(simulated_cluster)
    disks.add(LUN, {"n1": ["/dev/sda", "/dev/sdc"], "n2": ["/dev/sdb"]})
    return disks


def take(shared: SimulatedDisks, node: str, key: int) -> None:
    """Register on all paths and reserve through the first."""
    with shared.cluster.opened() as world:
        disk = world["disks"][LUN]
        for path in disk["paths"][node]:
            reservations.register(disk, (node, path), 0, key, ignore=True)
        reservations.reserve(disk, (node, disk["paths"][node][0]), key, 5)


def test_a_disk_is_one_whatever_its_special_file_is_called(shared: SimulatedDisks) -> None:
    with shared.cluster.opened() as world:
        found = [find_disk(world, *place) for place in (("n1", "/dev/sdc"), ("n2", "/dev/sdb"), ("n2", "/dev/sda"))]
    assert [disk and disk["wwid"] for disk in found] == [LUN, LUN, None]


def test_without_a_reservation_everybody_writes(shared: SimulatedDisks) -> None:
    assert (shared.writers(LUN), shared.holder_of(LUN)) == (("n1", "n2"), None)


def test_a_reservation_leaves_one_writer(shared: SimulatedDisks) -> None:
    take(shared, "n1", 0xA)
    assert shared.writers(LUN) == ("n1",)
    assert shared.may_read(LUN, "n2")
    assert (shared.keys(LUN), shared.holder_of(LUN)) == ((0xA, 0xA), Held(0xA, 5, "n1"))


def test_a_path_that_is_not_registered_makes_writes_fail(shared: SimulatedDisks) -> None:
    take(shared, "n1", 0xA)
    with shared.cluster.opened() as world:
        reservations.register(world["disks"][LUN], ("n1", "/dev/sdc"), 0xA, 0)
    assert not shared.may_write(LUN, "n1")
    shared.lose_path("n1", "/dev/sdc")
    assert shared.may_write(LUN, "n1")
    shared.return_path("n1", "/dev/sdc")
    assert not shared.may_write(LUN, "n1")


def test_a_node_without_paths_reads_and_writes_nothing_and_stays_registered(shared: SimulatedDisks) -> None:
    take(shared, "n1", 0xA)
    shared.lose_all_paths("n1")
    assert not shared.may_write(LUN, "n1")
    assert not shared.may_read(LUN, "n1")
    assert not shared.may_write(LUN, "n3")
    assert shared.keys_of(LUN, "n1") == {"/dev/sda": 0xA, "/dev/sdc": 0xA}


@pytest.mark.parametrize("new_nexus", [False, True])
def test_a_reboot_gives_the_same_nexus_or_another(shared: SimulatedDisks, new_nexus: bool) -> None:
    take(shared, "n1", 0xA)
    shared.lose_all_paths("n1")
    shared.reboot_node("n1", new_nexus=new_nexus)
    assert shared.may_write(LUN, "n1") is not new_nexus
    assert shared.keys(LUN) == (0xA, 0xA)
    assert shared.holder_of(LUN) == Held(0xA, 5, "n1")
    assert ("/dev/sda" in shared.keys_of(LUN, "n1")) is not new_nexus


def test_old_nexuses_are_not_taken_for_each_other(shared: SimulatedDisks) -> None:
    for _ in range(2):
        with shared.cluster.opened() as world:
            reservations.register(world["disks"][LUN], ("n1", "/dev/sda"), 0, 0xA)
        shared.reboot_node("n1", new_nexus=True)
    assert shared.keys_of(LUN, "n1") == {"/dev/sda#1": 0xA, "/dev/sda#2": 0xA}


def test_what_cannot_be_is_refused(shared: SimulatedDisks) -> None:
    with pytest.raises(ValueError, match="no target 'tape'"):
        shared.add("naa.6002", {"n1": ["/dev/sdz"]}, target="tape")
    with pytest.raises(ValueError, match="/dev/sda of n1 leads to"):
        shared.add("naa.6002", {"n1": ["/dev/sda"]})
    for act in (shared.lose_path, shared.return_path):
        with pytest.raises(KeyError):
            act("n2", "/dev/sda")
    shared.remove(LUN)
    with pytest.raises(KeyError):
        shared.may_write(LUN, "n1")
