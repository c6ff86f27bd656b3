"""A clock on which waiting takes no time: it is told on, and so is the platform."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

OVERTIME_LOOKS = 2000
"""Looks at the clock after the deadline from which on a driver counts as one that never ends."""


LOOKS = 50_000
"""Looks at the clock in one hook, before the deadline."""


class NeverEnds(BaseException):
    """A hook goes on and on after its deadline. No ``Exception``, so that the hook cannot catch it."""


class HastyClock:
    """The machine's time, and what was waited for on top of it.

    Args:
        on_skip: told the seconds that are skipped, so that a platform's own time goes along.
    """

    def __init__(self, on_skip: Callable[[float], None]) -> None:
        self._on_skip = on_skip
        self._guard = threading.Lock()
        self._skipped = 0.0
        self._limit = float("inf")
        self._looks = self._overtime = 0
        self.on_wait: Callable[[], None] | None = None
        """Called at each wait, before it."""

    def now(self) -> float:
        """Seconds since the epoch, skipped ones included."""
        return time.time() + self._skipped

    def monotonic(self) -> float:
        """Seconds that never step back. Raises NeverEnds to end a hook that ignores its deadline."""
        at = time.monotonic() + self._skipped
        self._looks += 1
        self._overtime += at > self._limit
        if self._overtime > OVERTIME_LOOKS or self._looks > LOOKS:
            raise NeverEnds
        return at

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Skip the seconds; whether the event is set."""
        if self.on_wait is not None:
            self.on_wait()
        if not event.is_set():
            self.skip(seconds)
        return event.is_set()

    def skip(self, seconds: float) -> None:
        """Let that much time pass at once."""
        with self._guard:
            self._skipped += seconds
        self._on_skip(seconds)

    def watch(self, seconds: float) -> None:
        """From now on, a hook that looks at the clock long after that many seconds is ended."""
        self._looks = self._overtime = 0
        self._limit = float("inf")
        self._limit = self.monotonic() + seconds
