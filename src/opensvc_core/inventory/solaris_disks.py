"""Disks of a Solaris node, of one ``iostat -En`` (captured on illumos)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.inventory.asking import answer_of
from opensvc_core.inventory.disk_table import UNTOLD, DiskFacts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.context import Context

_BLOCK = re.compile(
    r"^(?P<name>[a-z][\w-]*)\s+Soft Errors:[^\n]*\n"
    r"Vendor: (?P<vendor>[^\n]*?)[ \t]+Product: (?P<model>[^\n]*?)[ \t]+Revision: [^\n]*?"
    r"Serial No:[ \t]*(?P<serial>[^\n]*?)[ \t]*\n"
    r"Size: [^<\n]*<(?P<size>[0-9]{1,20}) bytes>",
    re.MULTILINE,
)
_WWN = re.compile(r"c[0-9]+t(?P<wwn>[0-9A-F]{32}|[0-9A-F]{16})d[0-9]+\Z")
_DISK = re.compile(r"/dev/r?dsk/(?P<name>c[0-9]+(?:t[0-9A-Za-z]+)?d[0-9]+)(?:[sp][0-9]+)?\Z")


@frozen
class SolarisDisks:
    """Disks by their names, ``c0t5d0``."""

    disks: Mapping[str, DiskFacts]

    def find(self, path: str) -> DiskFacts:
        """See ``DiskTable``; every slice is its disk."""
        found = _DISK.match(path)
        return self.disks.get(found["name"], UNTOLD) if found else UNTOLD


def parse_iostat(text: str) -> dict[str, DiskFacts]:
    """Disks of ``iostat -En`` by name. The name of a disk with several paths holds its WWID."""
    found = {}
    for block in _BLOCK.finditer(text):
        vendor, model, serial = (" ".join((block[each] or "").split()) for each in ("vendor", "model", "serial"))
        wwn = _WWN.match(block["name"])
        identity = f"naa.{wwn['wwn'].lower()}" if wwn else f"serial.{vendor}.{model}.{serial}" if serial else None
        found[block["name"]] = DiskFacts(identity, int(block["size"]) or None, vendor or None, model or None)
    return found


def read_solaris_disks(context: Context) -> SolarisDisks:
    """Every disk of the node; none, with a note, if iostat does not tell."""
    text = answer_of(context, "iostat", "-En")
    return SolarisDisks(parse_iostat(text or ""))
