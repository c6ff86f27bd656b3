"""What a run is doing, kept up to date by its events: the state behind the live view. Knows no terminal."""

from __future__ import annotations

import shlex
import threading
from collections import Counter
from typing import TYPE_CHECKING

from attrs import define, evolve, field, frozen

from opensvc_core.events import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opensvc_core.plan import Plan


@frozen
class StepRow:
    """One step as it is shown.

    Attributes:
        id: of the step, ``start vm188/container#0``.
        is_way_back: whether it takes back.
        state: ``pending``, ``running``, or how it ended.
        began: seconds since the epoch, 0 if it has not begun.
        seconds: how long it took, once it has ended.
        text: its outcome in one line; the running command while it runs.
        notes: warnings and errors told so far.
    """

    id: str
    is_way_back: bool = False
    state: str = "pending"
    began: float = 0.0
    seconds: float = 0.0
    text: str = ""
    notes: tuple[str, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state not in {"pending", "running"}


@define
class Progress:
    """The steps of a run. Events come from many threads; whoever draws takes a snapshot.

    Attributes:
        title: the action and its services.
    """

    title: str
    _rows: dict[tuple[str, bool], StepRow] = field(factory=dict)
    _lock: threading.RLock = field(factory=threading.RLock)
    _is_over: bool = False

    @classmethod
    def of(cls, plan: Plan) -> Progress:
        """All steps of a plan, pending."""
        names = [service.name for service in plan.services]
        shown = ", ".join(names) if len(names) <= 3 else f"{len(names)} services"
        progress = cls(f"{plan.action} {shown}")
        for step in plan.steps:
            progress._rows[step.id, False] = StepRow(step.id)
        return progress

    @property
    def is_over(self) -> bool:
        """Whether the run has ended."""
        return self._is_over

    def on_event(self, event: Event) -> None:
        """Take note of an event. Never raises and never draws."""
        with self._lock:
            if event.kind is EventKind.RUN_END:
                self._is_over = True
            if event.kind is EventKind.ROLLBACK_BEGIN:
                for step_id in event.data.get("steps", ()):
                    self._rows.setdefault((str(step_id), True), StepRow(str(step_id), is_way_back=True))
            if event.step:
                key = self._key(event)
                self._rows[key] = _after(self._rows.get(key) or StepRow(event.step, key[1]), event)

    def _key(self, event: Event) -> tuple[str, bool]:
        """Which row an event is about: commands and notes do not say whether they belong to a way back."""
        if "way_back" in event.data:
            return event.step, bool(event.data["way_back"])
        back = self._rows.get((event.step, True))
        return event.step, back is not None and back.state == "running"

    def snapshot(self) -> tuple[StepRow, ...]:
        """All rows as they are now: the plan's steps in its order, then those of the way back."""
        with self._lock:
            return tuple(self._rows.values())


def _after(row: StepRow, event: Event) -> StepRow:
    """A row after an event of its step."""
    match event.kind:
        case EventKind.STEP_BEGIN:
            return evolve(row, state="running", began=event.at)
        case EventKind.COMMAND_BEGIN:
            return evolve(row, text=_short_command(event.data.get("argv", ())))
        case EventKind.STEP_PROGRESS:
            return evolve(row, text=event.text)
        case EventKind.NOTE if event.data.get("severity") in {"warning", "error"}:
            return evolve(row, notes=(*row.notes, event.text))
        case EventKind.STEP_END:
            seconds = float(event.data.get("seconds", 0.0))
            return evolve(row, state=str(event.data.get("state", "done")), seconds=seconds, text=event.text)
    return row


def _short_command(argv: Iterable[object]) -> str:
    """A command for a narrow column: the program without its folder."""
    words = [str(word) for word in argv]
    return shlex.join([words[0].rpartition("/")[2], *words[1:]]) if words else ""


def visible(rows: Iterable[StepRow], limit: int) -> tuple[list[StepRow], dict[str, int]]:
    """The rows that matter most on a screen of a few lines, and how many of each state are left out.

    What runs or went wrong stays, then what comes next, then what ended last; the order is kept.

    Args:
        rows: all of them.
        limit: how many can be shown, at least 1.
    """
    everything = list(rows)
    if len(everything) <= limit:
        return everything, {}
    rank = {"running": 0, "failed": 1, "timeout": 1, "cancelled": 1, "kept": 1, "pending": 2}
    order = sorted(range(len(everything)), key=lambda i: (rank.get(everything[i].state, 3), _nearness(everything, i)))
    chosen = set(order[: max(1, limit)])
    hidden = Counter(row.state for i, row in enumerate(everything) if i not in chosen)
    return [row for i, row in enumerate(everything) if i in chosen], dict(hidden)


def _nearness(rows: list[StepRow], index: int) -> int:
    return -index if rows[index].has_ended else index
