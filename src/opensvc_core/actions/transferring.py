"""Transfers under way at this end: each is a process of its own, and the lock of a service outlives them all.

The session that holds the lock may be lost while an rsync of the same peer still writes here.
"""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from opensvc_core.clock import Deadline
from opensvc_core.state_files import CLOSED_ON_EXEC, NO_LINK, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from opensvc_core.clock import Clock
    from opensvc_core.node import Folders

PATIENCE = 30.0
"""Seconds that a lock is held on for a transfer whose session is over; the copy is known as incomplete by then."""
FLAGS = os.O_RDWR | CLOSED_ON_EXEC | NO_LINK
PAUSE = 0.05
"""Seconds between two looks."""


@contextmanager
def transferring(folders: Folders, service: str) -> Iterator[None]:
    """Be one of the transfers of a service that are under way here. Raises OSError."""
    make_folder(_file(folders, service).parent)
    descriptor = os.open(_file(folders, service), FLAGS | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def await_transfers(folders: Folders, service: str, clock: Clock, seconds: float = PATIENCE) -> bool:
    """Wait until no transfer of a service is under way here; whether that came about."""
    deadline, never = Deadline.after(seconds, clock), threading.Event()
    try:
        descriptor = os.open(_file(folders, service), FLAGS)
    except FileNotFoundError:
        return True  # there never was one
    except OSError:
        return False
    try:
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            if deadline.is_over:
                return False
            clock.wait(never, PAUSE)
    finally:
        os.close(descriptor)


def _file(folders: Folders, service: str) -> Path:
    return folders.var / "sync" / f".{service}.transfers"
