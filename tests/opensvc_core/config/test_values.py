"""Values: what each kind takes, and what it says to the rest."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.config.keywords import Keyword, Kind
from opensvc_core.config.values import (
    DURATION_UNITS,
    SIZE_UNITS,
    convert,
    parse_boolean,
    parse_duration,
    parse_integer,
    parse_size,
)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Kind.TEXT, "as  it is", "as  it is"),
        (Kind.TEXT, "", ""),
        (Kind.BOOLEAN, "True", True),
        (Kind.BOOLEAN, "off", False),
        (Kind.BOOLEAN, "1", True),
        (Kind.INTEGER, "-12", -12),
        (Kind.DURATION, "90", 90.0),
        (Kind.DURATION, "1m30s", 90.0),
        (Kind.DURATION, "2h", 7200.0),
        (Kind.DURATION, "1d3h", 97200.0),
        (Kind.DURATION, "500ms", 0.5),
        (Kind.DURATION, "0.5s", 0.5),
        (Kind.DURATION, "0", 0.0),
        (Kind.SIZE, "10", 10),
        (Kind.SIZE, "10KB", 10_000),
        (Kind.SIZE, "10KiB", 10_240),
        (Kind.SIZE, "2 gib", 2 * 1024**3),
        (Kind.SIZE, "3PB", 3 * 1000**5),
        (Kind.WORDS, " a\tb  c ", ("a", "b", "c")),
        (Kind.WORDS, "", ()),
        (Kind.PATH, "/srv/data/", "/srv/data"),
        (Kind.PATH, "/", "/"),
    ],
)
def test_a_value_is_of_the_type_of_its_kind(kind: Kind, text: str, value: Any) -> None:
    got = convert(Keyword("x", "", kind), text)
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (Kind.BOOLEAN, "maybe", "'maybe' is neither true nor false"),
        (Kind.BOOLEAN, "", "no value: a boolean is due"),
        (Kind.INTEGER, "1.5", "'1.5' is not a whole number"),
        (Kind.INTEGER, "٣", "'٣' is not a whole number"),
        (Kind.INTEGER, "9" * 5000, "is not a whole number"),
        (Kind.DURATION, "soon", "'soon' is not a duration: write seconds, or units as in 1m30s, 2h, 1d3h, 500ms"),
        (Kind.DURATION, "-5", "'-5' is not a duration"),
        (Kind.DURATION, "1M", "'1M' is not a duration"),
        (Kind.DURATION, "30s1m", "'30s1m': each unit once, the longest first: w d h m s ms"),
        (Kind.DURATION, "1m1m", "'1m1m': each unit once"),
        (Kind.DURATION, "inf", "'inf' is not a duration"),
        (Kind.DURATION, "521w4d", "'521w4d' is longer than ten years"),
        (Kind.SIZE, "10K", "'10K' can be read in two ways: write KB (1000) or KiB (1024)"),
        (Kind.SIZE, "10m", "write MB (1000) or MiB (1024)"),
        (Kind.SIZE, "10 apples", "'10 apples' is not a size"),
        (Kind.SIZE, "-1", "'-1' is not a size"),
        (Kind.PATH, "srv/data", "'srv/data' is not an absolute path"),
        (Kind.PATH, "", "no value: a path is due"),
    ],
)
def test_what_is_not_of_the_kind_is_told_what_would_be(kind: Kind, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        convert(Keyword("x", "", kind), text)


def test_choices_hold_for_every_word() -> None:
    keyword = Keyword("x", "", Kind.WORDS, choices=("start", "stop"))
    assert convert(keyword, "stop start") == ("stop", "start")
    with pytest.raises(ValueError, match="'strat' is none of start, stop; did you mean 'start'"):
        convert(keyword, "stop strat")


@given(
    st.dictionaries(st.sampled_from(list(DURATION_UNITS)), st.integers(0, 200), min_size=1),
)
def test_a_duration_is_the_sum_of_its_parts(parts: dict[str, int]) -> None:
    ordered = sorted(parts, key=lambda unit: -DURATION_UNITS[unit])
    text = "".join(f"{parts[unit]}{unit}" for unit in ordered)
    assert parse_duration(text) == pytest.approx(sum(parts[unit] * DURATION_UNITS[unit] for unit in parts))


@given(st.integers(0, 10**9), st.sampled_from(sorted(SIZE_UNITS)))
def test_a_size_is_its_number_of_units(number: int, unit: str) -> None:
    assert parse_size(f"{number}{unit}") == number * SIZE_UNITS[unit]


@given(st.text())
@pytest.mark.parametrize("parse", [parse_boolean, parse_duration, parse_integer, parse_size])
def test_any_text_is_a_value_or_a_value_error(parse: Any, text: str) -> None:
    try:
        value = parse(text)
    except ValueError as error:
        message = str(error)
    else:
        message = repr(text)
        assert isinstance(value, (bool, int, float))
    assert repr(text) in message
