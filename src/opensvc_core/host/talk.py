"""A child process that is talked with for as long as a session lasts: lines in, lines out, last words on stderr."""

from __future__ import annotations

import os
import queue
import shlex
import signal
import threading
from contextlib import suppress
from subprocess import TimeoutExpired
from typing import TYPE_CHECKING, Any

from opensvc_core.errors import Cancelled, CommandTimeout
from opensvc_core.host.processes import KILL_WAIT, is_group_alive

if TYPE_CHECKING:
    from collections.abc import Callable

    from opensvc_core.clock import Cancel, Clock
    from opensvc_core.host import Command

LAST_WORDS = 8192
"""Bytes that are kept of what a child says on its standard error, the latest."""
CHUNK = 65536
SLICE = 0.05
"""Seconds after which a waiting thread looks at the cancel token."""


class Talk:
    """A running child with pipes. Nothing here blocks but ``wait``: reading and writing have threads of their own.

    ``received`` counts the bytes of its standard output: a long line that is still coming is a sign of life.

    Args:
        process: what ``popen`` gave.
        argv: as it was started.
    """

    def __init__(self, process: Any, argv: tuple[str, ...]) -> None:
        self.argv = argv
        self.pid: int = process.pid
        self.received = 0
        self._process = process
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._said = bytearray()
        self._is_silent = threading.Event()

    def begin(self, on_line: Callable[[bytes], None], on_end: Callable[[], None], longest: int) -> None:
        """Start to listen.

        Args:
            on_line: told each line of its standard output, one at a time.
            on_end: told once that nothing more comes.
            longest: bytes of a line; one that is longer is told cut, and ends the listening.
        """
        for name, work in (("read", self._read), ("write", self._write), ("listen", self._listen)):
            given = (on_line, on_end, longest) if name == "read" else ()
            threading.Thread(target=work, args=given, name=f"{name} {self.pid}", daemon=True).start()

    def send(self, data: bytes) -> None:
        """Have something written to its standard input, in its turn."""
        self._outgoing.put(data)

    def finish(self) -> None:
        """Close its standard input once everything is written."""
        self._outgoing.put(None)

    @property
    def said(self) -> str:
        """The last that it said on its standard error."""
        return bytes(self._said).decode("utf-8", "replace")

    @property
    def rc(self) -> int | None:
        """Exit status, negative for a signal, None while it runs."""
        status: int | None = self._process.poll()
        return status

    def wait(self, seconds: float) -> int | None:
        """Wait for its end and its last words; its exit status, None if it still runs."""
        with suppress(TimeoutExpired):
            self._process.wait(seconds)
            # A connection that it left in the background may hold its standard error open for ever.
            self._is_silent.wait(SLICE)
        return self.rc

    def end(self) -> None:
        """End its process group at once."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with suppress(TimeoutExpired):
            self._process.wait(KILL_WAIT)
        self._outgoing.put(None)

    def _read(self, on_line: Callable[[bytes], None], on_end: Callable[[], None], longest: int) -> None:
        pending = bytearray()
        try:
            while data := os.read(self._process.stdout.fileno(), CHUNK):
                self.received += len(data)
                begin = len(pending)
                pending += data
                while (end := pending.find(b"\n", begin)) >= 0:
                    line, begin = bytes(pending[: end + 1]), 0
                    del pending[: end + 1]
                    on_line(line)
                if len(pending) > longest:
                    break
            if pending:
                on_line(bytes(pending))
        except (OSError, ValueError):
            pass
        finally:
            on_end()

    def _write(self) -> None:
        with suppress(OSError, ValueError):
            while (data := self._outgoing.get()) is not None:
                self._process.stdin.write(data)
                if self._outgoing.empty():
                    self._process.stdin.flush()
        with suppress(OSError, ValueError):
            self._process.stdin.close()

    def _listen(self) -> None:
        with suppress(OSError, ValueError):
            while data := os.read(self._process.stderr.fileno(), LAST_WORDS):
                self._said += data
                del self._said[:-LAST_WORDS]
        self._is_silent.set()


def wait_for(process: Any, command: Command, cancel: Cancel, clock: Clock) -> int:
    """Wait for a child that has no pipes; it is ended at its limit, or when the token is set.

    Raises:
        CommandTimeout, Cancelled: it was ended.
    """
    until = clock.monotonic() + command.timeout
    while True:
        with suppress(TimeoutExpired):
            return int(process.wait(SLICE))
        is_late = clock.monotonic() >= until
        if is_late or cancel.is_set:
            break
    for number, seconds in ((signal.SIGTERM, command.grace), (signal.SIGKILL, KILL_WAIT)):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with suppress(TimeoutExpired):
            process.wait(seconds)
        if not is_group_alive(process.pid):
            break
    line = shlex.join(command.argv)[:500]
    if is_late:
        raise CommandTimeout(f"`{line}` did not end within {command.timeout:.3g} s and was ended", argv=command.argv)
    raise Cancelled(f"`{line}` was ended: {cancel.reason}")
