"""Disks of a Linux node, read in ``/sys`` when they are asked for: no command, and nothing of the others."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, field

from opensvc_core.inventory.disk_ids import of_scsi_id
from opensvc_core.inventory.disk_table import UNTOLD, DiskFacts

if TYPE_CHECKING:
    from collections.abc import Callable

SECTOR = 512
"""Bytes of the unit of ``size``, whatever the disk's own sectors (sysfs-block)."""
_PCI_VENDOR = re.compile(r"0x[0-9a-f]{4}\Z")
_MULTIPATH = "mpath-"


def block_number(path: str) -> tuple[int, int] | None:
    """Major and minor number of a block special file; ``None`` if it is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - asked a thousand times
    except OSError:
        return None
    return (os.major(found.st_rdev), os.minor(found.st_rdev)) if stat.S_ISBLK(found.st_mode) else None


@define
class LinuxDisks:
    """Disks by their special files.

    A disk that is a path of a multipath map is that map: all its special files are one disk.

    Attributes:
        root: ``/sys``.
        number_of: numbers of a special file.
    """

    root: Path = Path("/sys")
    number_of: Callable[[str], tuple[int, int] | None] = block_number
    _known: dict[tuple[int, int], DiskFacts] = field(factory=dict, init=False)

    def find(self, path: str) -> DiskFacts:
        """See ``DiskTable``."""
        number = self.number_of(path) if path.startswith("/dev/") else None
        if number is None:
            return UNTOLD
        if number not in self._known:
            self._known[number] = self._read(*number)
        return self._known[number]

    def _read(self, major: int, minor: int) -> DiskFacts:
        try:
            folder = (self.root / "dev" / "block" / f"{major}:{minor}").resolve(strict=True)
        except OSError:
            return UNTOLD
        size = _number(_text(folder / "size"))
        disk = folder.parent if (folder / "partition").exists() else folder
        holder = next((each for each in _names(disk / "holders") if self._is_map(each)), "")
        uuid = _text((self.root / "block" / holder if holder else disk) / "dm" / "uuid")
        seen = disk
        if not holder and uuid.startswith(_MULTIPATH):
            # A map says nothing of its disk but the WWID; each of its paths does.
            seen = self.root / "block" / next(iter(_names(disk / "slaves")), "")
        identity = _identity(seen)
        if not identity and uuid.startswith(_MULTIPATH):
            identity = of_scsi_id(uuid.removeprefix(_MULTIPATH))
        return DiskFacts(
            identity or None,
            size * SECTOR if size else None,
            _vendor(seen) or None,
            _text(seen / "device" / "model") or None,
        )

    def _is_map(self, name: str) -> bool:
        return _text(self.root / "block" / name / "dm" / "uuid").startswith(_MULTIPATH)


def _identity(folder: Path) -> str:
    """WWID as the kernel writes it, of SCSI or NVMe; else ``serial.`` and vendor, model, serial, as reservations do."""
    for attribute in ("device/wwid", "wwid"):
        if wwid := _text(folder / attribute):
            return " ".join(wwid.split())
    serial = _text(folder / "serial") or _text(folder / "device" / "serial") or _unit_serial(folder)
    if not serial:
        return ""
    about = (_vendor(folder), _text(folder / "device" / "model"), serial)
    return f"serial.{'.'.join(about)}" if any(about[:2]) else f"serial.{serial}"


def _vendor(folder: Path) -> str:
    """Who made a disk; a virtio disk names its maker by a number of PCI."""
    vendor = _text(folder / "device" / "vendor")
    return "" if _PCI_VENDOR.match(vendor) else vendor


def _unit_serial(folder: Path) -> str:
    """The serial number of VPD page 0x80: a header of four bytes, the last two of which are its length (SPC)."""
    try:
        page = (folder / "device" / "vpd_pg80").read_bytes()
    except OSError:
        return ""
    length = int.from_bytes(page[2:4], "big")
    return page[4 : 4 + length].decode("ascii", "replace").strip(" \0")


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder), key=lambda name: (len(name), name))  # noqa: PTH208
    except OSError:
        return []


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("ascii", "replace").strip(" \n\0")
    except OSError:
        return ""


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
