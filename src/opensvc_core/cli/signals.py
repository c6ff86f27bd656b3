"""Signals turned into a cancelled run: the first one cancels, every later one says that the way back is under way."""

from __future__ import annotations

import queue
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from opensvc_core.clock import Cancel

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What cancels a run. SIGHUP too: a run outlives its lost terminal only as far as the way back (or under nohup)."""

CANCELLING = "cancelling ({}): nothing new is started, what this run brought up is taken back"
STILL = "still taking back what this run brought up; killing it now would leave it half done ({})"


@contextmanager
def cancelling(cancel: Cancel, say: Callable[[str], None]) -> Iterator[None]:
    """Inside, the signals cancel the run instead of ending the process. Call it from the main thread only.

    The handler itself only queues the signal's number, which is the one thing that is safe whatever the main thread was
    doing; a thread of its own cancels and says so.

    Args:
        cancel: the run's token.
        say: told one line a signal.
    """
    arrived: queue.SimpleQueue[int] = queue.SimpleQueue()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        arrived.put(number)

    def work() -> None:
        while number := arrived.get():
            name = signal.Signals(number).name
            line = STILL if cancel.is_set else CANCELLING
            cancel.set(name)
            say(line.format(name))

    # One that is ignored (nohup) stays ignored.
    taken = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    worker = threading.Thread(target=work, name="signals", daemon=True)
    worker.start()
    before = [(number, signal.signal(number, on_signal)) for number in taken]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
        arrived.put(0)
        worker.join()
