"""Every disk of this node, asked once: what it is called everywhere, how large it is, who made it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.context import Context


@frozen
class DiskFacts:
    """What the platform says of a disk.

    Attributes:
        identity: WWID or serial number, ``None`` if it does not tell.
        size: bytes.
        vendor: who made it.
        model: its model.
    """

    identity: str | None = None
    size: int | None = None
    vendor: str | None = None
    model: str | None = None


UNTOLD = DiskFacts()
"""Of a disk of which nothing is told."""


class DiskTable(Protocol):
    """The disks of a node."""

    def find(self, path: str) -> DiskFacts:
        """What is told of the disk behind a special file; ``UNTOLD`` if nothing is. Raises nothing."""
        ...


@frozen
class DisksByPath:
    """A table that a platform's tool gave: special file to disk."""

    disks: Mapping[str, DiskFacts] = field(factory=dict, hash=False)

    def find(self, path: str) -> DiskFacts:
        """See ``DiskTable``."""
        return self.disks.get(path, UNTOLD)


def read_disk_table(context: Context) -> DiskTable:
    """The disks of this node; an empty table, with a note, where they cannot be told."""
    match context.node.os_name:
        case "Linux":
            from opensvc_core.inventory.linux_disks import LinuxDisks

            return LinuxDisks()
        case "HP-UX":
            from opensvc_core.inventory.hpux_disks import read_hpux_disks

            return read_hpux_disks(context)
        case "SunOS":
            from opensvc_core.inventory.solaris_disks import read_solaris_disks

            return read_solaris_disks(context)
    return DisksByPath()
