"""Disks of an HP-UX node, of one ``scsimgr`` (11.31); its lines are those that shipped scripts read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.hpux.luns import raw_file
from opensvc_core.inventory.asking import answer_of
from opensvc_core.inventory.disk_table import UNTOLD, DiskFacts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.context import Context

BLOCK = 512
"""Bytes of the unit of ``capacity``."""
_ROW = re.compile(
    r'(?P<wwid>[^:]*):(?P<file>/dev/[^:]+):"?(?P<vendor>[^:"]*)"?:"?(?P<model>[^:"]*)"?:(?P<blocks>[0-9]{1,15})\s*\Z'
)
_WWID = re.compile(r"0x[0-9a-fA-F]{1,64}\Z")


@frozen
class HpuxDisks:
    """Disks by their character special files."""

    disks: Mapping[str, DiskFacts]

    def find(self, path: str) -> DiskFacts:
        """See ``DiskTable``; a block special file is the same disk."""
        return self.disks.get(raw_file(path), UNTOLD)


def parse_luns(text: str) -> dict[str, DiskFacts]:
    """Disks of ``scsimgr -p get_attr all_lun`` with WWID, special file, vendor, product and capacity."""
    found = {}
    for line in text.splitlines():
        row = _ROW.match(line.strip())
        if row:
            found[row["file"]] = DiskFacts(
                row["wwid"].lower() if _WWID.match(row["wwid"]) else None,
                int(row["blocks"]) * BLOCK or None,
                row["vendor"].strip() or None,
                row["model"].strip() or None,
            )
    return found


def read_hpux_disks(context: Context) -> HpuxDisks:
    """Every disk of the node; none, with a note, if scsimgr does not tell."""
    attributes = ("wwid", "device_file", "vid", "pid", "capacity")
    words = [word for each in attributes for word in ("-a", each)]
    text = answer_of(context, "scsimgr", "-p", "get_attr", "all_lun", *words)
    disks = parse_luns(text or "")
    if text and not disks:
        context.note(f"scsimgr: not an answer that can be read: {text[:80]!r}", "garbled")
    return HpuxDisks(disks)
