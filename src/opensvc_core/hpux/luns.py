"""LUNs of an HP-UX node: what ``scsimgr get_attr`` prints, and the questions that it answers (11.31).

The lines are those that shipped scripts read: ``0x<wwid>:/dev/rdisk/disk18:<instance>``. Not tried on HP-UX here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.errors import ActionError, CommandError

if TYPE_CHECKING:
    from opensvc_core.context import Context
    from opensvc_core.host import CommandResult

LISTING_LIMIT = 20.0
"""Seconds for the attributes of every LUN."""
ATTRIBUTE_LIMIT = 10.0
"""Seconds for one attribute of one LUN."""
_NUMBER = re.compile(r"[0-9]{1,9}\Z", re.ASCII)
_WWID = re.compile(r"0x[0-9a-f]{1,64}\Z")


@frozen
class HpuxLun:
    """A LUN.

    Attributes:
        wwid: what every node calls it, lower case, ``0x`` first; empty for one that says none.
        device_file: its persistent special file, ``/dev/rdisk/disk18``; empty if it has none.
        instance: number by which ``mksf`` finds it; ``None`` if not told.
    """

    wwid: str
    device_file: str
    instance: int | None = None


def parse_luns(text: str) -> tuple[HpuxLun, ...]:
    """Every LUN of ``get_attr all_lun -a wwid -a device_file -a instance``.

    Raises:
        ValueError: it is another answer, a cut one, or none: a node without a single disk does not run.
    """
    if not text.endswith("\n"):
        raise ValueError(_garbled(text))
    luns = []
    for line in text.split("\n"):
        if not line.strip():
            continue
        fields = [field.strip() for field in line.replace('"', "").split(":")]
        if not line.strip().isprintable() or len(fields) != 3 or not (fields[1].startswith("/dev/") or not fields[1]):
            raise ValueError(_garbled(line))
        wwid, device_file, instance = fields
        # Some disks have none, and what stands there then is not sourced.
        known = wwid.lower() if _WWID.match(wwid.lower()) else ""
        luns.append(HpuxLun(known, device_file, int(instance) if _NUMBER.match(instance) else None))
    if not luns:
        raise ValueError(_garbled(text))
    return tuple(luns)


def parse_wwid(text: str) -> str:
    """The WWID of ``get_attr -D FILE -a wwid -p``. Raises ValueError for another answer, or a cut one."""
    word = text.strip().strip('"').lower()
    if not text.endswith("\n") or not _WWID.match(word):
        raise ValueError(_garbled(text))
    return word


def raw_file(path: str) -> str:
    """The character special file of a disk: reservations and ``mksf`` know disks by that one."""
    for block, raw in (("/dev/disk/", "/dev/rdisk/"), ("/dev/dsk/", "/dev/rdsk/")):
        if path.startswith(block):
            return raw + path.removeprefix(block)
    return path


def read_luns(context: Context, *, after: CommandResult | None = None) -> tuple[HpuxLun, ...]:
    """Every LUN of this node, in one call.

    Raises:
        ActionError: it cannot be told.
    """
    argv = ("scsimgr", "-p", "get_attr", "all_lun", "-a", "wwid", "-a", "device_file", "-a", "instance")
    result = context.query(*argv, timeout=LISTING_LIMIT, after=after)
    try:
        return parse_luns(result.stdout)
    except ValueError as error:
        raise CommandError(f"cannot tell the LUNs of this node: scsimgr: {error}", argv=argv) from error


def read_wwid(path: str, context: Context, *, after: CommandResult | None = None) -> str:
    """WWID behind one special file, empty if ``scsimgr`` refuses it: then it is not there, or no disk.

    Raises:
        ActionError: it gave an answer that cannot be read, or none in time.
    """
    argv = ("scsimgr", "get_attr", "-D", path, "-a", "wwid", "-p")
    result = context.query(*argv, timeout=ATTRIBUTE_LIMIT, check=False, after=after)
    if result.rc != 0:
        return ""
    try:
        return parse_wwid(result.stdout)
    except ValueError as error:
        raise ActionError(f"cannot tell which disk {path} is: scsimgr: {error}", code="wwid_unknown") from error


def _garbled(text: str) -> str:
    return f"not an answer of get_attr: {text[:120]!r}"
