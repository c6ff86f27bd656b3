"""Answers that many resources share within one status call, and the checks that follow it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from attrs import Factory, define

if TYPE_CHECKING:
    from collections.abc import Callable


@define
class Memory:
    """Answers that one status call, or one look before a run, asks for once, however many resources need them."""

    _answers: dict[str, Any] = Factory(dict)
    _guard: threading.RLock = Factory(threading.RLock)

    def once(self, key: str, ask: Callable[[], Any]) -> Any:
        """The answer to a question, asked at the first call; who comes meanwhile waits for it. Raises as ``ask``."""
        with self._guard:
            if key not in self._answers:
                self._answers[key] = ask()
            return self._answers[key]
