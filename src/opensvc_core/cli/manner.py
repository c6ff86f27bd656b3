"""What bounds a run, and how it is told: the options of a command line as values."""

from __future__ import annotations

from attrs import frozen

from opensvc_core.cli.options import Color, Format


@frozen
class Manner:
    """How results are printed and runs are told.

    Attributes:
        form: table, plain or JSON.
        color: when to use colours.
        verbosity: how often ``-v`` was given.
    """

    form: Format = Format.TABLE
    color: Color = Color.AUTO
    verbosity: int = 0


@frozen
class Limits:
    """What bounds a run.

    Attributes:
        permits: codes of vetoes that are lifted.
        wait: seconds to wait for another run's lock.
        max_parallel: steps at once; 0 leaves it to the executor.
        time_limit: seconds for the way forward, ``None`` for no limit of its own.
    """

    permits: frozenset[str] = frozenset()
    wait: float = 60.0
    max_parallel: int = 0
    time_limit: float | None = None
