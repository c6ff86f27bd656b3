"""Names of disks: as the Linux kernel writes a WWID, and as ``scsi_id`` and multipath do. Pure."""

from __future__ import annotations

from typing import Final

KINDS: Final = {"3": "naa.", "2": "eui.", "1": "t10."}
"""``scsi_id`` writes the number of the kind (SPC, designator type) where the kernel writes a word."""


def of_scsi_id(text: str) -> str:
    """``36001405…`` as the kernel writes it, ``naa.6001405…``; anything else as it is."""
    return KINDS[text[0]] + text[1:] if text[:1] in KINDS else text


def to_scsi_id(disk_id: str) -> str:
    """A disk's identity as ``scsi_id -g -u`` prints it, which is what collectors know disks by since 2010.

    The WWID of HP-UX, ``0x6001405…``, is the same number: both platforms call a shared disk alike. Serial numbers stay
    as they are; blanks become underscores, as ``scsi_id`` writes them.
    """
    for number, word in KINDS.items():
        if disk_id.startswith(word):
            return number + "_".join(disk_id.removeprefix(word).split())
    if disk_id.startswith("0x"):
        return "3" + disk_id.removeprefix("0x").lower()
    return "_".join(disk_id.split())
