"""Which volume groups hold what this node itself lives on: its root, its other filesystems, its swap."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from attrs import field, frozen

from opensvc_lvm.kernel import HERE, Kernel, device_number, unescape

SYSTEM_POINTS = frozenset(
    {
        "/", "/usr", "/usr/local", "/boot", "/boot/efi", "/etc", "/home", "/opt", "/root", "/tmp", "/var", "/var/cache",  # noqa: S108 (nothing is written there)
        "/var/lib", "/var/log", "/var/spool", "/var/tmp",  # noqa: S108
    }
)  # fmt: skip
"""Mount points of a system itself: what is mounted there is no service's."""
SWAP = "swap"


@frozen
class Use:
    """What groups are in use for on this node, by the UUID of the group without hyphens.

    Attributes:
        points: mount points, ``swap`` among them.
        is_root_known: whether it could be told what ``/`` lies on.
    """

    points: dict[str, tuple[str, ...]] = field(factory=dict, hash=False)
    is_root_known: bool = True

    def of(self, uuid: str) -> tuple[str, ...]:
        """What a group is in use for."""
        return self.points.get(uuid.replace("-", ""), ())

    def is_system(self, uuid: str) -> bool:
        """Whether this node itself lives on a group."""
        return any(point in SYSTEM_POINTS or point == SWAP for point in self.of(uuid))


def find_use(kernel: Kernel = HERE) -> Use:
    """Look through mounts and swap areas, and what each of them stands on."""
    found: dict[str, list[str]] = {}
    is_root_known = False
    for number, point in _uses(kernel):
        groups = _groups_below(number, kernel, frozenset()) if number else None
        if point == "/":
            is_root_known = groups is not None
        for group in groups or ():
            found.setdefault(group, []).append(point)
    return Use({group: tuple(dict.fromkeys(points)) for group, points in found.items()}, is_root_known)


def _uses(kernel: Kernel) -> Iterator[tuple[str, str]]:
    """Device and mount point of every mount, the last of those that lie on one point last, and of swap areas."""
    for line in _read(kernel.proc / "self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        words, rest = before.split(), after.split()
        if len(words) < 5 or len(rest) < 2:
            continue
        source = unescape(rest[1])
        # btrfs and its like have a device number that is no device's; what was mounted is one.
        number = device_number(source) if words[2].startswith("0:") and source.startswith("/dev/") else words[2]
        yield ("" if number.startswith("0:") else number), unescape(words[4])
    for line in _read(kernel.proc / "swaps").splitlines()[1:]:
        if line.split():
            yield device_number(unescape(line.split()[0])), SWAP


def _groups_below(number: str, kernel: Kernel, seen: frozenset[str]) -> frozenset[str] | None:
    """UUIDs of the groups that a device stands on, itself included; ``None`` if the kernel does not tell."""
    folder = kernel.sys / "dev/block" / number
    if not folder.is_dir() or number in seen:
        return None
    uuid = _read(folder / "dm/uuid").strip()
    if uuid.startswith("LVM-"):
        return frozenset({uuid[4:36]})
    found: frozenset[str] = frozenset()
    for slave in sorted((folder / "slaves").glob("*")):
        below = _groups_below(_read(slave / "dev").strip(), kernel, seen | {number})
        if below is None:
            return None
        found |= below
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
