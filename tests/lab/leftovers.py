"""The folder of a lab, and the cleaning of folders whose session died without a chance to clean up."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import IO

import attrs

from tests.lab import cgroups

PREFIX = "osvc-lab-"


@attrs.define
class LabFolder:
    """A temporary folder with a memory file system in it, held by a lock that ends with this process.

    Attributes:
        path: the folder; its name also begins the names of the lab's control groups.
        disk: the memory file system: disks of the nodes, keys, the shared folder.
    """

    path: Path
    _lock: IO[str]

    @classmethod
    def create(cls) -> LabFolder:
        """Make a folder of our own, lock it and mount its memory file system."""
        while True:
            path = Path(tempfile.mkdtemp(prefix=PREFIX))
            lock = (path / "lock").open("w")
            fcntl.flock(lock, fcntl.LOCK_EX)
            # A session that swept between our open and our lock has taken the file away: begin again.
            if (path / "lock").exists():
                break
            lock.close()
        folder = cls(path, lock)
        folder.disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", path.name, str(folder.disk)], check=True, timeout=10)
        return folder

    @property
    def disk(self) -> Path:
        """Where the memory file system is mounted."""
        return self.path / "disk"

    def note_process(self, pid: int) -> None:
        """Remember a process of this lab, so that a later session can end it when ours is killed."""
        with (self.path / "processes").open("a") as notes:
            notes.write(f"{pid} {start_time(pid)}\n")

    def remove(self) -> None:
        """Unmount and delete the folder; the lab's processes have ended."""
        _clean(self.path)
        self._lock.close()


def start_time(pid: int) -> str:
    """When a process started, in clock ticks since boot: with the pid it names a process for good; empty if gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]


def sweep(temporary: Path | None = None) -> list[Path]:
    """Clean up after every session that is no more; returns the folders removed. Running sessions are left alone.

    Args:
        temporary: where to look; the folder for temporary files if not given.
    """
    removed = []
    for path in sorted((temporary or Path(tempfile.gettempdir())).glob(f"{PREFIX}*")):
        try:
            lock = (path / "lock").open("r+")
        except OSError:
            continue  # being made just now, or being removed
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            _clean(path)
            removed.append(path)
    return removed


def _clean(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        for line in (path / "processes").read_text().splitlines():
            _end(line)
    cgroups.remove(path.name)
    for _ in range(8):  # mounts may lie over one another
        if not (path / "disk").is_mount():
            break
        # Lazy: a process that still dies may hold a file for a moment; no one can open another one.
        subprocess.run(["umount", "-l", str(path / "disk")], check=False, timeout=10)
    if not (path / "disk").is_mount():
        shutil.rmtree(path, ignore_errors=True)


def _end(note: str) -> None:
    pid, _, started = note.partition(" ")
    if not started or start_time(int(pid)) != started:
        return
    try:
        handle = os.pidfd_open(int(pid))
    except ProcessLookupError:
        return
    try:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [], 5)
    finally:
        os.close(handle)
