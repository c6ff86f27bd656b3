"""Facts and disks of Linux: this machine's own, a tree that looks like a large one, and a simulated node's disks."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from opensvc_core.api import Device, LogicalUnit, Note, open_agent, read_node_facts
from opensvc_core.inventory.disk_table import UNTOLD, DiskFacts
from opensvc_core.inventory.linux_disks import LinuxDisks
from opensvc_scsi_sg.sysfs import Sysfs
from opensvc_scsi_sg.units import identify
from opensvc_testkit.platforms.disks import SimulatedDisks
from opensvc_testkit.simulated import SimulatedCluster

TREE = {
    "etc/os-release": 'NAME="Rocky Linux"\nVERSION_ID="9.3"\n',
    "proc/cpuinfo": "processor : 0\nmodel name : Intel(R) Xeon(R) CPU E5620 @ 2.40GHz\ncpu MHz : 1600.1\n",
    "proc/meminfo": "MemTotal: 1024 kB\n",
    "proc/stat": "btime 1000\n",
    "proc/sys/kernel/osrelease": "5.14.0-362.el9.x86_64\n",
    "sys/class/dmi/id/product_serial": "CZ1234\n",
    "sys/class/dmi/id/sys_vendor": "HPE\n",
    "sys/class/dmi/id/product_name": "To be filled by O.E.M.\n",
    **{f"sys/devices/system/cpu/cpu{n}/topology/physical_package_id": f"{n % 2}\n" for n in range(8)},
    **{f"sys/devices/system/cpu/cpu{n}/topology/core_id": f"{n // 2 % 2}\n" for n in range(8)},
}
"""Two sockets of two cores of two threads."""


def test_facts_of_this_machine(tmp_path: Path) -> None:
    facts = read_node_facts(open_agent(tmp_path, "node109", settings={}))
    assert (facts.node, facts.os_name, facts.host_mode) == ("node109", "Linux", None)
    assert facts.os_kernel == os.uname().release
    assert facts.mem_bytes is not None
    # The kernel keeps a part of what is there for itself.
    assert abs(facts.mem_bytes - os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")) < 1 << 30
    assert facts.cpu_threads == os.cpu_count()
    assert facts.interfaces is not None
    assert {each.name for each in facts.interfaces} == {name for _, name in socket.if_nameindex()} - {"lo"}
    assert 0 < (facts.boot_time or 0) < facts.at
    assert not any(value == 0 for value in (facts.cpu_freq, facts.cpu_cores, facts.mem_slots, facts.mem_banks))


def test_facts_of_a_tree(tmp_path: Path) -> None:
    for name, text in TREE.items():
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "var").mkdir()
    (tmp_path / "var/host_mode").write_text("DEV\n")
    facts = read_node_facts(open_agent(tmp_path, "node109", settings={}, path=str(tmp_path)), tmp_path / "root")
    assert (facts.os_vendor, facts.os_release, facts.host_mode) == ("Rocky Linux", "9.3", "DEV")
    assert (facts.cpu_dies, facts.cpu_cores, facts.cpu_threads, facts.cpu_freq) == (2, 4, 8, 2400)
    assert (facts.manufacturer, facts.model, facts.serial) == ("HPE", None, "CZ1234")
    assert (facts.mem_bytes, facts.mem_slots, facts.interfaces) == (1 << 20, None, None)
    assert {note.code for note in facts.notes} == {"dmi_unreadable", "command_not_found"}


def test_nothing_is_told_by_an_empty_tree(tmp_path: Path) -> None:
    facts = read_node_facts(open_agent(tmp_path, "node109", settings={}, path=str(tmp_path)), tmp_path / "root")
    told = {facts.os_vendor, facts.os_kernel, facts.cpu_model, facts.cpu_freq, facts.cpu_dies, facts.mem_bytes}
    assert told == {None}
    assert all(isinstance(note, Note) for note in facts.notes)


@pytest.mark.simulated
def test_every_special_file_of_a_disk_is_that_disk(simulated_cluster: SimulatedCluster) -> None:
    disks = SimulatedDisks(simulated_cluster)
    disks.add("naa.6001405a", {"n1": ["/dev/sda", "/dev/sdb"]}, size=1 << 30, vendor="LIO-ORG", model="disk")
    disks.add("naa.6001405b", {"n1": ["/dev/sdc"]}, size=2 << 30)
    disks.add_map("n1", "mpatha", "naa.6001405a")
    root = disks.show_sys("n1")

    def number_of(path: str) -> tuple[int, int] | None:
        try:
            return disks.number_of("n1", path)
        except FileNotFoundError:
            return None

    table = LinuxDisks(root, number_of)
    whole = DiskFacts("naa.6001405a", 1 << 30, "LIO-ORG", "disk")
    assert [table.find(f"/dev/{name}") for name in ("sda", "sdb", "mapper/mpatha")] == [whole] * 3
    assert table.find("/dev/sdc").identity == "naa.6001405b"
    # What a reservation calls a disk, an inventory calls it too.
    sysfs = Sysfs(root, lambda path: disks.number_of("n1", path))
    for device, unit in identify([Device(f"/dev/{name}") for name in ("sda", "sdc", "mapper/mpatha")], sysfs):
        assert isinstance(unit, LogicalUnit)
        assert table.find(device.path).identity == unit.identity
    assert table.find("/dev/nosuch") is UNTOLD
    assert table.find("/srv/a.img") is UNTOLD


def test_disks_of_other_kinds(tmp_path: Path) -> None:
    def disk(name: str, number: str, **facts: str) -> None:
        for path, text in facts.items():
            file = tmp_path / "block" / name / path.replace("__", "/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{text}\n")
        (tmp_path / "dev/block").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"dev/block/{number}").symlink_to(tmp_path / "block" / name)

    disk("nvme0n1", "259:0", size="2048", wwid="eui.0025385", device__model="Samsung", device__serial="S1")
    disk("vda", "254:0", size="2048", serial="boot", device__vendor="0x1af4")
    disk("loop0", "7:0", size="0")
    table = LinuxDisks(tmp_path, {"/dev/n": (259, 0), "/dev/v": (254, 0), "/dev/l": (7, 0)}.get)
    assert table.find("/dev/n") == DiskFacts("eui.0025385", 1 << 20, None, "Samsung")
    assert table.find("/dev/v") == DiskFacts("serial.boot", 1 << 20, None, None)
    assert table.find("/dev/l") == UNTOLD
