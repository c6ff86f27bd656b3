"""Files that only their owner reads, whole or not there, and the lock of the sender."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from attrs import define

if TYPE_CHECKING:
    from pathlib import Path

_NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)


def write_private(path: Path, text: str) -> None:
    """Replace a file by a text, on disk when it returns; a reader sees the old one or the new. Raises OSError."""
    make_private(path.parent)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.new")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NO_LINK, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except OSError:
        scratch.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def make_private(folder: Path) -> None:
    """Make a folder that only its owner sees into, if it is not there; those above are the node's. Raises OSError."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


@define
class Lock:
    """A lock that is held, by whoever has this open file: it can be handed to another process.

    Attributes:
        descriptor: of the open file.
    """

    descriptor: int

    def release(self) -> None:
        """Give it up, unless another process was handed it."""
        os.close(self.descriptor)


def try_lock(path: Path) -> Lock | None:
    """The lock of a file, if nobody has it. Raises OSError."""
    make_private(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINK, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return Lock(descriptor)


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock of a file, for display. Raises nothing: where it cannot be told, no."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_LINK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False
