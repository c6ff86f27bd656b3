"""One run at a time on a service: an advisory lock whose file names its holder."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING

from attrs import asdict, frozen

from opensvc_core.clock import Cancel, Clock, Deadline
from opensvc_core.errors import Cancelled, Locked
from opensvc_core.state_files import CLOSED_ON_EXEC, NO_LINK, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST_PAUSE = 0.02
"""Seconds between the first two tries; grows by a half each time up to SLOWEST_PAUSE."""
SLOWEST_PAUSE = 0.5


@frozen
class Holder:
    """Who holds a lock, as written in its file.

    Attributes:
        pid: process id.
        user: login name.
        action: ``start``.
        since: seconds since the epoch.
        run_id: of the run.
    """

    pid: int
    user: str
    action: str
    since: float
    run_id: str = ""

    def __str__(self) -> str:
        """For an operator."""
        since = datetime.fromtimestamp(self.since).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        return f"{self.action} by {self.user}, pid {self.pid}, since {since}"


def read_holder(path: Path) -> Holder | None:
    """Who holds, or last held, a lock; ``None`` if the file does not say."""
    try:
        return Holder(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


@contextmanager
def hold_lock(
    folder: Path, service: str, holder: Holder, *, wait: float, clock: Clock, cancel: Cancel
) -> Iterator[None]:
    """Hold the lock of a service for the time of the block.

    The lock is flock's: it belongs to the open file and is gone with the process, however that ends. Commands do not
    inherit it, as the descriptor is closed on exec; the file stays, so that two processes never lock two files of one
    name.

    Args:
        folder: where lock files lie; made if missing.
        service: name of the service.
        holder: written into the file for whoever is refused.
        wait: seconds to wait for another holder.
        clock: source of time.
        cancel: ends the waiting.

    Raises:
        Locked: another process holds it; names pid, user, action and since when.
        Cancelled: the token was set while waiting.
    """
    make_folder(folder)
    path = folder / service
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | CLOSED_ON_EXEC | NO_LINK, 0o600)
    try:
        # For its owner alone: flock asks no more of whoever holds it than to have opened it.
        os.fchmod(descriptor, 0o600)
        limit = Deadline.after(wait, clock)
        pause = FIRST_PAUSE
        while not _try_lock(descriptor):
            if limit.is_over:
                other = read_holder(path)
                raise Locked(
                    f"{service}: another run holds the lock: {other or 'it does not say who'}",
                    hint="wait for it to end (--wait SECONDS), or end it: its way back is walked on SIGTERM",
                )
            if clock.wait(cancel.event, min(pause, limit.remaining() + 0.001)):
                raise Cancelled(f"cancelled while waiting for the lock of {service}: {cancel.reason}")
            pause = min(pause * 1.5, SLOWEST_PAUSE)
        try:
            # A full disk forbids no stop: then the file does not say who.
            with suppress(OSError):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)
            yield
        finally:
            with suppress(OSError):
                os.ftruncate(descriptor, 0)
            # A command that is being spawned has the descriptor too until it is what it will be: let go for both.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def holder_now(folder: Path, service: str) -> Holder | None:
    """Who holds the lock of a service at this moment; ``None`` if nobody does, or it cannot be told."""
    try:
        descriptor = os.open(folder / service, os.O_RDONLY | CLOSED_ON_EXEC | NO_LINK)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return read_holder(folder / service)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return None


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        # Where flock is made from fcntl's locks, as on HP-UX, a lock that is held may be told as EACCES (POSIX, fcntl).
        return False
    return True
