"""Files of ssh, edited under one lock: foreign bytes stay as they are, and a reader sees the old file or the new."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opensvc_core.state_files import CLOSED_ON_EXEC, NO_LINK, make_folder, sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LOCK = "trust"
"""Name of the lock below ``var/lock/``."""


def read(path: Path) -> bytes:
    """Content of a file, nothing if there is none. Raises OSError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def replace(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace a file, on disk when it returns. A link stays a link, owner and mode stay; a new file gets `mode`.

    Raises:
        OSError: it cannot be written; the old content stands.
    """
    target = path.resolve()
    scratch = target.with_name(f".{target.name}.osvc-new")
    try:
        facts = target.stat()
    except FileNotFoundError:
        facts = None
    scratch.unlink(missing_ok=True)
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | CLOSED_ON_EXEC | NO_LINK, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        os.fchmod(file.fileno(), facts.st_mode & 0o7777 if facts else mode)
        if facts and (facts.st_uid, facts.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(file.fileno(), facts.st_uid, facts.st_gid)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(target)
    sync_folder(target.parent)


def edit(path: Path, change: Callable[[bytes], bytes], mode: int = 0o600) -> bool:
    """Apply a pure change to a file; whether it changed anything. Its folder must be there. Raises OSError."""
    before = read(path)
    after = change(before)
    if after == before:
        return False
    replace(path, after, mode)
    return True


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the lock of all edits of trust on this node.

    Args:
        folder: ``var/lock``.
    """
    make_folder(folder)
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | CLOSED_ON_EXEC | NO_LINK, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
