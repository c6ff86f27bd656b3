"""What the health of a pool means for a service, and which disks of this node a pool is made of. Pure."""

from __future__ import annotations

import re

from opensvc_core.api import Device, Note, Severity, Status, StatusReport
from opensvc_drivers_solaris.parse_pools import Disk, PoolStates

_WORRIES = {
    "DEGRADED": "degraded: it works, and lacks a disk or more",
    "FAULTED": "faulted: it is imported, and its data cannot be reached",
    "OFFLINE": "offline: it is imported, and its disks are taken offline",
    "UNAVAIL": "unavailable: it is imported, and too many of its disks are not there",
    "REMOVED": "its disks were removed while it was imported",
    "SUSPENDED": "suspended: its disks do not answer, and whoever writes to it waits",
}
USABLE = frozenset({"ONLINE", "DEGRADED"})
"""Healths of a pool that can be written to."""
_WHOLE_DISK = re.compile(r"c\d+(t[0-9A-Fa-f]+)?d\d+")


def pool_report(name: str, states: PoolStates, said: str) -> StatusReport:
    """State of a pool on this node: down only where zpool says that there is no such pool.

    Args:
        name: of the pool.
        states: what zpool told.
        said: its own words, for what was not understood.
    """
    health = states.healths.get(name)
    if health is None:
        if name in states.unknown:
            return StatusReport(Status.DOWN)
        return StatusReport.undef(f"zpool does not tell the state of {name}: {said}", "zpool")
    if health == "ONLINE":
        return StatusReport(Status.UP)
    note = Note(f"{_WORRIES[health]}: zpool status -x {name}", f"pool_{health.lower()}", Severity.WARNING)
    return StatusReport(Status.WARN, (note,))


def device_of(disk: Disk) -> Device:
    """The special file of a disk that reservations are taken on: the raw one, of the slice that is the whole disk."""
    path = disk.name
    if not path.startswith("/"):
        path = f"/dev/rdsk/{path}"
    elif path.startswith("/dev/dsk/"):
        path = f"/dev/rdsk/{path.removeprefix('/dev/dsk/')}"
    elif not path.startswith("/dev/"):
        return Device(path, "file")
    head, _, last = path.rpartition("/")
    return Device(f"{head}/{last}s2" if _WHOLE_DISK.fullmatch(last) else path)
