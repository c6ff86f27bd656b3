"""What ``mount -p`` of Solaris prints: each mounted file system as a line of ``vfstab`` (mount(8)) [R]. Pure."""

from __future__ import annotations

from attrs import field, frozen

from opensvc_drivers_solaris.words import whole_lines

FIELDS = 7
"""special, device to check, mount point, type, pass of the check, at boot, options."""


@frozen
class Mounted:
    """One mounted file system.

    Attributes:
        device: special file, dataset or share.
        point: where it is mounted.
        kind: ``ufs``, ``zfs``, ``lofs``, ``nfs``, ...
    """

    device: str
    point: str
    kind: str


@frozen
class Mounts:
    """All file systems of a node.

    Attributes:
        mounted: in the order told; of two on one point the later lies on top.
        trouble: why this is not all that there is, empty if it was understood to its end.
    """

    mounted: tuple[Mounted, ...] = field(default=())
    trouble: str = ""

    def at(self, point: str) -> Mounted | None:
        """What lies on top of a mount point."""
        return next((each for each in reversed(self.mounted) if each.point == point), None)

    def below(self, point: str) -> tuple[Mounted, ...]:
        """What is mounted below a mount point."""
        return tuple(each for each in self.mounted if each.point.startswith(f"{point.rstrip('/')}/"))


def parse_mounts(text: str) -> Mounts:
    """Read ``mount -p``."""
    lines, trouble = whole_lines(text)
    found = []
    for line in lines:
        words = line.split()
        if len(words) != FIELDS or not words[2].startswith("/"):
            trouble = trouble or f"a line is not understood: {line.strip()[:80]!r}"
            continue
        found.append(Mounted(words[0], words[2], words[3]))
    if not any(each.point == "/" for each in found):
        trouble = trouble or "it does not tell of the root file system"
    return Mounts(tuple(found), trouble)
