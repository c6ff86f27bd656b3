"""A schedule as data: rules of times, days, weeks and months, and the text that says the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from datetime import date

DAY = 24 * 60
"""Minutes of a day."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@frozen
class TimeRange:
    """Times of a day.

    Attributes:
        begin: minutes after midnight.
        end: minutes after midnight, not included; not after ``begin`` where it is of the next day.
        interval: minutes between two runs; 0 for one run in the range.
        is_spread: begun at a moment that chance chooses, so that not all nodes begin at once.
    """

    begin: int = 0
    end: int = DAY
    interval: int = 0
    is_spread: bool = False

    @property
    def length(self) -> int:
        """Minutes by the clock on the wall."""
        return self.end - self.begin + (DAY if self.end <= self.begin else 0)

    def __str__(self) -> str:
        """As written."""
        every = f"@{self.interval}" if self.interval else ""
        if (self.begin, self.end) == (0, DAY) and not self.is_spread:
            return f"*{every}"
        return f"{'~' if self.is_spread else ''}{_clock(self.begin)}-{_clock(self.end)}{every}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


@frozen
class Span:
    """Numbers from one to another, both included, round the end of the year or week where the first is the greater."""

    first: int
    last: int

    def has(self, number: int) -> bool:
        """Whether it is among them."""
        if self.first <= self.last:
            return self.first <= number <= self.last
        return number >= self.first or number <= self.last

    def text(self, names: tuple[str, ...] = ()) -> str:
        """As written, with names for numbers where there are."""
        first, last = (names[each - 1] if names else str(each) for each in (self.first, self.last))
        return first if self.first == self.last else f"{first}-{last}"


@frozen
class Days:
    """Days of a week, or of a month.

    Attributes:
        weekdays: 1 for Monday to 7; ``None`` for every day.
        nth: 0 for each of them; else which one of its month, counted from the end if negative: with weekdays the n-th
            such weekday, without the n-th day.
    """

    weekdays: Span | None = None
    nth: int = 0

    def has(self, day: date) -> bool:
        """Whether a day is one of them."""
        if self.weekdays is not None and not self.weekdays.has(day.isoweekday()):
            return False
        if not self.nth:
            return True
        step = 1 if self.weekdays is None else 7
        if self.nth > 0:
            return (day.day - 1) // step + 1 == self.nth
        return (_days_of_month(day) - day.day) // step + 1 == -self.nth

    def __str__(self) -> str:
        """As written."""
        weekdays = "*" if self.weekdays is None else self.weekdays.text(WEEKDAYS)
        return f"{weekdays}:{self.nth}" if self.nth else weekdays


def _days_of_month(day: date) -> int:
    from calendar import monthrange

    return monthrange(day.year, day.month)[1]


@frozen
class EveryNth:
    """Every n-th month: those whose number leaves ``shift`` when divided by ``modulo``."""

    modulo: int
    shift: int = 0

    def has(self, number: int) -> bool:
        """Whether a month is one of them."""
        return (number - self.shift) % self.modulo == 0

    def text(self, names: tuple[str, ...] = ()) -> str:
        """As written."""
        del names
        return f"%{self.modulo}+{self.shift}" if self.shift else f"%{self.modulo}"


@frozen
class Rule:
    """One line of a schedule: these times of these days of these weeks of these months.

    Attributes:
        ranges: at least one.
        days, weeks, months: any of them; none for all. Weeks are ISO weeks.
        is_exclusion: the times at which nothing begins, whatever other rules say.
    """

    ranges: tuple[TimeRange, ...]
    days: tuple[Days, ...] = ()
    weeks: tuple[Span, ...] = ()
    months: tuple[Span | EveryNth, ...] = ()
    is_exclusion: bool = False

    def has_day(self, day: date) -> bool:
        """Whether its ranges begin on that day."""
        return (
            (not self.months or any(each.has(day.month) for each in self.months))
            and (not self.weeks or any(each.has(day.isocalendar().week) for each in self.weeks))
            and (not self.days or any(each.has(day) for each in self.days))
        )

    def __str__(self) -> str:
        """As written."""
        columns = [
            ",".join(map(str, self.ranges)),
            ",".join(map(str, self.days)) or "*",
            ",".join(each.text() for each in self.weeks) or "*",
            ",".join(each.text(MONTHS) for each in self.months) or "*",
        ]
        while len(columns) > 1 and columns[-1] == "*":
            columns.pop()
        return ("! " if self.is_exclusion else "") + " ".join(columns)


@frozen
class Schedule:
    """When a job may begin. One without rules is never.

    Attributes:
        rules: those that allow are or-ed, those that exclude win over them, in whatever order they stand.
    """

    rules: tuple[Rule, ...] = field(factory=tuple)

    @property
    def is_never(self) -> bool:
        """Whether it allows nothing at all."""
        return not self.rules

    def __str__(self) -> str:
        """As written, rules with ``;`` between them; empty for never."""
        return "; ".join(map(str, self.rules))


NEVER = Schedule()
"""Nothing begins."""
