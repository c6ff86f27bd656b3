"""Who keeps a mount busy: processes and the kernel's own users, from ``/proc`` and ``/sys``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_drivers_linux.mountinfo import unescape

if TYPE_CHECKING:
    from opensvc_core.api import Deadline

PROC = Path("/proc")
BLOCKS = Path("/sys/block")
MOST_NAMED = 5
"""Holders that a message names."""
_DELETED = " (deleted)"


@frozen(order=True)
class Holder:
    """A process that uses a mount.

    Attributes:
        pid: its id.
        command: its name, as ``ps`` shows it in short.
        use: what it has there: ``its current folder``, ``/srv/erp/data/base open``.
    """

    pid: int
    command: str
    use: str

    def __str__(self) -> str:
        """``pid 4711 (postgres: /srv/erp/data/base open)``."""
        return f"pid {self.pid} ({self.command}: {self.use})"


def find_holders(point: str, limit: Deadline, proc: Path = PROC) -> tuple[Holder, ...]:
    """Processes with their folder, root, program, an open file or mapped memory on a mount, by pid.

    Only links and tables of the kernel are read, no file on the mount itself: that may hang. Processes in another mount
    namespace are left out, as their paths mean something else.

    Args:
        point: where it is mounted, links resolved.
        limit: what is not looked at by then is left out.
        proc: where the kernel shows its processes.
    """
    own = _link(proc / "self/ns/mnt")
    found = []
    for pid in sorted(int(entry.name) for entry in os.scandir(proc) if entry.name.isdecimal()):
        if limit.is_over:
            break
        folder = proc / str(pid)
        if _link(folder / "ns/mnt") == own and (use := _use(folder, point)):
            found.append(Holder(pid, _read(folder / "comm").strip(), use))
    return tuple(found)


def find_kernel_users(point: str, proc: Path = PROC, blocks: Path = BLOCKS) -> tuple[str, ...]:
    """Swap files and loop devices whose file lies on a mount, in words."""
    lines = _read(proc / "swaps").splitlines()[1:]
    swaps = (unescape(line.split()[0]) for line in lines if line.split())
    found = [f"swap file {path}" for path in swaps if _is_under(path, point)]
    if blocks.is_dir():
        for device in sorted(blocks.glob("loop*")):
            path = _read(device / "loop/backing_file").strip()
            if _is_under(path, point):
                found.append(f"/dev/{device.name}, which is {path}")
    return tuple(found)


def name_holders(point: str, limit: Deadline) -> str:
    """Who keeps a mount busy, in words; says so when nobody can be found."""
    holders = [*map(str, find_holders(point, limit)), *find_kernel_users(point)]
    if not holders:
        blind = "" if os.geteuid() == 0 else ", as far as this user can see"
        return f"no process has anything there{blind}; look for an NFS export, or another mount namespace"
    more = len(holders) - MOST_NAMED
    return ", ".join(holders[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _use(folder: Path, point: str) -> str:
    """What a process has on a mount, empty for nothing."""
    for name, words in (("cwd", "its current folder"), ("root", "its root"), ("exe", "its program")):
        if _is_under(_link(folder / name), point):
            return words
    try:
        numbers = [entry.path for entry in os.scandir(folder / "fd")]
    except OSError:
        numbers = []
    for path in (_link(Path(number)) for number in numbers):
        if _is_under(path, point):
            return f"{path} open"
    for path in _mapped(folder):
        if _is_under(path, point):
            return f"{path} mapped"
    return ""


def _mapped(folder: Path) -> Iterator[str]:
    """Files in the memory of a process: the sixth column of its table (proc(5)), blanks written as they are."""
    for line in _read(folder / "maps").splitlines():
        words = line.split(None, 5)
        if len(words) > 5:
            yield unescape(words[5])


def _is_under(path: str, point: str) -> bool:
    path = path.removesuffix(_DELETED)
    return path == point or path.startswith(point.rstrip("/") + "/")


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
