"""One command of a tool on one path: what it said as a value, or as an error of reservations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from opensvc_core.api import (
    CommandError,
    CommandNotFound,
    CommandResult,
    Context,
    ReservationError,
)

READ_LIMIT = 10.0
"""Seconds for a command that reads; the tools themselves give up after 60."""
CHANGE_LIMIT = 30.0
"""Seconds for a command that changes something."""

_Answer = TypeVar("_Answer")
_Failure = Callable[[CommandResult, str], ReservationError | None]


def read(
    context: Context,
    argv: Sequence[str],
    path: str,
    failure: _Failure,
    parse: Callable[[str], _Answer],
) -> _Answer:
    """Ask a disk through one path.

    Raises:
        ReservationError: it does not answer, or not so that it can be understood.
        Cancelled, WaitTimeout: no time is left.
    """
    read_only = {"SG_PERSIST_O_RDONLY": "1", "SG_PERSIST_IN_RDONLY": "1"}
    try:
        result = context.query(*argv, path, timeout=READ_LIMIT, check=False, env=read_only)
    except CommandError as error:
        raise unable(error, path) from error
    failed = failure(result, path)
    if failed is not None:
        raise failed
    try:
        return parse(result.stdout)
    except ValueError as error:
        raise ReservationError(f"{path}: {error}", code="failed") from error


def change(context: Context, argv: Sequence[str], path: str, failure: _Failure) -> None:
    """Change something through one path.

    Raises:
        ReservationError: it was refused.
        CommandTimeout: the effect is not known.
        Cancelled, WaitTimeout: no time is left.
    """
    try:
        result = context.run(*argv, path, timeout=CHANGE_LIMIT, check=False)
    except CommandNotFound as error:
        raise unable(error, path) from error
    failed = failure(result, path)
    if failed is not None:
        raise failed


def unable(error: CommandError, path: str) -> ReservationError:
    """A tool that is missing or hangs, as an error of reservations."""
    if isinstance(error, CommandNotFound):
        return ReservationError(f"{path}: {error.message}", code="not_supported", hint=error.hint)
    return ReservationError(f"{path}: {error.message}", code="failed", hint=error.hint)
