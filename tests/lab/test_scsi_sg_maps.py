"""Reservations of real multipath maps: `mpathpersist` with multipathd on one node, `sg_persist` without on another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import multipathed
from tests.lab.uml.lab import KernelLab
from tests.lab.uml.node import KernelNode
from tests.lab.uml.san import Holder

REPOSITORY = Path(__file__).parents[2]
KEYS = {"n1": 0xABC, "n2": 0xDEF}
MAP = "/dev/mapper/mpatha"


@pytest.fixture(scope="module")
def whole_lab(lab_requirements: None) -> Iterator[KernelLab]:
    """Two nodes of two paths; multipathd runs on the first."""
    with KernelLab.up(2, luns=2, paths=2) as lab:
        multipathed.start(lab.nodes[0], maps=2)
        yield lab


@pytest.fixture
def maps(whole_lab: KernelLab) -> Iterator[KernelLab]:
    """The same with nothing registered, and so after the test."""
    yield whole_lab
    for lun in whole_lab.luns:
        whole_lab.san.clear(lun)


def reserve(node: KernelNode, what: str, *devices: str) -> dict[str, Any]:
    """What `tests.lab.reserving` says in a node."""
    words = ["python", "-m", "tests.lab.reserving", f"{KEYS[node.name]:#x}", what, *devices]
    told: dict[str, Any] = json.loads(node.exec(words, cwd=str(REPOSITORY), check=True).stdout)
    return told


def write(node: KernelNode, device: str) -> int:
    """Write a block past all caches; the exit status of dd."""
    return node.exec(["dd", "if=/dev/zero", f"of={device}", "bs=4k", "count=1", "oflag=direct"]).returncode


def test_all_nodes_know_a_unit_by_one_name(maps: KernelLab) -> None:
    n1, n2 = maps.nodes
    wwid = n2.sh("cat /sys/block/sdc/device/wwid").strip()
    assert wwid.startswith("naa.")
    devices = [MAP, "/dev/dm-1", "/dev/sdc", "/dev/sda"]
    units = {unit["device"]: unit for unit in reserve(n1, "look", *devices)["units"]}
    assert {unit["backend"] for unit in units.values()} == {"mpathpersist"}
    assert units[MAP]["identity"] == units["/dev/sdc"]["identity"] == wwid
    assert units[MAP]["paths"] == ["/dev/sda", "/dev/sdc"]
    assert units["/dev/dm-1"]["identity"] != wwid
    (plain,) = reserve(n2, "look", "/dev/sdc")["units"]
    assert (plain["identity"], plain["backend"]) == (wwid, "sg_persist")
    assert plain["paths"] == ["/dev/sda", "/dev/sdc"]


def test_what_is_no_disk_is_refused(maps: KernelLab) -> None:
    node = maps.nodes[1]
    node.sh("dmsetup create plain --table '0 2048 linear /dev/sdb 0' && dmsetup mknodes")
    node.sh("modprobe loop; truncate -s 1M /tmp/image; losetup /dev/loop0 /tmp/image")
    refused = reserve(node, "look", "/dev/mapper/plain", "/dev/loop0", "/dev/ubda", "/dev/sdz")["refused"]
    node.sh("losetup -d /dev/loop0; dmsetup remove plain; rm -f /dev/mapper/plain")
    assert "is a device-mapper device, not a disk" in refused["/dev/mapper/plain"]
    assert "is a loop device" in refused["/dev/loop0"]
    assert "is no disk" in refused["/dev/ubda"]
    assert "No such file" in refused["/dev/sdz"]


def test_a_map_is_held_lost_and_given_up(maps: KernelLab) -> None:
    n1, n2 = maps.nodes
    lun = maps.luns[0]
    told = reserve(n1, "take", MAP)
    assert told["changed"] is True, told
    assert maps.san.reservations(lun).keys == (0xABC, 0xABC)
    assert maps.san.reservations(lun).holder == Holder(0xABC, 5)
    assert reserve(n1, "take", MAP)["changed"] is False
    assert write(n1, MAP) == 0

    assert reserve(n2, "take", "/dev/sda")["error"] == "conflict: /dev/sda is reserved by 0xabc"
    assert write(n2, "/dev/sda") != 0
    assert maps.san.reservations(lun).keys == (0xABC, 0xABC)

    told = reserve(n2, "preempt:abc", "/dev/sda")
    assert told["changed"] is True, told
    assert [note.partition(":")[0] for note in told["notes"]] == ["preempt_without_abort"]
    assert maps.san.reservations(lun).keys == (0xDEF, 0xDEF)
    assert write(n1, MAP) != 0
    assert write(n2, "/dev/sda") == 0

    told = reserve(n1, "take", MAP)
    assert told["error"] == f"conflict: {MAP} is reserved by 0xdef"
    # The node that lost has nothing to give up, and takes nothing from the winner.
    assert reserve(n1, "leave", MAP)["changed"] is False
    assert reserve(n2, "leave", "/dev/sda")["changed"] is True
    assert maps.san.reservations(lun).keys == ()
    assert maps.san.reservations(lun).holder is None


def test_who_is_only_registered_takes_nothing_from_the_holder_when_it_leaves(maps: KernelLab) -> None:
    n1, n2 = maps.nodes
    lun = maps.luns[0]
    assert reserve(n2, "take", "/dev/sda")["changed"] is True
    n1.exec(["mpathpersist", "-o", "-I", "-S", "0xabc", MAP], check=True)
    assert maps.san.reservations(lun).keys == (0xABC, 0xABC, 0xDEF, 0xDEF)
    assert reserve(n1, "leave", MAP)["changed"] is True
    assert maps.san.reservations(lun).keys == (0xDEF, 0xDEF)
    assert maps.san.reservations(lun).holder == Holder(0xDEF, 5)
    assert write(n2, "/dev/sda") == 0


def test_a_path_that_was_down_is_registered_by_multipathd_when_it_is_back(maps: KernelLab) -> None:
    n1 = maps.nodes[0]
    lun = maps.luns[0]
    multipathed.lose_path(n1, "san2", "sdc")
    told = reserve(n1, "take", MAP)
    assert told["changed"] is True, told
    assert told["units"][0]["paths"] == ["/dev/sda"]
    assert [lost.partition(" ")[0] for lost in told["units"][0]["lost_paths"]] == ["/dev/sdc"]
    assert maps.san.reservations(lun).keys == (0xABC,)
    multipathed.return_path(n1, "san2", "sdc")
    assert maps.san.reservations(lun).keys == (0xABC, 0xABC)
    (unit,) = reserve(n1, "look", MAP)["units"]
    assert unit["paths"] == ["/dev/sda", "/dev/sdc"]


def test_a_node_that_was_preempted_is_not_registered_anew_by_its_multipathd(maps: KernelLab) -> None:
    n1, n2 = maps.nodes
    lun = maps.luns[0]
    assert reserve(n1, "take", MAP)["changed"] is True
    assert reserve(n2, "preempt:abc", "/dev/sda")["changed"] is True
    multipathed.lose_path(n1, "san2", "sdc")
    multipathed.return_path(n1, "san2", "sdc")
    assert maps.san.reservations(lun).keys == (0xDEF, 0xDEF)
    assert write(n1, MAP) != 0


def test_without_multipathd_nothing_is_registered_and_it_is_said(maps: KernelLab) -> None:
    n1 = maps.nodes[0]
    multipathed.end(n1)
    try:
        error = reserve(n1, "take", MAP)["error"]
    finally:
        multipathed.serve(n1)
    assert error.startswith("failed: /dev/mapper/mpatha: mpathpersist: ")
    assert "failed to set prkey for multipathd" in error
    assert maps.san.reservations(maps.luns[0]).keys == ()


def test_a_map_without_a_key_goes_path_by_path(maps: KernelLab) -> None:
    n1 = maps.nodes[0]
    n1.sh("sed -i 's/reservation_key/# reservation_key/' /etc/multipath.conf")
    try:
        told = reserve(n1, "take", MAP)
        keys = maps.san.reservations(maps.luns[0]).keys
        left = reserve(n1, "leave", MAP)
    finally:
        n1.sh("sed -i 's/# reservation_key/reservation_key/' /etc/multipath.conf")
    assert told["units"][0]["backend"] == "sg_persist"
    assert keys == (0xABC, 0xABC)
    assert left["changed"] is True
    assert maps.san.reservations(maps.luns[0]).keys == ()
