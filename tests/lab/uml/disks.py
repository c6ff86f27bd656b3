"""The SCSI disks that a node's kernel sees, read from sysfs in one go."""

from __future__ import annotations

import re

import attrs

# One line a disk: name, host:channel:target:unit, portal, identity. Then the serial numbers (page 80h of the product
# data, a length and the text), file by file. The shell's own commands only, but for one: a fork takes long in a node.
QUESTION = (
    "sh",
    "-c",
    """for disk in /sys/block/sd*; do
  cd -P "$disk/device" 2>/dev/null || continue
  where=$(pwd -P) portal=-
  case $where in */session*)
    session=${where#*/session}
    read -r portal <"/sys/class/iscsi_connection/connection${session%%/*}:0/persistent_address" ;;
  esac
  read -r wwid <wwid
  echo "${disk##*/} ${where##*/} $portal $wwid"
done
tail -v -c +5 /sys/block/sd*/device/vpd_pg80""",
)
"""The command whose output `parse` reads."""

_SERIAL = re.compile(r"^==> /sys/block/(\w+)/device/vpd_pg80 <==\n(.*)$", re.MULTILINE)


@attrs.frozen(slots=True)
class Disk:
    """One path to one shared disk.

    Attributes:
        path: its device file.
        address: host, channel, target and unit, as the kernel writes them.
        portal: the address of the target's portal behind which it is; `-` when it is not an iSCSI disk.
        wwid: its identity, the same on all nodes and paths.
        serial: its serial number, the name that the lab gave it.
    """

    path: str
    address: str
    portal: str
    wwid: str
    serial: str


def parse(text: str) -> list[Disk]:
    """Read what `QUESTION` printed.

    Raises:
        ValueError: it is something else.
    """
    # Some targets end the number with a zero, and fill it up with blanks.
    serials = dict(_SERIAL.findall(text))
    lines = text.partition("==> ")[0].splitlines()
    found = []
    for line in lines:
        name, address, portal, wwid = line.split(maxsplit=3)
        found.append(Disk(f"/dev/{name}", address, portal, wwid.strip(), serials.get(name, "").strip("\0 ")))
    return found
