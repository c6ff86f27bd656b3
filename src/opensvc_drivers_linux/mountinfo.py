"""The mounts of a node, from ``/proc/self/mountinfo`` (proc(5)); pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

_ESCAPED = re.compile(r"\\([0-7]{3})")
_DELETED = "//deleted"
"""What the kernel adds to a mount point whose folder was removed by another mount namespace."""


@frozen
class Mounted:
    """One mount.

    Attributes:
        id: of the mount.
        parent: id of the mount that it lies on.
        number: ``major:minor`` of the file system's device; major 0 for those without a device of their own.
        root: the part of the file system that is mounted, ``/`` for the whole.
        point: where it is mounted.
        options: of this mount.
        type: of the file system.
        source: what it was mounted from, in the words of whoever mounted it.
        shared_options: of the file system, wherever it is mounted.
    """

    id: int
    parent: int
    number: str
    root: str
    point: str
    options: frozenset[str] = frozenset()
    type: str = ""
    source: str = ""
    shared_options: frozenset[str] = frozenset()

    @property
    def has_device(self) -> bool:
        """Whether ``number`` is that of a block device; of btrfs, network and memory file systems it is not."""
        return not self.number.startswith("0:")

    @property
    def is_read_only(self) -> bool:
        """Whether nothing can be written through this mount, by its options or by those of the file system."""
        return "ro" in self.options or bool({"ro", "emergency_ro"} & self.shared_options)


@frozen
class Mounts:
    """All mounts that this node sees, in the kernel's order."""

    entries: tuple[Mounted, ...]

    def covering(self, path: str) -> Mounted | None:
        """The mount that an absolute path without links lies on; None only where the root itself is not listed.

        Found as the kernel walks: what is hidden by a later mount does not count.
        """
        known = {entry.id for entry in self.entries}
        children: dict[tuple[int, str], Mounted] = {}
        for entry in self.entries:
            is_child = entry.parent in known and entry.parent != entry.id
            children[entry.parent if is_child else -1, entry.point] = entry
        here: Mounted | None = None
        for prefix in _prefixes(path):
            # Several may lie on top of each other at one point.
            while (above := children.get((here.id if here else -1, prefix))) is not None:
                here = above
        return here

    def at(self, point: str) -> Mounted | None:
        """What is mounted at a path, the topmost; None if the path is no mount point."""
        found = self.covering(point)
        return found if found is not None and found.point == point else None

    def stack(self, point: str) -> tuple[Mounted, ...]:
        """Everything that is mounted at a path, hidden ones too."""
        return tuple(entry for entry in self.entries if entry.point == point)

    def on(self, mounted: Mounted) -> tuple[Mounted, ...]:
        """The mounts that lie on another, directly or further up: it cannot be unmounted before them."""
        found: list[Mounted] = []
        below = {mounted.id}
        # The kernel lists a mount after the one that it lies on, but for those that were moved.
        for _ in self.entries:
            fresh = [entry for entry in self.entries if entry.parent in below and entry.id not in below]
            if not fresh:
                break
            below.update(entry.id for entry in fresh)
            found += fresh
        return tuple(found)

    def of_device(self, number: str) -> tuple[Mounted, ...]:
        """Every mount of a block device."""
        return tuple(entry for entry in self.entries if entry.has_device and entry.number == number)


def parse_mountinfo(text: str) -> Mounts | None:
    """Read ``/proc/self/mountinfo``; None if a line is not one of it, or there is none: then nothing is known."""
    if not text.endswith("\n"):
        return None  # cut in the middle of a line, which may look whole
    try:
        entries = tuple(_parse_line(line) for line in text.split("\n") if line)
    except (ValueError, IndexError):
        return None
    is_whole = bool(entries) and len({entry.id for entry in entries}) == len(entries)
    return Mounts(entries) if is_whole else None


def _parse_line(line: str) -> Mounted:
    words = line.split(" ")
    # Optional fields stand between the options and a lone hyphen.
    separator = words.index("-", 6)
    kind, source, shared = words[separator + 1 : separator + 4]
    if not re.fullmatch(r"[0-9]+:[0-9]+", words[2], re.ASCII):
        raise ValueError(line)
    point = unescape(words[4]).removesuffix(_DELETED)
    if not point.startswith("/"):
        raise ValueError(line)
    return Mounted(
        int(words[0]),
        int(words[1]),
        words[2],
        unescape(words[3]),
        point,
        frozenset(words[5].split(",")),
        unescape(kind),
        unescape(source),
        frozenset(shared.split(",")),
    )


def unescape(text: str) -> str:
    r"""A field with blanks and the like in place of the ``\040`` that the kernel writes for them."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), text)


def _prefixes(path: str) -> Iterator[str]:
    """``/``, ``/a``, ``/a/b`` of ``/a/b``."""
    yield "/"
    parts = [part for part in path.split("/") if part]
    for number in range(1, len(parts) + 1):
        yield "/" + "/".join(parts[:number])
