"""One command of a tool, all paths or the first that works: what it said as a value, or as an error of reservations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from opensvc_core.api import (
    Cancelled,
    CommandError,
    CommandNotFound,
    CommandResult,
    Context,
    LogicalUnit,
    ReservationError,
    side_by_side,
)

READ_LIMIT = 10.0
"""Seconds for a command that reads; the tools themselves give up after 60."""
CHANGE_LIMIT = 30.0
"""Seconds for a command that changes something."""
AT_ONCE = 64
"""Units, or paths, that are asked at once: they wait for disks, not for this machine."""
_PATH_TROUBLE = frozenset({"no_device", "not_ready"})
"""What another path may not have. After a time-out none is tried: the change may have been made."""

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


def ask_all(
    units: Sequence[LogicalUnit], ask: Callable[[LogicalUnit], _Answer]
) -> Iterator[tuple[LogicalUnit, _Answer | ReservationError]]:
    """Ask all units side by side, each answer as it comes; a unit that cannot tell has its error.

    Raises what is no answer: a cancellation, or that no time is left.
    """
    for unit, answer in side_by_side(units, ask, AT_ONCE):
        if isinstance(answer, Exception) and not isinstance(answer, ReservationError):
            raise answer
        yield unit, answer


def on_every_path(unit: LogicalUnit, work: Callable[[str], None], context: Context) -> None:
    """Do something through each path, side by side; every path is tried before the worst failure is raised."""
    # A dry run prints commands, and the same ones each time.
    limit = 1 if context.is_dry_run else AT_ONCE
    failures = [answer for _, answer in side_by_side(unit.paths, work, limit) if isinstance(answer, Exception)]
    if failures:
        raise max(failures, key=_weight)


def on_one_path(unit: LogicalUnit, work: Callable[[str], _Answer], trouble: frozenset[str] = _PATH_TROUBLE) -> _Answer:
    """Do something through the first path that works. Raises the first path's error if none does."""
    first: ReservationError | None = None
    for path in unit.paths:
        try:
            return work(path)
        except ReservationError as error:
            if error.code not in trouble:
                raise
            first = first or error
    raise first or ReservationError(f"{unit.device.path}: no path to this disk is up", code="no_device")


def _weight(error: Exception) -> int:
    """What is told first: a cancelled or lost command, then a refusal, then what only asks to be tried again."""
    if not isinstance(error, ReservationError):
        return 3 if isinstance(error, Cancelled) else 2
    return 0 if error.code == "unit_attention" else 1
