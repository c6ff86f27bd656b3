"""The grammar of schedules: what it takes, what it says of what it does not, and that text and data agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.schedule.grammar import ScheduleError, parse_schedule
from opensvc_core.schedule.rules import NEVER, Schedule
from tests.opensvc_core.schedule.strategies import SCHEDULES


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("04:00-06:00@121", "04:00-06:00@121"),
        ("~00:00-06:00", "~00:00-06:00"),
        ("*", "*"),
        ("@10m", "*@10"),
        ("*@10", "*@10"),
        ("@1h30m", "*@90"),
        ("@1d", "*@1440"),
        ("9:00", "09:00-24:00"),
        ("22:00-02:00", "22:00-02:00"),
        ("00:00-02:00,12:00-14:00@20 mon-fri", "00:00-02:00,12:00-14:00@20 mon-fri"),
        ("* Monday,sat-sun", "* mon,sat-sun"),
        ("* 1-5", "* mon-fri"),
        ("* *:last", "* *:-1"),
        ("* :1", "* *:1"),
        ("* fri:last,tue:first,wed:2nd,*:+3", "* fri:-1,tue:1,wed:2,*:3"),
        ("* * 1-10,53-2", "* * 1-10,53-2"),
        ("* * * %2+1", "* * * %2+1"),
        ("* * * dec-jan,6", "* * * dec-jan,jun"),
        ("* * *", "*"),
        ("*; !12:00-13:00 sat", "*; ! 12:00-13:00 sat"),
        ('["00:00-02:00@120", "12:00-14:00"]', "00:00-02:00@120; 12:00-14:00"),
        (" 04:00 ;; ", "04:00-24:00"),
        ("@0,04:00-05:00", "04:00-05:00"),
    ],
)
def test_what_the_later_agent_understood_is_understood(text: str, same: str) -> None:
    assert str(parse_schedule(text)) == same


@pytest.mark.parametrize("text", ["", "  ", "@0", "*@0", "@0m", "[]", '[""]', ";"])
def test_never_is_written_in_several_ways(text: str) -> None:
    assert parse_schedule(text) == NEVER


@pytest.mark.parametrize(
    ("text", "wrong", "says"),
    [
        ("25:00", "25:00", "no time of day"),
        ("04:00-06:60", "06:60", "no time of day"),
        ("24:00-01:00", "24:00", "no time of day"),
        ("04:00-04:00", "04:00-04:00", "begins and ends"),
        ("04:00@", "", "no interval"),
        ("04:00@10s", "10s", "no interval"),
        ("@9999d", "9999d", "longer than a year"),
        ("~", "~", "no time"),
        ("!", "!", "no times"),
        ("* caturday", "caturday", "no day"),
        ("* mon-", "mon-", "no day"),
        ("* mon:6", "6", "no place in a month"),
        ("* *:32", "32", "no place in a month"),
        ("* *:", "", "no place in a month"),
        ("* * 54", "54", "no week"),
        ("* * * 13", "13", "no month"),
        ("* * * %2+2", "%2+2", "no choice of months"),
        ("* * * %0", "%0", "no choice of months"),
        ("* * * * *", "*", "one column too many"),
        ("04:00 - 06:00", "-", "no day"),
        ("*; ! 04:00-05:00@10", "04:00-05:00@10", "an exclusion takes"),
        ("! 04:00-05:00", "! 04:00-05:00", "nothing is allowed"),
        ("[04:00]", "[04:00]", "no list"),
        ("04:00-06:00,x", "x", "no time of day"),
        ("*,\u0660\u0664:00", "\u0660\u0664:00", "no time of day"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, wrong: str, says: str) -> None:
    with pytest.raises(ScheduleError, match=says) as error:
        parse_schedule(text)
    assert error.value.text[error.value.begin : error.value.end] == wrong
    assert f"at character {error.value.begin + 1} of" in str(error.value)


@given(schedule=SCHEDULES)
def test_what_is_written_reads_as_it_was(schedule: Schedule) -> None:
    assert parse_schedule(str(schedule)) == schedule


@given(text=st.one_of(st.text(), st.text(alphabet='*@~!0123456789:-,; %+[]"monfrijalst', max_size=30)))
def test_any_text_is_a_schedule_or_an_error_with_a_place(text: str) -> None:
    try:
        schedule = parse_schedule(text)
    except ScheduleError as error:
        place = (error.begin, error.end)
    else:
        assert parse_schedule(str(schedule)) == schedule
        return
    assert 0 <= place[0] <= place[1] <= len(text)
