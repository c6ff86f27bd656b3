"""One running child: feeds it, keeps a bounded part of what it prints, waits for it, ends its process group."""

from __future__ import annotations

import os
import selectors
import signal
from contextlib import suppress
from enum import Enum
from subprocess import TimeoutExpired
from typing import IO, TYPE_CHECKING, Any

from opensvc_core.host.processes import KILL_WAIT, is_group_alive

if TYPE_CHECKING:
    from collections.abc import Callable

    from opensvc_core.clock import Cancel, Clock

SLICE = 0.05
"""Seconds after which a waiting thread looks at the cancel token."""
QUIET = 0.15
"""Seconds of silence after a child's exit, with its output held open by another process, until it counts as done."""
LINGER = 1.0
"""The same for a holder that goes on talking."""
CHUNK = 65536


class Ending(Enum):
    """How the waiting for a child ended."""

    EXITED = "exited"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"


class Head:
    """The first bytes of a stream and how many more there were: a chatty tool must not eat the memory."""

    def __init__(self, limit: int, heard: Callable[[str], None] | None = None) -> None:
        self._limit = limit
        self._heard = heard
        self._kept = bytearray()
        self._lost = 0

    def add(self, data: bytes) -> None:
        """Take what was read, and tell whoever listens."""
        if self._heard is not None:
            self._heard(data.decode("utf-8", "replace"))
        room = self._limit - len(self._kept)
        self._kept += data[:room]
        self._lost += max(0, len(data) - room)

    def skip(self, count: int) -> None:
        """Count bytes that were thrown away unread."""
        self._lost += count

    def text(self) -> str:
        """What was kept, undecodable bytes replaced, with a mark at the end if there was more."""
        tail = f"\n[{self._lost} more bytes were not kept]\n" if self._lost else ""
        return self._kept.decode("utf-8", "replace") + tail


class Child:
    """A process that leads its own session and group.

    Args:
        process: what ``popen`` gave; kept, as it closes the pipes when it goes.
        data: bytes for its standard input, or None.
        files: the files that take its output in place of pipes, or None.
        keep: bytes to keep of each stream.
        clock: source of time.
        signal_group: sends a signal to a group; raises ProcessLookupError if there is none.
        heard: told what it prints on standard output, as it comes.
    """

    def __init__(
        self,
        process: Any,
        data: bytes | None,
        files: tuple[IO[bytes], IO[bytes]] | None,
        keep: int,
        clock: Clock,
        signal_group: Callable[[int, int], None],
        heard: Callable[[str], None] | None = None,
    ) -> None:
        self.pid: int = process.pid
        self.stdout, self.stderr = Head(keep, heard), Head(keep)
        self._process = process
        self._data = memoryview(data or b"")
        self._files = files
        self._keep = keep
        self._clock = clock
        self._signal_group = signal_group
        self._selector = selectors.DefaultSelector()
        self._pidfd = self._watch_exit()
        self._heard = 0.0
        if files is None:
            self._selector.register(process.stdout, selectors.EVENT_READ, self.stdout)
            self._selector.register(process.stderr, selectors.EVENT_READ, self.stderr)
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
            self._selector.register(process.stdin, selectors.EVENT_WRITE)

    def _watch_exit(self) -> int:
        """A descriptor that becomes readable when the child exits; -1 where the system has none."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except (AttributeError, OSError):
            return -1
        self._selector.register(descriptor, selectors.EVENT_READ)
        return descriptor

    @property
    def rc(self) -> int | None:
        """Exit status, negative for a signal, None while it runs."""
        status: int | None = self._process.poll()
        return status

    def wait(self, seconds: float, cancel: Cancel) -> Ending:
        """Feed and read it until it has exited and its output is at an end, the time is over, or the token is set."""
        until = self._clock.monotonic() + seconds
        exited_at = -1.0
        while True:
            if self.rc is not None:
                now = self._clock.monotonic()
                if exited_at < 0:
                    exited_at = self._heard = now
                    self._forget_input()
                # A daemon may hold the pipes for ever: what the child itself said is read by now.
                if not self._is_talking() or now - self._heard > QUIET or now - exited_at > LINGER:
                    return Ending.EXITED
            elif cancel.is_set:
                return Ending.CANCELLED
            elif self._clock.monotonic() >= until:
                return Ending.TIMEOUT
            self._turn(max(0.001, min(SLICE, until - self._clock.monotonic())) if exited_at < 0 else SLICE)

    def end(self, grace: float) -> bool:
        """End its group: SIGTERM, a grace, SIGKILL, a second. Whether nothing of it is left."""
        for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, KILL_WAIT)):
            with suppress(ProcessLookupError, PermissionError):
                self._signal_group(self.pid, number)
            until = self._clock.monotonic() + seconds
            while self._clock.monotonic() < until:
                if self.rc is not None and not is_group_alive(self.pid):
                    return True
                self._turn(SLICE)
        return self.rc is not None and not is_group_alive(self.pid)

    def close(self) -> None:
        """Let go of pipes and files; what was written to files is read first."""
        for file, head in zip(self._files or (), (self.stdout, self.stderr), strict=False):
            with file:
                self._trim(file, head)
                file.seek(0)
                head.add(file.read(self._keep))
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fileobj)
        self._selector.close()
        if self._pidfd >= 0:
            os.close(self._pidfd)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _is_talking(self) -> bool:
        return any(isinstance(key.data, Head) for key in self._selector.get_map().values())

    def _forget_input(self) -> None:
        pipe = self._process.stdin
        if pipe is not None and not pipe.closed and pipe in self._selector.get_map():
            self._selector.unregister(pipe)

    def _turn(self, seconds: float) -> None:
        """One round: whatever can be read or written within that time."""
        if self._pidfd < 0 and not self._is_talking() and self.rc is None:
            with suppress(TimeoutExpired):
                self._process.wait(timeout=seconds)
        for key, _ in self._selector.select(seconds):
            if isinstance(key.data, Head):
                self._read(key.fileobj, key.data)
            elif key.fd == self._pidfd:
                self._selector.unregister(key.fileobj)
            else:
                self._write(key.fileobj)
        for file, head in zip(self._files or (), (self.stdout, self.stderr), strict=False):
            self._trim(file, head)

    def _read(self, pipe: Any, head: Head) -> None:
        data = os.read(pipe.fileno(), CHUNK)
        if data:
            head.add(data)
            self._heard = self._clock.monotonic()
        else:
            self._selector.unregister(pipe)

    def _write(self, pipe: Any) -> None:
        try:
            if self._data:
                self._data = self._data[os.write(pipe.fileno(), self._data[:CHUNK]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            # It did not want to hear the rest; what it says of that counts.
            self._data = memoryview(b"")
        if not self._data:
            self._selector.unregister(pipe)
            with suppress(OSError):
                pipe.close()

    def _trim(self, file: IO[bytes], head: Head) -> None:
        """Cut an output file at what is kept; it was opened for appending, so the writer goes on at the new end."""
        size = os.fstat(file.fileno()).st_size
        if size > self._keep:
            os.ftruncate(file.fileno(), self._keep)
            head.skip(size - self._keep)
