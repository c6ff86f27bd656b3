"""When a job may begin next: from its schedule, the time, its last run, and the zone of the clock on the wall. Pure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.schedule.rules import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import tzinfo

    from opensvc_core.schedule.rules import Rule, Schedule, TimeRange

LOOKAHEAD = 12 * 366
"""Days that are looked through: after 12 years every leap day has been, and what has not come until then is never."""
MARGIN = 600.0
"""Seconds at the end of a range that a spread leaves free, so that whoever asks each ten minutes does not miss it."""
MINUTE = 60.0


def at_once(begin: float) -> float:
    """No chance: what is spread begins when its range does."""
    del begin
    return 0.0


@frozen
class Window:
    """A range of one day, as moments.

    Attributes:
        begin: seconds since the epoch.
        end: not included.
        interval: seconds between two runs; 0 for one run in the window.
        start: when the first run may begin: later than ``begin`` where it is spread.
    """

    begin: float
    end: float
    interval: float = 0.0
    start: float = 0.0

    def next_run(self, after: float, last: float | None) -> float | None:
        """The first moment from ``after`` on at which a run is due in it; ``None`` if there is none."""
        moment = max(after, self.start)
        if last is not None:
            if self.interval:
                moment = max(moment, last + self.interval)
            elif last >= self.begin:
                return None
        return moment if moment < self.end else None


def next_run(
    schedule: Schedule,
    after: float,
    last: float | None,
    *,
    zone: tzinfo | None = None,
    chance: Callable[[float], float] = at_once,
) -> float | None:
    """The first moment, not before ``after``, at which a job is due.

    A range belongs to the day on which it begins. Where the clock is put forward over a whole range, the range has its
    length from there; where it is put back, the first of two equal times counts.

    Args:
        schedule: of the job.
        after: seconds since the epoch: now.
        last: when it last began; ``None`` for never. One that lies ahead of now counts as now: the clock was put back.
        zone: of the clock on the wall; ``None`` for that of this machine.
        chance: where in a spread range it begins: for the moment at which the range begins a number from 0 up to 1,
            the same whenever it is asked for.

    Returns:
        Seconds since the epoch; ``None`` for never.
    """
    before = min(last, after) if last is not None else None
    allowing = [rule for rule in schedule.rules if not rule.is_exclusion]
    excluding = [rule for rule in schedule.rules if rule.is_exclusion]
    today = datetime.fromtimestamp(after, zone).date()
    best: float | None = None
    for offset in range(-1, LOOKAHEAD):
        day = today + timedelta(days=offset)
        if best is not None and _moment(day, 0, zone) > best:
            break
        for window in _windows(allowing, day, zone, chance):
            found = _first_allowed(window, after, before, excluding, zone)
            if found is not None and (best is None or found < best):
                best = found
    return best


def is_due(
    schedule: Schedule,
    now: float,
    last: float | None,
    *,
    zone: tzinfo | None = None,
    chance: Callable[[float], float] = at_once,
) -> bool:
    """Whether a job is to begin now; the arguments are those of ``next_run``."""
    return next_run(schedule, now, last, zone=zone, chance=chance) == now


def is_allowed(schedule: Schedule, at: float, *, zone: tzinfo | None = None) -> bool:
    """Whether a moment lies in a range, and in none that is excluded; whatever ran before, and spreads aside."""
    inside = {False: False, True: False}
    today = datetime.fromtimestamp(at, zone).date()
    for rule in schedule.rules:
        for offset in (-1, 0):
            windows = _windows([rule], today + timedelta(days=offset), zone, at_once)
            inside[rule.is_exclusion] |= any(window.begin <= at < window.end for window in windows)
    return inside[False] and not inside[True]


def _first_allowed(
    window: Window, after: float, last: float | None, excluding: list[Rule], zone: tzinfo | None
) -> float | None:
    """The first moment in a window at which a run is due and that is not excluded."""
    moment = window.next_run(after, last)
    while moment is not None:
        over = _excluded_until(moment, excluding, zone)
        if over is None:
            return moment
        moment = window.next_run(over, last)
    return None


def _excluded_until(moment: float, excluding: list[Rule], zone: tzinfo | None) -> float | None:
    """When the exclusion that a moment lies in is over; ``None`` if it lies in none."""
    if not excluding:
        return None
    today = datetime.fromtimestamp(moment, zone).date()
    days = (today - timedelta(days=1), today)
    ends = [w.end for day in days for w in _windows(excluding, day, zone, at_once) if w.begin <= moment < w.end]
    return max(ends, default=None)


def _windows(rules: list[Rule], day: date, zone: tzinfo | None, chance: Callable[[float], float]) -> Iterator[Window]:
    """The windows that begin on a day."""
    for rule in rules:
        if rule.has_day(day):
            for each in rule.ranges:
                yield _window(each, day, zone, chance)


def _window(each: TimeRange, day: date, zone: tzinfo | None, chance: Callable[[float], float]) -> Window:
    begin = _moment(day, each.begin, zone)
    end = _moment(day, each.begin + each.length, zone)
    if end <= begin:
        end = begin + each.length * MINUTE
    interval = each.interval * MINUTE
    start = begin
    if each.is_spread:
        room = max(0.0, end - begin - MARGIN)
        room = min(room, interval) if interval else room
        start += room * chance(begin)
    return Window(begin, end, interval, start)


def _moment(day: date, minutes: int, zone: tzinfo | None) -> float:
    """When a clock on the wall shows a time; of two moments the first, of none that of the clock before the change."""
    days, rest = divmod(minutes, DAY)
    wall = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), zone)
    return wall.timestamp()
