"""Who keeps a device open, from made-up tables of the kernel."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from opensvc_core.api import Deadline
from opensvc_core.clock import SystemClock
from opensvc_lvm.groups import MappedDevice, VolumeGroup
from opensvc_lvm.kernel import Kernel, device_number, unescape

CAPTURED = Path(__file__).parents[1] / "fixtures/lvm"
UUID = "xoewiz-eZzs-TpSc-dTBY-gAfu-RCbq-M8fMEE"


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/mountinfo").write_text("")
    (tmp_path / "proc/swaps").write_text("Filename Type Size Used Priority\n")
    (tmp_path / "sys/block").mkdir(parents=True)
    return Kernel(tmp_path / "sys", tmp_path / "proc")


def deadline(seconds: float = 10.0) -> Deadline:
    return Deadline.after(seconds, SystemClock(), "the test")


def add_mapped(kernel: Kernel, number: int, name: str, uuid: str = "LVM-x", on: tuple[int, ...] = ()) -> None:
    folder = kernel.sys / f"block/dm-{number}"
    (folder / "dm").mkdir(parents=True)
    (folder / "dev").write_text(f"254:{number}\n")
    (folder / "dm/name").write_text(f"{name}\n")
    (folder / "dm/uuid").write_text(f"{uuid}\n")
    for below in on:
        holders = kernel.sys / f"dev/block/254:{below}/holders"
        holders.mkdir(parents=True, exist_ok=True)
        (holders / f"dm-{number}").symlink_to(folder)


def test_devices_of_a_group_as_captured(kernel: Kernel) -> None:
    for line in (CAPTURED / "dmsetup.txt").read_text().splitlines():
        name, uuid, _, minor = line.split(":")
        add_mapped(kernel, int(minor), name, uuid)
    add_mapped(kernel, 90, "data-x", "CRYPT-x")
    devices = kernel.mapped_devices()
    data = VolumeGroup("data", UUID, "wz--n-")
    assert len([device for device in devices if device.is_of(data)]) == 15
    assert {device.name for device in devices if device.is_named_for("data")} == {
        device.name for device in devices if device.is_of(data)
    }


@pytest.mark.parametrize(
    ("name", "group", "is_its"),
    [("a-b", "a", True), ("a--b-c", "a", False), ("a--b-c", "a-b", True), ("a-b--c", "a", True), ("ab-c", "a", False)],
)
def test_hyphens_in_names(name: str, group: str, is_its: bool) -> None:
    assert MappedDevice("254:1", name, "LVM-x").is_named_for(group) is is_its


def test_mounts_swaps_and_devices_on_top(kernel: Kernel) -> None:
    (kernel.proc / "self/mountinfo").write_text(
        "30 1 254:1 / /srv/my\\040data rw - ext4 /dev/mapper/data-base rw\n31 1 8:1 / / rw - ext4 /dev/sda1 rw\nshort\n"
    )
    add_mapped(kernel, 1, "data-base")
    add_mapped(kernel, 2, "data-snap", on=(1,))
    add_mapped(kernel, 3, "holder", "", on=(1,))
    holders = kernel.holders({"254:1", "254:2"}, deadline())
    assert holders.lasting == ("mounted on /srv/my data", "used by /dev/mapper/holder")
    assert str(holders) == "mounted on /srv/my data, used by /dev/mapper/holder"
    assert "nobody" in str(kernel.holders({"254:9"}, deadline()))


def test_a_process_is_named_and_the_search_ends_at_its_limit(kernel: Kernel) -> None:
    device = next(path for path in map(Path, ("/dev/loop0", "/dev/vda", "/dev/sda")) if device_number(str(path)))
    folder = kernel.proc / "4711"
    (folder / "fd").mkdir(parents=True)
    (folder / "comm").write_text("qemu-system-x86\n")
    (folder / "fd/3").symlink_to(device)
    (folder / "fd/4").symlink_to("/nowhere/else")
    number = device_number(str(device))
    assert kernel.holders({number}, deadline()).processes == ("open in process 4711 (qemu-system-x86)",)
    assert kernel.holders({number}, deadline(0)).processes == ()


def test_many_holders_are_counted(kernel: Kernel) -> None:
    lines = [f"{number} 1 254:1 / /m{number} rw - ext4 x rw" for number in range(9)]
    (kernel.proc / "self/mountinfo").write_text("\n".join(lines))
    assert str(kernel.holders({"254:1"}, deadline())).endswith("mounted on /m4 and 4 more")


def test_what_is_no_block_device_has_no_number() -> None:
    assert device_number("/dev/null") == ""
    assert device_number("/nowhere") == ""
    assert device_number(os.devnull) == ""


def test_escapes() -> None:
    assert unescape("/a\\040b\\134c") == "/a b\\c"
