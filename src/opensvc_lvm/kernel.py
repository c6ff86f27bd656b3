"""What the kernel says of device-mapper devices and of whoever keeps them open, from ``/sys`` and ``/proc``."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from attrs import frozen

from opensvc_core.api import Deadline
from opensvc_lvm.groups import MappedDevice

MOST_NAMED = 5
"""Holders that a message names."""
_ESCAPED = re.compile(r"\\([0-7]{3})")


@frozen
class Holders:
    """Who keeps devices open.

    Attributes:
        lasting: mounts, swap areas and devices on top of them, in words: they do not go away by themselves.
        processes: processes that have one open, in words.
    """

    lasting: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Words for a message; says so when nobody can be named."""
        names = (*self.lasting, *self.processes)
        if not names:
            return "nobody that can be seen from here; look for a mount in another mount namespace"
        more = len(names) - MOST_NAMED
        return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


@frozen
class Kernel:
    """The kernel's tables.

    Attributes:
        sys: where sysfs is mounted.
        proc: where procfs is mounted.
    """

    sys: Path = Path("/sys")
    proc: Path = Path("/proc")

    def mapped_devices(self) -> tuple[MappedDevice, ...]:
        """Every device of device-mapper; none where the kernel has none."""
        found = []
        for folder in sorted((self.sys / "block").glob("dm-*")):
            uuid = _read(folder / "dm/uuid").strip()
            if uuid:
                found.append(MappedDevice(_read(folder / "dev").strip(), _read(folder / "dm/name").strip(), uuid))
        return tuple(found)

    def holders(self, numbers: Collection[str], limit: Deadline) -> Holders:
        """Who keeps devices open, other than each other.

        Args:
            numbers: ``major:minor`` of the devices.
            limit: processes that were not looked at by then are left out.
        """
        lasting = [*self._mounts(numbers), *self._swaps(numbers), *self._on_top(numbers)]
        return Holders(tuple(lasting), tuple(self._processes(numbers, limit)))

    def _mounts(self, numbers: Collection[str]) -> Iterator[str]:
        """Mount points (proc(5): the third field of mountinfo is the device, the fifth the point)."""
        for words in map(str.split, _read(self.proc / "self/mountinfo").splitlines()):
            if len(words) > 4 and words[2] in numbers:
                yield f"mounted on {unescape(words[4])}"

    def _swaps(self, numbers: Collection[str]) -> Iterator[str]:
        for words in map(str.split, _read(self.proc / "swaps").splitlines()[1:]):
            if words and device_number(unescape(words[0])) in numbers:
                yield f"swap area {unescape(words[0])}"

    def _on_top(self, numbers: Collection[str]) -> Iterator[str]:
        """Block devices that stand on them: device-mapper, md, drbd, bcache."""
        for number in sorted(numbers):
            for entry in sorted((self.sys / "dev/block" / number / "holders").glob("*")):
                if _read(entry / "dev").strip() not in numbers:
                    name = _read(entry / "dm/name").strip()
                    yield f"used by /dev/{f'mapper/{name}' if name else entry.name}"
        for device in sorted((self.sys / "block").glob("loop*")):
            backing = _read(device / "loop/backing_file").strip()
            if backing.startswith("/dev/") and device_number(backing) in numbers:
                yield f"used by /dev/{device.name}"

    def _processes(self, numbers: Collection[str], limit: Deadline) -> Iterator[str]:
        for folder in sorted(self.proc.glob("[0-9]*"), key=lambda entry: (len(entry.name), entry.name)):
            if limit.is_over:
                return
            if any(device_number(path) in numbers for path in _opened(folder)):
                yield f"open in process {folder.name} ({_read(folder / 'comm').strip()})"


HERE = Kernel()
"""The kernel that this process runs on."""


def device_number(path: str) -> str:
    """``major:minor`` of a block device's special file, empty for anything else."""
    try:
        info = os.stat(path)  # noqa: PTH116 (Path.stat does the same, a little slower, thousands of times)
    except OSError:
        return ""
    is_block = info.st_mode & 0o170000 == 0o060000
    return f"{os.major(info.st_rdev)}:{os.minor(info.st_rdev)}" if is_block else ""


def unescape(text: str) -> str:
    r"""A field of mountinfo or swaps with blanks and the like in place of the ``\040`` that the kernel writes."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), text)


def _opened(folder: Path) -> set[str]:
    """Special files that a process has open, by name: no other file is touched, as that may hang."""
    try:
        entries = [entry.path for entry in os.scandir(folder / "fd")]
    except OSError:
        return set()
    names = set()
    for entry in entries:
        try:
            name = os.readlink(entry)  # noqa: PTH115 (as above)
        except OSError:
            continue
        if name.startswith("/dev/"):
            names.add(name)
    return names


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
