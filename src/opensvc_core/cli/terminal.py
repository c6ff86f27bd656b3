"""What the terminal at the other end can do. Imports nothing heavy: it is asked before anything is drawn."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from opensvc_core.cli.environment import here
from opensvc_core.cli.options import Color

if TYPE_CHECKING:
    from typing import TextIO


def is_terminal(stream: TextIO) -> bool:
    """Whether a stream is a terminal that can move its cursor."""
    try:
        return stream.isatty() and here().terminal not in {"", "dumb"}
    except ValueError:  # closed
        return False


def wants_color(color: Color, stream: TextIO | None = None) -> bool:
    """Whether to use colours on a stream, standard output by default.

    ``auto`` means on a terminal, unless ``NO_COLOR`` is set.
    """
    if color is not Color.AUTO:
        return color is Color.ALWAYS
    return is_terminal(stream or sys.stdout) and not here().has_no_color
