"""Which disk a device is, what all nodes call it, and by which paths this node reaches it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from opensvc_core.api import Device, LogicalUnit, ReservationError
from opensvc_scsi_sg.sysfs import block_number
from opensvc_scsi_sg.units import identify
from tests.opensvc_scsi_sg.stand_ins import LUN1, LUN2, MAP1, FakeSys, multipathed


def ask(sys: FakeSys, path: str, kind: str = "block") -> LogicalUnit | ReservationError:
    """The answer for one device; no command is needed for it."""
    device = Device(path, kind)
    ((of, answer),) = identify([device], sys.sysfs)
    assert of == device
    return answer


def unit_of(sys: FakeSys, path: str) -> LogicalUnit:
    answer = ask(sys, path)
    assert isinstance(answer, LogicalUnit), answer
    return answer


def error_of(sys: FakeSys, path: str, kind: str = "block") -> ReservationError:
    answer = ask(sys, path, kind)
    assert isinstance(answer, ReservationError), answer
    return answer


def test_a_disk_on_one_path(tmp_path: Path) -> None:
    sys = FakeSys(tmp_path)
    sys.disk("sda", LUN1)
    sys.disk("sdb", LUN2)
    assert unit_of(sys, "/dev/sda") == LogicalUnit(Device("/dev/sda"), LUN1, ("/dev/sda",))


def test_every_path_of_a_disk_without_a_map_is_its_own(tmp_path: Path) -> None:
    sys = multipathed(tmp_path)
    assert unit_of(sys, "/dev/sdb").paths == ("/dev/sdb", "/dev/sdd")
    assert unit_of(sys, "/dev/sdd").paths == ("/dev/sdb", "/dev/sdd")


def test_paths_are_in_the_order_of_their_names(tmp_path: Path) -> None:
    sys = FakeSys(tmp_path)
    for name in ("sdaa", "sdb", "sdz", "sda"):
        sys.disk(name, LUN1)
    assert unit_of(sys, "/dev/sdz").paths == ("/dev/sda", "/dev/sdb", "/dev/sdz", "/dev/sdaa")


@pytest.mark.parametrize("path", ["/dev/mapper/mpatha", "/dev/dm-0", "/dev/sda", "/dev/sdc"])
def test_a_map_and_each_of_its_paths_are_one_unit(tmp_path: Path, path: str) -> None:
    unit = unit_of(multipathed(tmp_path), path)
    assert unit.identity == LUN1
    assert unit.paths == ("/dev/sda", "/dev/sdc")


def test_a_map_has_the_identity_that_a_node_without_multipath_sees(tmp_path: Path) -> None:
    plain = FakeSys(tmp_path / "plain")
    plain.disk("sdq", LUN1)
    (tmp_path / "mapped").mkdir()
    assert unit_of(multipathed(tmp_path / "mapped"), "/dev/dm-0").identity == unit_of(plain, "/dev/sdq").identity


@pytest.mark.parametrize(
    ("uuid", "identity"),
    [(MAP1, LUN1), ("mpath-20017380006c00034", "eui.0017380006c00034"), ("mpath-1IET_00010001", "t10.IET_00010001")],
)
def test_a_map_whose_paths_tell_no_wwid_has_its_own(tmp_path: Path, uuid: str, identity: str) -> None:
    sys = FakeSys(tmp_path)
    sys.disk("sda")
    sys.mapped(0, "mpatha", uuid, "sda")
    assert unit_of(sys, "/dev/dm-0").identity == identity


def test_a_partition_is_its_disk(tmp_path: Path) -> None:
    sys = multipathed(tmp_path)
    sys.partition("sdb", "sdb1")
    sys.mapped(1, "mpatha-part1", "part1-" + MAP1, "dm-0")
    assert unit_of(sys, "/dev/sdb1").paths == ("/dev/sdb", "/dev/sdd")
    assert unit_of(sys, "/dev/mapper/mpatha-part1").paths == ("/dev/sda", "/dev/sdc")


def test_a_disk_without_wwid_is_known_by_its_serial(tmp_path: Path) -> None:
    sys = FakeSys(tmp_path)
    sys.disk("sda", vendor="LAB     ", model="DISK            ")
    sys.write("sda/device/vpd_pg80", b"\0\x80\0\x24" + b"lab-lun1".rjust(36))
    assert unit_of(sys, "/dev/sda").identity == "serial.LAB.DISK.lab-lun1"


def test_disks_without_any_identity_are_refused_and_not_taken_for_one(tmp_path: Path) -> None:
    sys = FakeSys(tmp_path)
    sys.disk("sda")
    sys.disk("sdb")
    error = error_of(sys, "/dev/sda")
    assert error.code == "not_supported"
    assert "nodes could not agree which disk it is" in error.message


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("loop0", "is a loop device"),
        ("vda", "is a virtio disk"),
        ("nvme0n1", "is an NVMe disk"),
        ("md0", "is a software RAID"),
        ("rbd0", "is a Ceph image"),
        ("sr0", "is an optical drive"),
        ("zzz9", "is no disk"),
    ],
)
def test_what_is_no_scsi_disk_is_refused_and_named(tmp_path: Path, name: str, why: str) -> None:
    sys = FakeSys(tmp_path)
    sys.disk(name)
    error = error_of(sys, f"/dev/{name}")
    assert error.code == "not_supported"
    assert why in error.message
    assert "cannot be reserved" in error.message
    assert "scsireserv = false" in error.hint


def test_other_device_mapper_devices_are_refused(tmp_path: Path) -> None:
    sys = multipathed(tmp_path)
    sys.mapped(1, "data-lv", "LVM-abcdef", "sdb")
    sys.mapped(2, "secret", "CRYPT-LUKS2-abc", "sdb")
    sys.mapped(3, "bare", "", "sdb")
    assert "is a logical volume" in error_of(sys, "/dev/mapper/data-lv").message
    assert "is a device-mapper device" in error_of(sys, "/dev/mapper/secret").message
    assert error_of(sys, "/dev/mapper/bare").code == "not_supported"
    # What lies on it makes no disk a map.
    assert unit_of(sys, "/dev/sdb").paths == ("/dev/sdb", "/dev/sdd")


def test_a_tape_is_no_disk(tmp_path: Path) -> None:
    sys = FakeSys(tmp_path)
    sys.disk("sda", LUN1, type="1")
    assert "is a SCSI device, but no disk" in error_of(sys, "/dev/sda").message


def test_files_and_network_disks_are_refused_without_being_looked_at(tmp_path: Path) -> None:
    sys = FakeSys(tmp_path)
    assert "/srv/vm/disk.qcow2 is a file" in error_of(sys, "/srv/vm/disk.qcow2", "file").message
    assert "is a network disk" in error_of(sys, "pool/image", "network").message


def test_a_disk_that_a_guest_names_as_a_file_is_a_disk(tmp_path: Path) -> None:
    sys = multipathed(tmp_path)
    answer = ask(sys, "/dev/mapper/mpatha", "file")
    assert isinstance(answer, LogicalUnit)
    assert answer.paths == ("/dev/sda", "/dev/sdc")


def test_an_absent_disk_is_no_device(tmp_path: Path) -> None:
    sys = FakeSys(tmp_path)
    assert error_of(sys, "/dev/sdx").code == "no_device"
    sys.numbers["/dev/stale"] = (8, 99)
    assert "the kernel knows no device 8:99" in error_of(sys, "/dev/stale").message


@pytest.mark.parametrize("state", ["offline", "transport-offline", "blocked"])
def test_a_path_that_is_down_is_left_out_and_said(tmp_path: Path, state: str) -> None:
    sys = multipathed(tmp_path)
    sys.write("sdc/device/state", f"{state}\n")
    ((_, answer),) = identify([Device("/dev/mapper/mpatha")], sys.sysfs)
    assert isinstance(answer, LogicalUnit)
    assert answer.paths == ("/dev/sda",)
    assert answer.lost_paths == (f"/dev/sdc ({state})",)


def test_a_disk_without_a_path_that_is_up_is_not_there(tmp_path: Path) -> None:
    sys = multipathed(tmp_path)
    for name in ("sda", "sdc"):
        sys.write(f"{name}/device/state", "offline\n")
    error = error_of(sys, "/dev/mapper/mpatha")
    assert error.code == "no_device"
    assert "sda is offline, sdc is offline" in error.message
    sys.mapped(1, "empty", "mpath-3600", *())
    assert "it has none" in error_of(sys, "/dev/mapper/empty").message


def test_a_map_over_two_disks_is_refused(tmp_path: Path) -> None:
    sys = FakeSys(tmp_path)
    sys.disk("sda", LUN1)
    sys.disk("sdb", LUN2)
    sys.mapped(0, "mpatha", MAP1, "sda", "sdb")
    error = error_of(sys, "/dev/mapper/mpatha")
    assert error.code == "failed"
    assert "are different disks" in error.message


def test_one_bad_device_spoils_no_other(tmp_path: Path) -> None:
    sys = multipathed(tmp_path)
    sys.disk("loop0")
    devices = [Device(f"/dev/{name}") for name in ("loop0", "sdb", "nosuch", "sda")]
    answers = dict(identify(devices, sys.sysfs))
    assert [isinstance(answers[device], LogicalUnit) for device in devices] == [False, True, False, True]


def test_numbers_of_real_files(tmp_path: Path) -> None:
    with pytest.raises(ReservationError, match="No such file") as absent:
        block_number(str(tmp_path / "nosuch"))
    assert absent.value.code == "no_device"
    (tmp_path / "image").write_text("")
    with pytest.raises(ReservationError, match="is a file"):
        block_number(str(tmp_path / "image"))
    with pytest.raises(ReservationError, match="no block device") as other:
        block_number(os.devnull)
    assert other.value.code == "not_supported"
