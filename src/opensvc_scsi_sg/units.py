"""Disks as logical units: an identity that all nodes agree on, and every path that this node could write through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from opensvc_core.api import Device, LogicalUnit, ReservationError
from opensvc_scsi_sg.sysfs import Sysfs, cannot

_USABLE = ("running", "")
"""States of a path that takes commands; on any other a command fails, or waits until the path is back."""
_BY_SCSI_ID = {"3": "naa.", "2": "eui.", "1": "t10."}
"""multipath writes the WWID with the number of its kind where the kernel writes a word."""


def identify(devices: Sequence[Device], sysfs: Sysfs) -> Iterator[tuple[Device, LogicalUnit | ReservationError]]:
    """Units of devices, or why they cannot be reserved. All of ``/sys`` that is needed is read once, without commands.

    Paths that are down stand apart in a unit: to wait for them would keep a service down because one of
    its paths is. What they write when they return is refused until they are registered.
    """
    identities = {name: sysfs.identity(name) for name in sysfs.disks()}
    for device in devices:
        try:
            unit = _unit(device, sysfs, identities)
        except ReservationError as error:
            yield device, error
        else:
            yield device, unit


def _unit(device: Device, sysfs: Sysfs, identities: Mapping[str, str]) -> LogicalUnit:
    disk = sysfs.disk_of(device)
    if sysfs.is_map(disk):
        identity, paths = _map(device, disk, sysfs, identities)
    else:
        identity = identities.get(disk, "")
        # Without a map, whatever path is opened is written through: all of them are registered.
        paths = tuple(name for name, other in identities.items() if name == disk or other == identity)
    if not identity:
        raise cannot(device.path, "says neither a WWID nor a serial number: nodes could not agree which disk it is")
    down = {name: sysfs.state(name) for name in paths if sysfs.state(name) not in _USABLE}
    usable = tuple(f"/dev/{name}" for name in paths if name not in down)
    if not usable:
        states = ", ".join(f"{name} is {state}" for name, state in down.items()) or "it has none"
        raise ReservationError(f"{device.path}: no path to this disk is up: {states}", code="no_device")
    return LogicalUnit(device, identity, usable, tuple(f"/dev/{name} ({state})" for name, state in down.items()))


def _map(device: Device, disk: str, sysfs: Sysfs, identities: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Identity and paths of a multipath map. The paths' own WWID is what a node without multipath sees too."""
    paths = sysfs.map_paths(disk)
    seen = {identities.get(name, "") for name in paths} - {""}
    if len(seen) > 1:
        raise ReservationError(
            f"{device.path}: the paths of this multipath map are different disks: {', '.join(sorted(seen))}",
            code="failed",
            hint="multipath -ll; mend it before anything is written",
        )
    wwid = sysfs.map_wwid(disk)
    fallback = _BY_SCSI_ID[wwid[0]] + wwid[1:] if wwid[:1] in _BY_SCSI_ID else wwid
    return (seen.pop() if seen else fallback), paths
