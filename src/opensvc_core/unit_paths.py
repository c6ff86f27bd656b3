"""Work on the paths of logical units, for reservation backends: on all side by side, or on the first that works."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from opensvc_core.errors import Cancelled, ReservationError
from opensvc_core.fanout import side_by_side

if TYPE_CHECKING:
    from opensvc_core.context import Context
    from opensvc_core.model import LogicalUnit

AT_ONCE = 64
"""Units, or paths, that are asked at once: they wait for disks, not for this machine."""
PATH_TROUBLE = frozenset({"no_device", "not_ready"})
"""Codes of what another path may not have. After a time-out none is tried: the change may have been made."""
ANY_PATH_TROUBLE = PATH_TROUBLE | {"failed"}
"""The same for a read, which does no harm: where one path fails, another is asked."""

_Answer = TypeVar("_Answer")


def ask_units(
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
    failures = _failures(unit, work, context)
    if failures:
        raise max(failures, key=_weight)


def on_paths_that_are_up(unit: LogicalUnit, work: Callable[[str], None], context: Context) -> ReservationError | None:
    """The same, as far as paths are up: the trouble of one that is not is given back where another one worked."""
    failures = _failures(unit, work, context)
    troubles = [each for each in failures if isinstance(each, ReservationError) and each.code in PATH_TROUBLE]
    if len(troubles) < len(failures) or (failures and len(failures) == len(unit.paths)):
        raise max(failures, key=_weight)
    return troubles[0] if troubles else None


def on_one_path(unit: LogicalUnit, work: Callable[[str], _Answer], trouble: frozenset[str] = PATH_TROUBLE) -> _Answer:
    """Do something through the first path that works. Raises the first path's error if none does.

    Args:
        unit: whose paths.
        work: what to do; raises ReservationError.
        trouble: codes of errors after which the next path is tried.
    """
    first: ReservationError | None = None
    for path in unit.paths:
        try:
            return work(path)
        except ReservationError as error:
            if error.code not in trouble:
                raise
            first = first or error
    raise first or ReservationError(f"{unit.device.path}: no path to this disk is up", code="no_device")


def _failures(unit: LogicalUnit, work: Callable[[str], None], context: Context) -> list[Exception]:
    # A dry run prints commands, and the same ones each time.
    limit = 1 if context.is_dry_run else AT_ONCE
    return [answer for _, answer in side_by_side(unit.paths, work, limit) if isinstance(answer, Exception)]


def _weight(error: Exception) -> int:
    """What is told first: a cancelled or lost command, then a refusal, then what only asks to be tried again."""
    if not isinstance(error, ReservationError):
        return 3 if isinstance(error, Cancelled) else 2
    return 0 if error.code == "unit_attention" else 1
