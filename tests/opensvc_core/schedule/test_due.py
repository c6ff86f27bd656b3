"""When a job is due: by the clock on the wall, through days on which that is put forward or back."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opensvc_core.schedule.due import is_allowed, is_due, next_run
from opensvc_core.schedule.grammar import parse_schedule
from opensvc_core.schedule.rules import DAY, Schedule
from tests.opensvc_core.schedule.strategies import SCHEDULES

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # its summer time is of half an hour
ZONES = [UTC, BERLIN, LORD_HOWE, ZoneInfo("America/New_York"), timezone(timedelta(hours=-9, minutes=-30))]


def at(text: str, zone: ZoneInfo | timezone = BERLIN, fold: int = 0) -> float:
    """A moment, from a clock on the wall."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


def wall(moment: float | None, zone: ZoneInfo = BERLIN) -> str:
    """What the clock on the wall shows then."""
    return "never" if moment is None else datetime.fromtimestamp(moment, zone).strftime("%Y-%m-%d %H:%M")


def runs(text: str, begin: str, count: int = 3) -> list[str]:
    """The first runs of a job that begins as soon as it is due."""
    schedule, now, last, found = parse_schedule(text), at(begin), None, []
    for _ in range(count):
        moment = next_run(schedule, now, last, zone=BERLIN)
        found.append(wall(moment))
        if moment is None:
            break
        now = last = moment
    return found


@pytest.mark.parametrize(
    ("text", "begin", "expected"),
    [
        ("04:00-06:00", "2026-11-25 05:00", ["2026-11-25 05:00", "2026-11-26 04:00", "2026-11-27 04:00"]),
        ("04:00-06:00@121", "2026-11-25 03:00", ["2026-11-25 04:00", "2026-11-26 04:00", "2026-11-27 04:00"]),
        ("04:00-06:00@60", "2026-11-25 03:00", ["2026-11-25 04:00", "2026-11-25 05:00", "2026-11-26 04:00"]),
        ("@10m", "2026-11-25 23:45", ["2026-11-25 23:45", "2026-11-25 23:55", "2026-11-26 00:05"]),
        ("@2d", "2026-11-25 12:00", ["2026-11-25 12:00", "2026-11-27 12:00", "2026-11-29 12:00"]),
        ("*", "2026-11-25 12:00", ["2026-11-25 12:00", "2026-11-26 00:00", "2026-11-27 00:00"]),
        ("09:00", "2026-11-25 13:00", ["2026-11-25 13:00", "2026-11-26 09:00", "2026-11-27 09:00"]),
        ("22:00-02:00 fri", "2026-11-28 01:00", ["2026-11-28 01:00", "2026-12-04 22:00", "2026-12-11 22:00"]),
        ("22:00-02:00 sat", "2026-11-28 01:00", ["2026-11-28 22:00", "2026-12-05 22:00", "2026-12-12 22:00"]),
        ("* fri:last", "2026-11-01 00:00", ["2026-11-27 00:00", "2026-12-25 00:00", "2027-01-29 00:00"]),
        ("* *:last", "2027-02-01 00:00", ["2027-02-28 00:00", "2027-03-31 00:00", "2027-04-30 00:00"]),
        ("* *:29 * feb", "2026-03-01 00:00", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
        ("* mon 53-1", "2026-12-01 00:00", ["2026-12-28 00:00", "2027-01-04 00:00", "2028-01-03 00:00"]),
        ("* *:1 * %3+1", "2026-11-25 00:00", ["2027-01-01 00:00", "2027-04-01 00:00", "2027-07-01 00:00"]),
        ("* *:31 * feb", "2026-11-25 00:00", ["never"]),
        ("*; ! * sat,sun", "2026-11-27 12:00", ["2026-11-27 12:00", "2026-11-30 00:00", "2026-12-01 00:00"]),
        ("*@60; ! 12:00-14:30", "2026-11-25 11:00", ["2026-11-25 11:00", "2026-11-25 14:30", "2026-11-25 15:30"]),
        ("*; ! 00:00-24:00", "2026-11-25 11:00", ["never"]),
        ("@0", "2026-11-25 11:00", ["never"]),
        # The clock is put forward from two to three, and back from three to two.
        ("02:00-03:00", "2026-03-29 00:00", ["2026-03-29 03:00", "2026-03-30 02:00", "2026-03-31 02:00"]),
        ("02:15-02:45@10", "2026-03-29 00:00", ["2026-03-29 03:15", "2026-03-29 03:25", "2026-03-29 03:35"]),
        ("02:00-03:00", "2026-10-25 00:00", ["2026-10-25 02:00", "2026-10-26 02:00", "2026-10-27 02:00"]),
        ("@60", "2026-10-25 01:00", ["2026-10-25 01:00", "2026-10-25 02:00", "2026-10-25 02:00"]),
    ],
)
def test_runs_follow_one_another(text: str, begin: str, expected: list[str]) -> None:
    assert runs(text, begin) == expected


def test_a_clock_that_was_put_back_neither_repeats_nor_stops_a_job() -> None:
    schedule, now = parse_schedule("@60; 04:00-05:00"), at("2026-11-25 12:00")
    ahead = at("2026-12-24 12:00")
    assert next_run(schedule, now, ahead, zone=BERLIN) == now + 3600


def test_chance_puts_a_first_run_off_and_not_beyond_its_range() -> None:
    begin, end = at("2026-11-25 00:00"), at("2026-11-25 06:00")
    schedule = parse_schedule("~00:00-06:00")
    seen = set()
    for tenth in range(10):
        moment = next_run(schedule, begin, None, zone=BERLIN, chance=partial(fixed, tenth / 10))
        assert moment is not None
        assert begin <= moment <= end - 600
        seen.add(moment)
    assert len(seen) == 10
    often = next_run(parse_schedule("~04:00-06:00@10"), begin, None, zone=BERLIN, chance=partial(fixed, 0.999))
    assert often is not None
    assert often < at("2026-11-25 04:10")


def fixed(value: float, _begin: float) -> float:
    """Chance that is none."""
    return value


def test_the_zone_of_this_machine_counts_where_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        schedule, now = parse_schedule("02:30-03:30 sun:last"), at("2026-03-25 00:00")
        assert next_run(schedule, now, None) == next_run(schedule, now, None, zone=BERLIN) == at("2026-03-29 03:30")
    finally:
        monkeypatch.undo()
        time.tzset()


MOMENTS = st.one_of(
    st.integers(1_700_000_000, 2_000_000_000).map(float),
    st.sampled_from([at("2026-03-29 00:00"), at("2026-10-25 00:00"), at("2027-04-03 23:00", LORD_HOWE)]).flatmap(
        lambda begin: st.integers(0, 6 * 60).map(lambda minutes: begin + 60.0 * minutes)
    ),
)


@settings(deadline=None, max_examples=150)
@given(schedule=SCHEDULES, now=MOMENTS, zone=st.sampled_from(ZONES), seed=st.integers(), ago=st.integers(0, 10**7))
def test_the_next_run_is_allowed_and_due_and_none_is_before_it(
    schedule: Schedule, now: float, zone: ZoneInfo, seed: int, ago: int
) -> None:
    def chance(begin: float) -> float:
        return random.Random(f"{seed} {begin}").random()

    last = None if ago % 3 == 0 else now - ago
    found = next_run(schedule, now, last, zone=zone, chance=chance)
    if found is None:
        return
    assert found >= now
    assert is_allowed(schedule, found, zone=zone)
    assert is_due(schedule, found, last, zone=zone, chance=chance)
    for part in range(4):
        between = now + (found - now) * part / 4
        if between < found:
            assert not is_due(schedule, between, last, zone=zone, chance=chance)


@settings(deadline=None, max_examples=100)
@given(
    schedule=SCHEDULES,
    now=MOMENTS,
    zone=st.sampled_from(ZONES),
    late=st.lists(st.integers(0, 5000), min_size=4, max_size=4),
)
def test_there_are_never_two_runs_within_the_least_interval(
    schedule: Schedule, now: float, zone: ZoneInfo, late: list[int]
) -> None:
    ranges = [each for rule in schedule.rules if not rule.is_exclusion for each in rule.ranges]
    if not ranges or not all(each.interval for each in ranges):
        return
    least, last = min(each.interval for each in ranges) * 60, None
    for seconds in late:
        found = next_run(schedule, now, last, zone=zone)
        if found is None:
            return
        begun = found + seconds  # whoever looks comes late
        if not is_due(schedule, begun, last, zone=zone):
            begun = found
        assert last is None or begun - last >= least
        now = last = begun


@settings(deadline=None)
@given(begin=st.integers(0, DAY - 1), length=st.integers(1, DAY - 1), zone=st.sampled_from([BERLIN, LORD_HOWE]))
def test_a_daily_range_runs_once_on_each_day_of_the_year(begin: int, length: int, zone: ZoneInfo) -> None:
    end = (begin + length) % DAY
    text = f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"
    schedule, now, last, days = parse_schedule(text), at("2026-03-20 00:00", zone), None, []
    if begin > end:
        last = now  # what began on the day before counts as done
    for _ in range(20):
        found = next_run(schedule, now, last, zone=zone)
        assert found is not None
        days.append(datetime.fromtimestamp(found, zone).date())
        now = last = found
    assert days == [days[0] + timedelta(days=number) for number in range(20)]
