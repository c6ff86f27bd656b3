"""Initial RAM file systems: a writer of the `newc` cpio format (kernel: Documentation/driver-api/early-userspace).

The kernel unpacks several archives that follow one another in one file, later ones over earlier ones: so a guest's own
files are an archive behind the common one, and nothing is unpacked or packed again.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

import attrs

_BLOCK = 512


@attrs.frozen(slots=True)
class File:
    """A file, and its permissions."""

    data: bytes
    mode: int = 0o644


@attrs.frozen(slots=True)
class Link:
    """A symbolic link, and what it points to."""

    target: str


@attrs.frozen(slots=True)
class Folder:
    """A folder, and its permissions. Folders on the way to an entry need not be named."""

    mode: int = 0o755


@attrs.frozen(slots=True)
class Device:
    """A character device."""

    major: int
    minor: int
    mode: int = 0o600


Entry = File | Link | Folder | Device


def archive(entries: Mapping[str, Entry]) -> bytes:
    """One archive of entries by absolute path, padded so that another one may follow."""
    complete: dict[str, Entry] = {}
    for path, entry in entries.items():
        for parent in reversed(PurePosixPath(path).parents):
            if parent.name:
                complete.setdefault(str(parent), Folder())
        complete[path] = entry
    body = b"".join(_records(complete))
    return body + b"\0" * (-len(body) % _BLOCK)


def _records(entries: Mapping[str, Entry]) -> Iterator[bytes]:
    for number, (path, entry) in enumerate(entries.items(), start=1):
        mode, data, device = _describe(entry)
        yield _record(path.lstrip("/"), number, mode, data, device)
    yield _record("TRAILER!!!", 0, 0, b"", (0, 0))


def _describe(entry: Entry) -> tuple[int, bytes, tuple[int, int]]:
    match entry:
        case File(data, mode):
            return stat.S_IFREG | mode, data, (0, 0)
        case Link(target):
            return stat.S_IFLNK | 0o777, target.encode(), (0, 0)
        case Folder(mode):
            return stat.S_IFDIR | mode, b"", (0, 0)
        case Device(major, minor, mode):
            return stat.S_IFCHR | mode, b"", (major, minor)


def _record(name: str, inode: int, mode: int, data: bytes, device: tuple[int, int]) -> bytes:
    label = name.encode() + b"\0"
    # inode, mode, uid, gid, links, mtime, size, device (2), special device (2), name size, checksum
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(label), 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + label
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)
