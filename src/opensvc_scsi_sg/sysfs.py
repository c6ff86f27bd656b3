"""What the kernel says of disks in ``/sys``: which disk a special file is, its WWID, the paths of a multipath map."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from attrs import frozen

from opensvc_core.api import Device, ReservationError

SYS = Path("/sys")
_SD = re.compile(r"sd[a-z]+\Z")
_PARTITION_OF_MAP = re.compile(r"part[0-9]+-mpath-")
_DISK_TYPES = ("0", "14")
"""SCSI peripheral device types: a disk, and a disk with the reduced command set."""
_OTHERS = (
    ("loop", "is a loop device"),
    ("nbd", "is a network block device"),
    ("rbd", "is a Ceph image"),
    ("drbd", "is a replicated disk (DRBD)"),
    ("md", "is a software RAID: its members could be reserved, it cannot"),
    ("vd", "is a virtio disk without SCSI; give the machine a virtio-scsi disk"),
    ("xvd", "is a Xen disk without SCSI"),
    ("nvme", "is an NVMe disk, whose reservations are not those of SCSI"),
    ("sr", "is an optical drive"),
    ("zram", "lies in memory"),
    ("ram", "lies in memory"),
)


def block_number(path: str) -> tuple[int, int]:
    """Major and minor number of a block special file.

    Raises:
        ReservationError: ``no_device`` if it is not there, ``not_supported`` if it is something else.
    """
    try:
        found = Path(path).stat()
    except OSError as error:
        raise ReservationError(f"{path}: {error.strerror or error}", code="no_device") from error
    if not stat.S_ISBLK(found.st_mode):
        kind = "file" if stat.S_ISREG(found.st_mode) else "thing that is no block device"
        raise cannot(path, f"is a {kind}")
    return os.major(found.st_rdev), os.minor(found.st_rdev)


def cannot(path: str, why: str) -> ReservationError:
    """The error for a thing that takes no SCSI-3 reservation."""
    return ReservationError(
        f"{path} {why}: it cannot be reserved",
        code="not_supported",
        hint="scsireserv = false only if no other node can write to it",
    )


@frozen
class Sysfs:
    """A tree of ``/sys``.

    Attributes:
        root: of the tree.
        number_of: gives the numbers of a special file; raises ReservationError.
    """

    root: Path = SYS
    number_of: Callable[[str], tuple[int, int]] = block_number

    def disk_of(self, device: Device) -> str:
        """The kernel's name of the SCSI disk or multipath map that a device is or lies on: ``sda``, ``dm-0``.

        A disk that is a path of a multipath map is that map.

        Raises:
            ReservationError: ``no_device`` if it is not there, ``not_supported`` if it cannot be reserved, and why.
        """
        if device.kind == "network":
            raise cannot(device.path, "is a network disk")
        if device.kind == "file" and not device.path.startswith("/dev/"):
            # Not looked at: it may lie on a file system that hangs.
            raise cannot(device.path, "is a file")
        major, minor = self.number_of(device.path)
        link = self.root / "dev" / "block" / f"{major}:{minor}"
        if not link.exists():
            raise ReservationError(f"{device.path}: the kernel knows no device {major}:{minor}", code="no_device")
        folder = link.resolve()
        name = folder.parent.name if (folder / "partition").exists() else folder.name
        if name.startswith("dm-"):
            return self._map_of(name, device)
        if not _SD.match(name):
            raise cannot(device.path, next((why for prefix, why in _OTHERS if name.startswith(prefix)), "is no disk"))
        if self._text(name, "device/type") not in _DISK_TYPES:
            raise cannot(device.path, "is a SCSI device, but no disk")
        return next((holder for holder in self._names(name, "holders") if self.is_map(holder)), name)

    def _map_of(self, name: str, device: Device) -> str:
        uuid = self._text(name, "dm/uuid")
        if uuid.startswith("mpath-"):
            return name
        below = self._names(name, "slaves")
        if _PARTITION_OF_MAP.match(uuid) and len(below) == 1 and self.is_map(below[0]):
            return below[0]
        if uuid.startswith("LVM-"):
            raise cannot(device.path, "is a logical volume, not a disk; its volume group's disks could be reserved")
        raise cannot(device.path, "is a device-mapper device, not a disk")

    def is_map(self, name: str) -> bool:
        """Whether a kernel name is that of a multipath map."""
        return name.startswith("dm-") and self._text(name, "dm/uuid").startswith("mpath-")

    def map_wwid(self, name: str) -> str:
        """The WWID of a multipath map as multipath writes it: ``36001405…``."""
        return self._text(name, "dm/uuid").removeprefix("mpath-")

    def map_name(self, name: str) -> str:
        """The name of a map, as below ``/dev/mapper``."""
        return self._text(name, "dm/name")

    def map_paths(self, name: str) -> tuple[str, ...]:
        """The disks that are the paths of a map."""
        return tuple(each for each in self._names(name, "slaves") if _SD.match(each))

    def disks(self) -> tuple[str, ...]:
        """Every SCSI disk of this node, each path one of its own: ``sda``, ``sdb``, …, ``sdaa``."""
        folder = self.root / "block"
        names = [each.name for each in folder.iterdir() if _SD.match(each.name)] if folder.is_dir() else []
        return tuple(sorted(names, key=lambda name: (len(name), name)))

    def state(self, name: str) -> str:
        """State of a SCSI disk: ``running``, ``offline``, ``blocked``, ``transport-offline``, …; empty if not told."""
        return self._text(name, "device/state")

    def identity(self, name: str) -> str:
        """What every node calls a SCSI disk: its WWID (``naa.…``, ``eui.…``, ``t10.…``), else vendor, model and serial.

        Empty for a disk that says neither. The kernel makes the WWID from VPD page 0x83, the serial is page 0x80.
        """
        wwid = " ".join(self._text(name, "device/wwid").split())
        if wwid:
            return wwid
        serial = self._serial(name)
        about = (self._text(name, "device/vendor"), self._text(name, "device/model"), serial)
        return f"serial.{'.'.join(about)}" if serial else ""

    def _serial(self, name: str) -> str:
        try:
            page = (self.root / "block" / name / "device" / "vpd_pg80").read_bytes()
        except OSError:
            return ""
        # A header of four bytes, the last two of which are the length.
        size = int.from_bytes(page[2:4], "big")
        return page[4 : 4 + size].decode("ascii", "replace").strip(" \0")

    def _names(self, name: str, folder: str) -> tuple[str, ...]:
        place = self.root / "block" / name / folder
        names = [each.name for each in place.iterdir()] if place.is_dir() else []
        return tuple(sorted(names, key=lambda each: (len(each), each)))

    def _text(self, name: str, attribute: str) -> str:
        try:
            return (self.root / "block" / name / attribute).read_text(encoding="ascii", errors="replace").strip()
        except OSError:
            return ""
