"""The live view of a run on a terminal: steps, their state, their time, the command under way."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from opensvc_core.cli.progress import Progress, StepRow, visible
from opensvc_core.cli.render import clean, console_for, fit_to_terminal
from opensvc_core.cli.words import duration
from opensvc_core.events import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self, TextIO

    from rich.console import RenderableType

    from opensvc_core.events import Event

STATE_STYLES = {
    "pending": "dim",
    "running": "bold cyan",
    "done": "green",
    "unchanged": "green",
    "failed": "bold red",
    "timeout": "bold red",
    "cancelled": "yellow",
    "skipped": "dim",
    "kept": "bold yellow",
}

REFRESHES = 8
"""Times a second that the view is drawn."""


class LiveView:
    """Draws a run's progress in place on standard error, from its first event to the end of the ``with`` block.

    A run that is refused before its first step draws nothing.

    Args:
        progress: what is drawn.
        has_color: whether colours are used.
        stream: the terminal.
        now: source of time, in seconds since the epoch.
    """

    def __init__(
        self,
        progress: Progress,
        *,
        has_color: bool,
        stream: TextIO | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._progress = progress
        self._now = now
        self._began = now()
        self._is_closing = False
        self._console = console_for(stream or sys.stderr, has_color=has_color)
        self._live = Live(
            get_renderable=self._view,
            console=self._console,
            refresh_per_second=REFRESHES,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        """Be ready to draw."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Draw the end, whole, and give the cursor back. A terminal that went away is no reason to fail."""
        self._is_closing = True
        with suppress(OSError, ValueError):
            self._live.stop()

    def on_event(self, event: Event) -> None:
        """Take note of an event; the next refresh draws it. The first one of a run begins the drawing."""
        self._progress.on_event(event)
        if event.kind is EventKind.RUN_BEGIN:
            self._began = self._now()
            with suppress(OSError, ValueError):
                self._live.start(refresh=True)

    def say(self, text: str) -> None:
        """Print one line above the view."""
        with suppress(OSError, ValueError):
            self._console.print(Text(clean(text), style="yellow"))

    def _view(self) -> RenderableType:
        fit_to_terminal(self._console)
        # While it is drawn in place it must fit the screen, or the cursor cannot find its way back up.
        limit = 10**6 if self._is_closing else max(1, self._console.height - 4)
        return progress_view(self._progress, now=self._now(), began=self._began, limit=limit)


def progress_view(progress: Progress, *, now: float, began: float, limit: int) -> RenderableType:
    """The steps of a run as a table with a headline.

    Args:
        progress: the run.
        now: seconds since the epoch.
        began: when the run began.
        limit: how many steps can be shown.
    """
    rows = progress.snapshot()
    ended = sum(row.has_ended for row in rows)
    took = duration(max(0.0, now - began))
    headline = Text.assemble((progress.title, "bold"), f"  {ended} of {len(rows)} steps  {took}")
    headline.no_wrap, headline.overflow = True, "ellipsis"
    shown, hidden = visible(rows, limit)
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(max_width=40, no_wrap=True, overflow="ellipsis")
    table.add_column(width=9, no_wrap=True)
    table.add_column(min_width=5, no_wrap=True)
    table.add_column(ratio=1, no_wrap=not progress.is_over, overflow="fold" if progress.is_over else "ellipsis")
    for row in shown:
        table.add_row(_name(row), Text(row.state, style=STATE_STYLES.get(row.state, "")), _time(row, now), _said(row))
    left_out = ", ".join(f"{count} {state}" for state, count in hidden.items())
    return Group(headline, table, *([Text(f"… and {left_out}", style="dim")] if hidden else []))


def _name(row: StepRow) -> Text:
    return Text(f"  {'back: ' if row.is_way_back else ''}{row.id}", style="yellow" if row.is_way_back else "")


def _time(row: StepRow, now: float) -> Text:
    if row.state == "running":
        return Text(duration(max(0.0, now - row.began)))
    return Text(duration(row.seconds) if row.has_ended and row.began else "", style="dim")


def _said(row: StepRow) -> Text:
    if row.state == "running":
        return Text(clean(row.text), style="dim")
    said = Text(clean(row.text), style="" if row.state in {"failed", "timeout", "kept"} else "dim")
    for note in row.notes:
        said.append(f"{' ' if said else ''}# {clean(note)}", style="yellow")
    return said
