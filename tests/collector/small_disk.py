"""A small filesystem of a node's own, that can be filled to the brim: a tmpfs in a namespace of mounts."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path

from attrs import define, field

SIZE = 8 << 20
"""Octets of the disk."""
BLOCK = 4096
LIMIT = 20.0
_HOLD = 'mount -t tmpfs -o size="$2",mode=0755 node "$1" && echo ready && exec sleep 86400'


@define
class SmallDisk:
    """A disk mounted on a folder, for the processes that `enter` starts; gone with the process that holds it.

    Attributes:
        folder: where it is mounted, in its namespace.
    """

    folder: Path
    _holder: subprocess.Popen[str] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Mount it.

        Raises:
            RuntimeError: this machine lets nobody but root mount, and we are not root.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        apart = ["--mount", "--propagation", "private"]
        if os.geteuid():
            apart += ["--user", "--map-root-user"]
        self._holder = subprocess.Popen(
            ["unshare", *apart, "sh", "-c", _HOLD, "sh", str(self.folder), str(SIZE)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        if self._holder.stdout is None or self._holder.stdout.readline() != "ready\n":
            self.close()
            message = "no filesystem can be mounted here"
            raise RuntimeError(message)

    @property
    def enter(self) -> tuple[str, ...]:
        """What comes before a command that is to see the disk."""
        user = ("--user", "--preserve-credentials") if os.geteuid() else ()
        return ("nsenter", "--target", str(self._holder.pid), "--mount", *user, "--")

    @property
    def outside(self) -> Path:
        """The folder with the disk, for processes that have not entered."""
        return Path(f"/proc/{self._holder.pid}/root{self.folder}")

    def fill(self, left: int) -> None:
        """Fill it but for some octets."""
        ballast = self.outside / "ballast"
        self.empty()
        with ballast.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(b"\0" * BLOCK):
                pass
        size = max(ballast.stat().st_size - left, 0)
        os.truncate(ballast, size)

    def empty(self) -> None:
        """Take away what filled it."""
        (self.outside / "ballast").unlink(missing_ok=True)

    def close(self) -> None:
        """Unmount it."""
        self._holder.kill()
        self._holder.wait()
        if self._holder.stdout is not None:
            self._holder.stdout.close()
