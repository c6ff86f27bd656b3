"""The SCSI disks that a node's kernel sees, read from sysfs in one go."""

from __future__ import annotations

import attrs

# One line a disk: name, host:channel:id:lun, portal, identity, serial number (page 80h of its product data).
QUESTION = (
    "sh",
    "-c",
    """for disk in /sys/block/sd*; do
  [ -e "$disk/device" ] || continue
  where=$(readlink -f "$disk/device")
  session=${where#*/session}; session=${session%%/*}
  portal=$(cat /sys/class/iscsi_connection/connection$session:0/persistent_address 2>/dev/null)
  echo "${disk##*/} ${where##*/} ${portal:--} $(tr ' ' _ <"$disk/device/wwid") $(tail -c +5 "$disk/device/vpd_pg80")"
done""",
)
"""The command whose output `parse` reads."""


@attrs.frozen(slots=True)
class Disk:
    """One path to one shared disk.

    Attributes:
        path: its device file.
        address: host, channel, target and unit, as the kernel writes them.
        portal: the address of the target's portal behind which it is; `-` when it is not an iSCSI disk.
        wwid: its identity, the same on all nodes and paths; blanks are underscores.
        serial: its serial number, the name that the lab gave it.
    """

    path: str
    address: str
    portal: str
    wwid: str
    serial: str


def parse(text: str) -> list[Disk]:
    """Read what `QUESTION` printed."""
    found = []
    for line in text.splitlines():
        name, address, portal, wwid, *serial = line.split()
        found.append(Disk(f"/dev/{name}", address, portal, wwid, " ".join(serial)))
    return found
