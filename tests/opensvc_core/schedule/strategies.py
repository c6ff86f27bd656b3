"""Schedules for hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from opensvc_core.schedule.rules import DAY, NEVER, Days, EveryNth, Rule, Schedule, Span, TimeRange


def spans(most: int) -> st.SearchStrategy[Span]:
    """Spans of numbers from 1."""
    number = st.integers(1, most)
    return st.builds(Span, number, number)


def ranges(*, is_exclusion: bool) -> st.SearchStrategy[TimeRange]:
    """Ranges of times."""
    interval = st.just(0) if is_exclusion else st.one_of(st.just(0), st.integers(1, 3 * DAY))
    is_spread = st.just(False) if is_exclusion else st.booleans()
    made = st.builds(TimeRange, st.integers(0, DAY - 1), st.integers(0, DAY), interval, is_spread)
    return st.one_of(
        made.filter(lambda each: each.begin != each.end),
        st.builds(TimeRange, interval=interval),
    )


DAYS = st.one_of(
    st.builds(Days, spans(7), st.integers(-5, 5)),
    st.builds(Days, st.none(), st.integers(-31, 31).filter(bool)),
)
MONTHS = st.one_of(
    spans(12),
    st.integers(1, 12).flatmap(lambda modulo: st.builds(EveryNth, st.just(modulo), st.integers(0, modulo - 1))),
)


def rules(*, is_exclusion: bool) -> st.SearchStrategy[Rule]:
    """Rules of one kind."""

    def some(items: st.SearchStrategy[object], least: int = 0) -> st.SearchStrategy[tuple[object, ...]]:
        return st.lists(items, min_size=least, max_size=3).map(tuple)

    made = ranges(is_exclusion=is_exclusion)
    return st.builds(Rule, some(made, 1), some(DAYS), some(spans(53)), some(MONTHS), st.just(is_exclusion))


ALLOWING = st.lists(rules(is_exclusion=False), min_size=1, max_size=2)
EXCLUDING = st.lists(rules(is_exclusion=True), max_size=2)
SCHEDULES = st.one_of(
    st.just(NEVER), st.builds(lambda some, not_these: Schedule((*some, *not_these)), ALLOWING, EXCLUDING)
)
