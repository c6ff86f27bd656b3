"""Disks as logical units: an identity that all nodes agree on, and the legacy special file of each path (a leg)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from opensvc_core.api import (
    CommandError,
    CommandNotFound,
    Context,
    Device,
    LogicalUnit,
    OpenSVCError,
    ReservationError,
    raw_file,
    read_luns,
)
from opensvc_scsi_scu.parse import parse_legs

LEGS_LIMIT = 20.0
"""Seconds to list the special files of all disks."""


@frozen
class Disks:
    """The disks of this node.

    Attributes:
        wwids: by persistent special file.
        files: persistent special file by WWID.
        legs: legacy special files by persistent one.
        bare: by WWID, the instance of a disk without a persistent special file.
    """

    wwids: Mapping[str, str]
    files: Mapping[str, str]
    legs: Mapping[str, tuple[str, ...]]
    bare: Mapping[str, int | None]

    @classmethod
    def of(cls, context: Context) -> Disks:
        """Ask ``scsimgr`` and ``ioscan``, once each. Raises ReservationError if they do not tell."""
        try:
            luns = read_luns(context)
            argv = ("ioscan", "-F", "-m", "dsf")
            result = context.query(*argv, timeout=LEGS_LIMIT)
            legs = parse_legs(result.stdout)
        except ValueError as error:
            raise ReservationError(f"cannot tell the paths of disks: {error}", code="failed") from error
        except CommandNotFound as error:
            raise ReservationError(error.message, code="not_supported", hint=error.hint) from error
        except CommandError as error:
            raise ReservationError(error.message, code="failed", hint=error.hint) from error
        named = [lun for lun in luns if lun.wwid and lun.device_file]
        bare = {lun.wwid: lun.instance for lun in luns if lun.wwid and not lun.device_file}
        return cls(
            {each.device_file: each.wwid for each in named}, {each.wwid: each.device_file for each in named}, legs, bare
        )

    def persistent(self, path: str) -> str:
        """The persistent special file that leads to the same disk; the path itself where none is known."""
        raw = raw_file(path)
        if raw in self.wwids:
            return raw
        return next((raw_file(name) for name, legs in self.legs.items() if raw in map(raw_file, legs)), raw)


def identify(devices: Sequence[Device], context: Context) -> Iterator[tuple[Device, LogicalUnit | ReservationError]]:
    """Units of devices, or why they cannot be reserved."""
    if context.asks_for_all:
        # A status asks for the disks of each reservation: the node's are listed once for all of them.
        disks: Disks = context.memory.once("scu disks", lambda: Disks.of(context))
    else:
        disks = Disks.of(context)
    for device in devices:
        try:
            unit = _unit(device, disks)
        except OpenSVCError as error:
            yield device, error if isinstance(error, ReservationError) else ReservationError(error.message)
        else:
            yield device, unit


def _unit(device: Device, disks: Disks) -> LogicalUnit:
    path = disks.persistent(device.path)
    wwid = disks.wwids.get(path, "")
    wanted = device.identity.lower()
    if wwid and wanted and wwid != wanted:
        raise ReservationError(
            f"{device.path} is the disk {wwid} on this node, and the service means {wanted}",
            code="no_device",
            hint="osvc diskupdate where the service runs, and bring its .mksf file here; or mend the special file",
        )
    if not wwid and wanted in disks.files:
        # This node lacks the special file, or has given it another name.
        path, wwid = disks.files[wanted], wanted
    if not wwid and wanted in disks.bare:
        raise ReservationError(
            f"{device.path}: this node sees the disk {wanted}, and has no special file of it",
            code="no_device",
            hint=f"insf -e; or mksf -r -C disk -I {disks.bare[wanted]} {raw_file(device.path)}",
        )
    if not wwid:
        raise ReservationError(
            f"{device.path}: scsimgr knows no disk of that name: it is absent, or no whole disk",
            code="no_device" if device.path.startswith(("/dev/rdisk/", "/dev/disk/")) else "not_supported",
            hint="scsimgr lun_map; ioscan -m dsf; insf -e makes special files; only whole disks can be reserved",
        )
    legs = tuple(dict.fromkeys(raw_file(leg) for leg in disks.legs.get(path, ())))
    if not legs:
        raise ReservationError(
            f"{device.path}: ioscan -m dsf lists no path (legacy special file) of {path}",
            code="no_device",
            hint="insf -L makes legacy special files: each path has to be registered by its own",
        )
    return LogicalUnit(device, wwid, legs)
