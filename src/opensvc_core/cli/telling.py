"""How a run is told while it goes on: a live view, one line an event, or nothing."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.cli.options import Color, Format
from opensvc_core.cli.output import say
from opensvc_core.events import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opensvc_core.plan import Plan


_LOUD = {EventKind.COMMAND_BEGIN, EventKind.COMMAND_END, EventKind.STEP_PROGRESS}
"""Told only to those who want to know every command."""
WAITING = "waiting: another run holds a lock (`osvc log` tells which), or the platform is slow to answer"


@frozen
class Teller:
    """Where a run's events and the command line's own remarks go.

    Attributes:
        on_event: told each event, from any thread.
        say: told one line.
    """

    on_event: Callable[[Event], None]
    say: Callable[[str], None]


@contextmanager
def telling(
    plan: Plan | None, *, form: Format, color: Color, verbosity: int, title: str = "recover"
) -> Iterator[Teller]:
    """Tell a run on standard error for as long as the block lasts.

    JSON tells nothing before the result; a terminal gets the live view; a log one line an event.

    Args:
        plan: what is about to run; ``None`` if that is not known before.
        form: how the result will be printed.
        color: when to use colours.
        verbosity: from 1 on, lines tell commands too.
        title: of the live view, where there is no plan.
    """
    from opensvc_core.cli.terminal import is_terminal, wants_color

    if form is Format.JSON:
        yield Teller(lambda _event: None, lambda _line: None)
    elif form is Format.TABLE and verbosity == 0 and is_terminal(sys.stderr):
        from opensvc_core.cli.progress import Progress
        from opensvc_core.cli.render.live import LiveView

        progress = Progress(title) if plan is None else Progress.of(plan)
        with LiveView(progress, has_color=wants_color(color, sys.stderr)) as view:
            yield Teller(view.on_event, view.say)
    else:
        yield Teller(lambda event: _tell_line(event, has_commands=verbosity > 0), say)


@contextmanager
def telling_of_waits(teller: Teller, patience: float = 2.0) -> Iterator[Teller]:
    """Say so where nothing happens for a while before a run begins: a lock, or a platform that is slow to answer.

    Args:
        teller: who is told.
        patience: seconds before it is said.
    """
    timer = threading.Timer(patience, lambda: teller.say(WAITING))
    timer.daemon = True

    def on_event(event: Event) -> None:
        timer.cancel()
        teller.on_event(event)

    timer.start()
    try:
        yield Teller(on_event, teller.say)
    finally:
        timer.cancel()


def _tell_line(event: Event, *, has_commands: bool) -> None:
    from opensvc_core.cli.plain import event_line

    if event.kind in _LOUD and not has_commands:
        return
    line = event_line(event)
    if line:
        say(line)
