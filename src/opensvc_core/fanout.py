"""Asking many things side by side, so that one that hangs does not delay the answers of the others."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def side_by_side(
    items: Sequence[Item], ask: Callable[[Item], Answer], limit: int = 16
) -> Iterator[tuple[Item, Answer | Exception]]:
    """Ask about each item in threads, and yield item and answer as they come.

    Args:
        items: what to ask about.
        ask: the question; must have a time limit of its own. What it raises is the answer.
        limit: how many are asked at once.

    A generator that is closed early starts no further question; those under way end by their own limits.
    """
    if len(items) <= 1:
        for item in items:
            yield item, _answer(item, ask)
        return
    waiting: queue.SimpleQueue[Item] = queue.SimpleQueue()
    for item in items:
        waiting.put(item)
    answers: queue.SimpleQueue[tuple[Item, Answer | Exception]] = queue.SimpleQueue()
    is_closed = threading.Event()

    def work() -> None:
        while not is_closed.is_set():
            try:
                item = waiting.get_nowait()
            except queue.Empty:
                return
            answers.put((item, _answer(item, ask)))

    for number in range(min(limit, len(items))):
        # Daemons: a caller that gave up at its deadline must be able to leave the process.
        threading.Thread(target=work, name=f"ask-{number}", daemon=True).start()
    try:
        for _ in items:
            yield answers.get()
    finally:
        is_closed.set()


def _answer(item: Item, ask: Callable[[Item], Answer]) -> Answer | Exception:
    try:
        return ask(item)
    except Exception as error:  # noqa: BLE001 (handed to the caller as the answer)
        return error
