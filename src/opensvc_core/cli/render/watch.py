"""The screen of `osvc mon --watch`."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.text import Text

from opensvc_core.cli.render import clean, console_for, fit_to_terminal
from opensvc_core.cli.render.status import mon_table
from opensvc_core.cli.words import clock_time
from opensvc_core.errors import OpenSVCError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

    from opensvc_core.cli.asking import Answers

LINES_AROUND = 5
"""Lines of the screen that are not services: headline, header, what is broken or interrupted."""


def draw_in_place(look: Callable[[], Answers], *, interval: float, has_color: bool) -> None:
    """Draw the table on a screen of its own until an exception ends it; the former screen then comes back.

    Args:
        look: asks for the status.
        interval: seconds between two looks.
        has_color: whether colours are used.

    Raises:
        OpenSVCError: the first look failed.
    """
    from opensvc_core.cli.watching import look_or_error

    console = console_for(sys.stdout, has_color=has_color)
    seen: Answers | OpenSVCError = look()
    last = seen
    with Live(console=console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
        while True:
            last = seen if not isinstance(seen, OpenSVCError) else last
            fit_to_terminal(console)
            live.update(screen(seen, last, height=console.height, interval=interval), refresh=True)
            time.sleep(interval)
            seen = look_or_error(look)


def screen(
    seen: Answers | OpenSVCError, last: Answers | OpenSVCError, *, height: int, interval: float
) -> RenderableType:
    """One screen: when it was asked, the table, what could not be read.

    Args:
        seen: the newest look.
        last: the newest look that succeeded.
        height: lines of the screen.
        interval: seconds between two looks.
    """
    if isinstance(last, OpenSVCError):
        return Text(f"error: {clean(last.message)}", style="red")
    parts: list[RenderableType] = [
        Text(f"{last.node}  {clock_time(last.at)}  every {interval:g} s, Ctrl-C ends", style="dim", no_wrap=True),
        mon_table(last.statuses, max(1, height - LINES_AROUND), last.words, last.at),
    ]
    problems = [*last.broken.values(), *([seen] if isinstance(seen, OpenSVCError) else [])]
    parts += [Text(f"error: {clean(problem.message)}", style="red") for problem in problems]
    return Group(*parts)
