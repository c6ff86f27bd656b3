"""Tables, trees and live views: the only part that knows rich. Reports in, text for a terminal of any width out."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleDimensions
from rich.text import Text

from opensvc_core.cli.words import printable
from opensvc_core.model import Severity, Status

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

    from rich.console import RenderableType

    from opensvc_core.model import Note

STYLES = {
    Status.UP: "green",
    Status.DOWN: "red",
    Status.WARN: "yellow",
    Status.UNDEF: "magenta",
    Status.NA: "dim",
    Status.STDBY_UP: "cyan",
    Status.STDBY_DOWN: "cyan",
}
"""Colour of each status; the word is always printed too."""

NOTE_STYLES = {Severity.INFO: "dim", Severity.WARNING: "yellow", Severity.ERROR: "red"}

LEAST_WIDTH = 40
"""Columns below which nothing is made narrower."""


def console_for(stream: TextIO, *, has_color: bool, width: int | None = None) -> Console:
    """A console on a stream, with no reading of anything into texts: labels and notes are printed as they are.

    Args:
        stream: where it prints; a terminal only if the stream says so itself.
        has_color: whether colours are used.
        width: columns; by default those of the terminal, 80 if there is none.
    """
    console = Console(
        file=stream,
        force_terminal=stream.isatty() or has_color,
        color_system="standard" if has_color else None,
        no_color=not has_color,
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.width = max(console.width, LEAST_WIDTH)
    return console


def fit_to_terminal(console: Console) -> None:
    """Make a console as large as its terminal is now, if it is on one.

    For what is drawn in place: where a line wraps, as ``$COLUMNS`` told of more room than there is or the terminal
    became narrower, the cursor does not find its way back up, and each drawing leaves a part of the former one.
    """
    try:
        columns, lines = os.get_terminal_size(console.file.fileno())
    except (OSError, ValueError):
        return
    if columns and lines:
        console.size = ConsoleDimensions(columns, lines)


def to_text(renderable: RenderableType, *, has_color: bool = False, width: int | None = None) -> str:
    """What a renderable looks like on standard output, lines without blanks at their ends.

    Args:
        renderable: a tree, a table, a group of them.
        has_color: whether colours are used.
        width: columns; by default those of standard output.
    """
    columns = console_for(sys.stdout, has_color=has_color).width if width is None else width
    buffer = io.StringIO()
    console_for(buffer, has_color=has_color, width=columns).print(renderable)
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


def status_text(status: Status) -> Text:
    """A status in its colour."""
    return Text(status.value, style=STYLES[status])


def note_texts(notes: Iterable[Note]) -> list[Text]:
    """Notes, each as ``# text``, coloured by severity; control characters made visible."""
    return [Text(f"# {clean(note.text)}", style=NOTE_STYLES[note.severity]) for note in notes]


def clean(text: str) -> str:
    """Text of a platform's tool without what could steer a terminal; line ends become blanks."""
    return printable(text).strip()
