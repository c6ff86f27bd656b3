"""The grammar of schedules (agents of 2013 to 2024, their documentation): `[!] times [days [weeks [months]]]`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

from opensvc_core.schedule.rules import DAY, MONTHS, NEVER, WEEKDAYS, Days, EveryNth, Rule, Schedule, Span, TimeRange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Item = TypeVar("Item")

COLUMNS: Final = ("times", "days", "weeks", "months")
LONGEST_INTERVAL: Final = 366 * DAY
"""Minutes: what is rarer is written with days and months."""

ORDINALS: Final[Mapping[str, int]] = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5, "5th": 5,
    "last": -1,
}  # fmt: skip

_LONG_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LONG_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_TIME = re.compile(r"(\d{1,2}):(\d{2})")
_INTERVAL = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?|(\d{1,6})")
_NUMBER = re.compile(r"\d{1,6}")
_NTH = re.compile(r"[+-]?\d{1,2}")
_FILTER = re.compile(r"%(\d{1,2})(?:\+(\d{1,2}))?")


class ScheduleError(ValueError):
    """A text that is no schedule: what is wrong, where it is, and what would be right.

    Attributes:
        text: the whole schedule.
        begin: where in the text the wrong part begins, from 0.
        end: where it ends.
    """

    def __init__(self, reason: str, text: str, begin: int, end: int) -> None:
        self.reason, self.text, self.begin, self.end = reason, text, begin, end
        super().__init__(f"{text[begin:end]!r}, at character {begin + 1} of {text!r}: {reason}")


class _Part:
    """A piece of the text, which knows where it stands in the whole."""

    def __init__(self, whole: str, begin: int, end: int) -> None:
        self.whole, self.begin, self.end = whole, begin, end

    @property
    def text(self) -> str:
        return self.whole[self.begin : self.end]

    def wrong(self, reason: str) -> ScheduleError:
        return ScheduleError(reason, self.whole, self.begin, self.end)

    def cut(self, begin: int, end: int | None = None) -> _Part:
        return _Part(self.whole, self.begin + begin, self.end if end is None else self.begin + end)

    def split(self, separator: str) -> list[_Part]:
        """The pieces between separators, blanks around them left out."""
        pieces, at = [], 0
        for piece in self.text.split(separator):
            pieces.append(self.cut(at, at + len(piece)).strip())
            at += len(piece) + len(separator)
        return pieces

    def strip(self) -> _Part:
        left = len(self.text) - len(self.text.lstrip())
        return self.cut(left, max(left, len(self.text.rstrip())))

    def words(self) -> list[_Part]:
        return [self.cut(found.start(), found.end()) for found in re.finditer(r"\S+", self.text)]


def parse_schedule(text: str) -> Schedule:
    """The schedule that a text says; an empty one, ``@0`` and ``*@0`` are never.

    Several rules stand one after another with ``;`` between them, or as a list in JSON.

    Raises:
        ScheduleError: it is none; the message names the place.
    """
    whole = _Part(text, 0, len(text))
    pieces = _listed(whole) if text.lstrip().startswith("[") else whole.split(";")
    rules = [_rule(piece) for piece in pieces if piece.text]
    found = tuple(rule for rule in rules if rule is not None)
    if found and all(rule.is_exclusion for rule in found):
        raise whole.wrong("nothing is allowed that these could be exceptions from: begin with `*;`")
    return Schedule(found) if found else NEVER


def _listed(whole: _Part) -> list[_Part]:
    """The strings of a list in JSON. A schedule has neither quotes nor backslashes, so each is what its quotes hold."""
    if not re.fullmatch(r'\s*\[\s*(?:"[^"\\]*"\s*(?:,\s*"[^"\\]*"\s*)*)?\]\s*', whole.text):
        raise whole.wrong('is no list such as ["00:00-02:00", "12:00-14:00@20"]')
    return [whole.cut(each.start() + 1, each.end() - 1).strip() for each in re.finditer(r'"[^"]*"', whole.text)]


def _rule(part: _Part) -> Rule | None:
    """A rule; ``None`` for one that never holds."""
    is_exclusion = part.text.startswith("!")
    columns = (part.cut(1) if is_exclusion else part).words()
    if not columns:
        raise part.wrong("no times: write `04:00-06:00`, `@10m` or `*`")
    if len(columns) > len(COLUMNS):
        raise columns[len(COLUMNS)].wrong(f"one column too many after {', '.join(COLUMNS)}; no blanks round , - @ :")
    ranges = [_range(each) for each in columns[0].split(",")]
    kept = tuple(each for each in ranges if each is not None)
    if is_exclusion and (len(kept) < len(ranges) or any(each.interval or each.is_spread for each in kept)):
        raise columns[0].wrong("an exclusion takes neither `@interval` nor `~`")
    rest = columns[1:]
    days, weeks, months = _column(rest[:1], _days), _column(rest[1:2], _weeks), _column(rest[2:], _months)
    return Rule(kept, days, weeks, months, is_exclusion) if kept else None


def _column(parts: Sequence[_Part], read: Callable[[_Part], Item]) -> tuple[Item, ...]:
    return tuple(read(each) for part in parts if part.text != "*" for each in part.split(","))


# -- times ------------------------------------------------------------------------------------------------------------


def _range(part: _Part) -> TimeRange | None:
    """A range of times; ``None`` for one whose interval is 0, which is never."""
    times, at, _ = part.text.partition("@")
    interval = _interval(part.cut(len(times) + 1)) if at else 0
    begin, end, is_spread = 0, DAY, times.startswith("~")
    bounds = part.cut(int(is_spread), len(times))
    if bounds.text and bounds.text != "*":
        first, dash, _ = bounds.text.partition("-")
        begin = _time(bounds.cut(0, len(first)))
        end = _time(bounds.cut(len(first) + 1), is_end=True) if dash else DAY
        if begin == end:
            raise bounds.wrong("begins and ends at the same time")
    elif is_spread or not (bounds.text or at):
        raise part.wrong("no time: write `04:00`, `04:00-06:00`, `@10m` or `*`")
    return None if at and not interval else TimeRange(begin, end, interval, is_spread)


def _time(part: _Part, *, is_end: bool = False) -> int:
    found = _TIME.fullmatch(part.text)
    minutes = int(found[1]) * 60 + int(found[2]) if found and part.text.isascii() else -1
    if found is None or int(found[2]) > 59 or not 0 <= minutes <= (DAY if is_end else DAY - 1):
        raise part.wrong(f"is no time of day: write 00:00 to {'24:00' if is_end else '23:59'}")
    return minutes


def _interval(part: _Part) -> int:
    found = _INTERVAL.fullmatch(part.text)
    if found is None or not part.text or not part.text.isascii():
        raise part.wrong("is no interval: write minutes, or units as in 10m, 2h, 1d, 1h30m")
    days, hours, minutes, plain = (int(each or 0) for each in found.groups())
    whole = plain + minutes + 60 * hours + DAY * days
    if whole > LONGEST_INTERVAL:
        raise part.wrong("is longer than a year")
    return whole


# -- days, weeks, months ----------------------------------------------------------------------------------------------


def _days(part: _Part) -> Days:
    weekdays, colon, nth = part.text.partition(":")
    span = None if weekdays in {"", "*"} else _span(part.cut(0, len(weekdays)), 7, (WEEKDAYS, _LONG_DAYS), "day")
    if not colon:
        if span is None:
            raise part.wrong("no day: write `mon`, `mon-fri`, `fri:last`, `*:1`")
        return Days(span)
    where = part.cut(len(weekdays) + 1)
    most = 31 if span is None else 5
    number = ORDINALS.get(nth.lower()) or (int(nth) if _NTH.fullmatch(nth) and nth.isascii() else 0)
    if not 1 <= abs(number) <= most:
        raise where.wrong(f"is no place in a month: write 1 to {most}, -1 to -{most}, `first` or `last`")
    return Days(span, number)


def _weeks(part: _Part) -> Span:
    return _span(part, 53, (), "week")


def _months(part: _Part) -> Span | EveryNth:
    if part.text.startswith("%"):
        found = _FILTER.fullmatch(part.text)
        modulo, shift = (int(each or 0) for each in found.groups()) if found and part.text.isascii() else (0, 0)
        if not 1 <= modulo <= 12 or shift >= modulo:
            raise part.wrong("is no choice of months: write `%2`, or `%3+1` with the shift below the 3")
        return EveryNth(modulo, shift)
    return _span(part, 12, (MONTHS, _LONG_MONTHS), "month")


def _span(part: _Part, most: int, names: Sequence[Sequence[str]], what: str) -> Span:
    first, dash, last = part.text.partition("-")
    if dash and not (first and last):
        raise part.wrong(f"is no {what}, and no two with a dash between them")
    begin = _number(part.cut(0, len(first)), first, most, names, what)
    return Span(begin, _number(part.cut(len(first) + 1), last, most, names, what) if dash else begin)


def _number(part: _Part, text: str, most: int, names: Sequence[Sequence[str]], what: str) -> int:
    for table in names:
        if text.lower() in table:
            return table.index(text.lower()) + 1
    if _NUMBER.fullmatch(text) and text.isascii() and 1 <= int(text) <= most:
        return int(text)
    examples = f"1 to {most}" + (f", `{names[0][0]}` to `{names[0][-1]}`" if names else "")
    raise part.wrong(f"is no {what}: write {examples}")
