"""Time, cancellation and deadlines, all handed in: nothing else in the core reads a clock or sleeps."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Protocol

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock(Protocol):
    """Source of time."""

    def now(self) -> float:
        """Seconds since the epoch, for people and the journal."""
        ...

    def monotonic(self) -> float:
        """Seconds that never step back, for limits."""
        ...

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until the event is set or the seconds have passed; whether it is set."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Wall-clock seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """``time.monotonic()``."""
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """``event.wait(seconds)``."""
        return event.wait(seconds)


class Cancel:
    """A token that says once, and for all threads, that a run should end; carries the reason."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.reason = ""
        self._listeners: list[Callable[[], None]] = []

    def set(self, reason: str) -> None:
        """Cancel; the first reason stands."""
        if not self.event.is_set():
            self.reason = reason
        self.event.set()
        for listener in self._listeners:
            listener()

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Have a listener called when it is cancelled, at once if it is already. It must not block."""
        self._listeners.append(listener)
        if self.is_set:
            listener()

    @property
    def is_set(self) -> bool:
        """Whether it was cancelled."""
        return self.event.is_set()


@frozen
class Deadline:
    """A point in time that nothing below may outlive.

    Attributes:
        at: monotonic seconds of ``clock``; infinite for none.
        clock: what it is measured by.
        what: what the limit belongs to, for messages: ``step start vm188/container#0``.
    """

    at: float
    clock: Clock = field(repr=False)
    what: str = ""

    @classmethod
    def after(cls, seconds: float, clock: Clock, what: str = "") -> Deadline:
        """The deadline that many seconds from now."""
        return cls(clock.monotonic() + seconds, clock, what)

    def remaining(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self.at - self.clock.monotonic())

    @property
    def is_over(self) -> bool:
        """Whether it has passed."""
        return self.clock.monotonic() >= self.at

    def earliest(self, other: Deadline) -> Deadline:
        """The nearer of the two."""
        return self if self.at <= other.at else other
