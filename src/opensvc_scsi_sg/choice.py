"""Which of the two tools handles a disk: what it is, and what ``multipath.conf`` says."""

from __future__ import annotations

from pathlib import Path

from attrs import field, frozen

from opensvc_core.api import Device, ReservationError
from opensvc_scsi_sg.multipath_conf import ETC, read_reservation_keys
from opensvc_scsi_sg.sysfs import Sysfs


@frozen
class Choice:
    """What the choice depends on.

    Attributes:
        sysfs: the kernel's view of disks.
        etc: folder with ``multipath.conf``.
    """

    sysfs: Sysfs = field(factory=Sysfs)
    etc: Path = ETC

    def is_mpathpersist(self, device: Device) -> bool:
        """Whether a device is a multipath map, or one of its paths, for which a reservation key is configured.

        There multipathd registers a path that returns; commands past it would leave its own record wrong.
        """
        return bool(self.key_setting(device))

    def key_setting(self, device: Device) -> str:
        """``file``, a key, or empty: what ``multipath.conf`` has as ``reservation_key`` of the map of this device."""
        try:
            disk = self.sysfs.disk_of(device)
            if not self.sysfs.is_map(disk):
                return ""
            return read_reservation_keys(self.etc).of(self.sysfs.map_wwid(disk))
        except (ReservationError, OSError):
            # Whatever is wrong with the device is told by the backend that claims what nobody else does.
            return ""

    def map_file(self, device: Device) -> str:
        """The special file of the multipath map of a device. Raises ReservationError if it has none any more."""
        disk = self.sysfs.disk_of(device)
        if not self.sysfs.is_map(disk):
            raise ReservationError(f"{device.path}: is no path of a multipath map any more", code="no_device")
        named = Path("/dev/mapper") / self.sysfs.map_name(disk)
        return str(named) if named.exists() else f"/dev/{disk}"
