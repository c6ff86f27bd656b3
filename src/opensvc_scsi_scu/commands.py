"""One ``scu`` on one path: what it said as a value, or as an error of reservations.

Exit statuses and words of ``scu`` are from memory [R]: what is not understood is ``failed``, never a success or "free".
"""

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
"""Seconds for a command that reads."""
CHANGE_LIMIT = 30.0
"""Seconds for a command that changes something."""
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


def _unable(error: CommandError, path: str) -> ReservationError:
    """A tool that is missing or hangs, as an error of reservations."""
    if isinstance(error, CommandNotFound):
        hint = "HP-UX comes without scu: install it where PATH finds it"
        return ReservationError(f"{path}: {error.message}", code="not_supported", hint=hint)
    return ReservationError(f"{path}: {error.message}", code="failed", hint=error.hint)
