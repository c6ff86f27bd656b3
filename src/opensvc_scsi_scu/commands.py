"""One ``scu``, all paths or the first that works: what it said as a value, or as an error of reservations.

Exit statuses and words of ``scu`` are from memory [R]: what is not understood is ``failed``, never a success or "free".
"""

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
"""Seconds for a command that reads."""
CHANGE_LIMIT = 30.0
"""Seconds for a command that changes something."""
AT_ONCE = 64
"""Units, or paths, that are asked at once: they wait for disks, not for this machine."""
ANY_PATH = frozenset({"no_device", "not_ready", "failed"})
"""A read does no harm: where one path fails, another is asked."""
_PATH_TROUBLE = frozenset({"no_device", "not_ready"})
"""What another path may not have. After a time-out none is tried: the change may have been made."""
NEWS = 4
"""Unit attentions that one path may have to tell."""
_WORDS = (
    ("reservation conflict", "conflict"),
    ("unit attention", "unit_attention"),
    # What such news are about (SPC, additional sense 2A/03 to 2A/05), should the tool say no more.
    ("reservations preempted", "unit_attention"),
    ("reservations released", "unit_attention"),
    ("registrations preempted", "unit_attention"),
    ("not ready", "not_ready"),
    ("no such file or directory", "no_device"),
    ("no such device", "no_device"),
    ("illegal request", "not_supported"),
    ("invalid command operation", "not_supported"),
)

_Answer = TypeVar("_Answer")


def failure(result: CommandResult, path: str) -> ReservationError | None:
    """The error that an exit of scu means; ``None`` for success."""
    # A refusal is believed with a status of 0, too: what scu ends with is not sourced.
    said = f"{result.stderr}\n{result.stdout}"
    code = next((code for words, code in _WORDS if words in said.lower()), "")
    if result.rc == 0 and not code:
        return None
    line = next((line.strip() for line in said.splitlines() if line.strip()), "it said nothing")
    return ReservationError(f"{path}: scu: {line[:200]} (exit status {result.rc})", code=code or "failed")


def read(context: Context, path: str, words: Sequence[str], parse: Callable[[str], _Answer]) -> _Answer:
    """Ask a disk through one path.

    Raises:
        ReservationError: it does not answer, or not so that it can be understood.
        Cancelled, WaitTimeout: no time is left.
    """
    try:
        result = context.query("scu", "-f", path, *words, timeout=READ_LIMIT, check=False)
    except CommandError as error:
        raise _unable(error, path) from error
    failed = failure(result, path)
    if failed is not None:
        raise failed
    try:
        return parse(result.stdout)
    except ValueError as error:
        raise ReservationError(f"{path}: {error}", code="failed") from error


def change(context: Context, path: str, *words: str) -> None:
    """Change something through one path.

    Raises:
        ReservationError: it was refused.
        CommandTimeout: the effect is not known.
        Cancelled, WaitTimeout: no time is left.
    """
    try:
        result = context.run("scu", "-f", path, "preserve", *words, timeout=CHANGE_LIMIT, check=False)
    except CommandNotFound as error:
        raise _unable(error, path) from error
    failed = failure(result, path)
    if failed is not None:
        raise failed


def change_patiently(context: Context, path: str, *words: str) -> None:
    """The same, made again where a path first had news to tell: each is told once. Raises as ``change``."""
    for _ in range(NEWS):
        try:
            return change(context, path, *words)
        except ReservationError as error:
            if error.code != "unit_attention":
                raise
    return change(context, path, *words)


def ask_all(
    units: Sequence[LogicalUnit], ask: Callable[[LogicalUnit], _Answer]
) -> Iterator[tuple[LogicalUnit, _Answer | ReservationError]]:
    """Ask all units side by side; a unit that cannot tell has its error. Raises what is no answer."""
    for unit, answer in side_by_side(units, ask, AT_ONCE):
        if isinstance(answer, Exception) and not isinstance(answer, ReservationError):
            raise answer
        yield unit, answer


def on_every_path(unit: LogicalUnit, work: Callable[[str], None], context: Context) -> None:
    """Do something through each path, side by side; every path is tried before the worst failure is raised."""
    failures = _failures(unit, work, context)
    if failures:
        raise max(failures, key=_weight)


def on_paths_that_are_up(unit: LogicalUnit, work: Callable[[str], None], context: Context) -> ReservationError | None:
    """The same, as far as paths are up: the trouble of one that is not is given back where another one worked."""
    failures = _failures(unit, work, context)
    troubles = [each for each in failures if isinstance(each, ReservationError) and each.code in _PATH_TROUBLE]
    if len(troubles) < len(failures) or len(failures) == len(unit.paths):
        raise max(failures, key=_weight)
    return troubles[0] if troubles else None


def _failures(unit: LogicalUnit, work: Callable[[str], None], context: Context) -> list[Exception]:
    # A dry run prints commands, and the same ones each time.
    limit = 1 if context.is_dry_run else AT_ONCE
    return [answer for _, answer in side_by_side(unit.paths, work, limit) if isinstance(answer, Exception)]


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
    raise first or ReservationError(f"{unit.device.path}: it has no path", code="no_device")


def _unable(error: CommandError, path: str) -> ReservationError:
    """A tool that is missing or hangs, as an error of reservations."""
    if isinstance(error, CommandNotFound):
        hint = "HP-UX comes without scu: install it where PATH finds it"
        return ReservationError(f"{path}: {error.message}", code="not_supported", hint=hint)
    return ReservationError(f"{path}: {error.message}", code="failed", hint=error.hint)


def _weight(error: Exception) -> int:
    """What is told first: a cancelled or lost command, then a refusal, then what only asks to be tried again."""
    if not isinstance(error, ReservationError):
        return 3 if isinstance(error, Cancelled) else 2
    return 0 if error.code == "unit_attention" else 1
