"""Answers of both tools as captured, cut, garbled and made up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.api import Registrations, Reservation
from opensvc_scsi_sg import parse_mpath, parse_sg
from opensvc_scsi_sg.answers import type_code
from tests.opensvc_scsi_sg import samples

PARSERS: list[Callable[[str], Any]] = [
    parse_sg.parse_registrations,
    parse_sg.parse_reservation,
    parse_mpath.parse_registrations,
    parse_mpath.parse_reservation,
]
every_parser = pytest.mark.parametrize("parse", PARSERS, ids=lambda each: f"{each.__module__}.{each.__name__}")
keys = st.integers(0, (1 << 64) - 1)
generations = st.integers(0, (1 << 32) - 1)
TYPES = {
    1: "Write Exclusive",
    3: "Exclusive Access",
    5: "Write Exclusive, registrants only",
    6: "Exclusive Access, registrants only",
    7: "Write Exclusive, all registrants",
    8: "Exclusive Access, all registrants",
}


def test_keys_as_captured() -> None:
    assert parse_sg.parse_registrations(samples.SG_NO_KEYS) == Registrations((), 0)
    assert parse_sg.parse_registrations(samples.SG_ONE_KEY) == Registrations((0x1111AAAA,), 1)
    assert parse_sg.parse_registrations(samples.SG_TWO_KEYS) == Registrations((0x1111AAAA, 0x2222BBBB), 3)
    assert parse_sg.parse_registrations(samples.SG_INQUIRY + samples.SG_ONE_KEY) == Registrations((0x1111AAAA,), 1)
    assert parse_mpath.parse_registrations(samples.MPATH_NO_KEYS) == Registrations((), 2)
    assert parse_mpath.parse_registrations(samples.MPATH_ONE_KEY) == Registrations((0xABC,), 0x1A)
    assert parse_mpath.parse_registrations(samples.MPATH_TWO_KEYS) == Registrations((0xABC, 0xABC), 4)


def test_reservations_as_captured() -> None:
    assert parse_sg.parse_reservation(samples.SG_FREE) == Reservation(generation=3)
    assert parse_sg.parse_reservation(samples.SG_HELD) == Reservation(0x1111AAAA, 5, 3)
    assert parse_mpath.parse_reservation(samples.MPATH_FREE) == Reservation(generation=2)
    assert parse_mpath.parse_reservation(samples.MPATH_HELD) == Reservation(0xABC, 5, 4)


def test_nobody_is_not_the_holder_with_key_zero() -> None:
    held = samples.SG_HELD.replace("0x1111aaaa", "0x0").replace("registrants only", "all registrants")
    assert parse_sg.parse_reservation(held) == Reservation(0, 7, 3)
    assert parse_sg.parse_reservation(samples.SG_FREE).key is None


@given(st.lists(keys, min_size=1, max_size=40), generations)
def test_whatever_keys_are_printed_are_read(registered: list[int], generation: int) -> None:
    word = "key follows" if len(registered) == 1 else "keys follow"
    lines = "".join(f"    {key:#x}\n" for key in registered)
    wanted = Registrations(tuple(registered), generation)
    head = f"  PR generation={generation:#x}, "
    count = f"{len(registered)} registered reservation {word}:\n"
    assert parse_sg.parse_registrations(head + count + lines) == wanted
    assert parse_mpath.parse_registrations(f"{head}\t{count}{lines}") == wanted


@given(keys, generations, st.sampled_from(sorted(TYPES)))
def test_whatever_reservation_is_printed_is_read(key: int, generation: int, code: int) -> None:
    head = f"  PR generation={generation:#x}, Reservation follows:\n"
    sg = f"{head}    Key={key:#x}\n    scope: LU_SCOPE,  type: {TYPES[code]}\n"
    mpath = f"{head}   Key = {key:#x}\n  scope = LU_SCOPE, type = {TYPES[code]}\n"
    assert parse_sg.parse_reservation(sg) == Reservation(key, code, generation)
    assert parse_mpath.parse_reservation(mpath) == Reservation(key, code, generation)


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_sg.parse_registrations, samples.SG_TWO_KEYS),
        (parse_sg.parse_reservation, samples.SG_HELD),
        (parse_mpath.parse_registrations, samples.MPATH_TWO_KEYS),
        (parse_mpath.parse_reservation, samples.MPATH_HELD),
    ],
)
def test_an_answer_that_was_cut_is_refused_wherever_it_ends(parse: Callable[[str], Any], text: str) -> None:
    # A key without its last digit is another key, and "Write Exclusive" another type.
    for end in range(len(text)):
        with pytest.raises(ValueError, match=r"not an answer of|unknown type"):
            parse(text[:end])


@every_parser
@given(text=st.text())
def test_garbage_is_refused(parse: Callable[[str], Any], text: str) -> None:
    with pytest.raises(ValueError, match=r"not an answer of|unknown type"):
        parse(text)


@every_parser
@pytest.mark.parametrize(
    "text",
    [
        "",
        "sg_persist failed: Unit attention\n",
        "  PR generation=0x0,",
        "  PR generation=0xzz, there is NO reservation held\n",
        "  PR generation=0x3, 2 registered reservation keys follow:\n    0x1111aaaa\n",
        "  PR generation=0x3, 1 registered reservation key follows:\n    0x1111aaaa\n    0x2222bbbb\n",
        "  PR generation=0x3, 1 registered reservation key follows:\n    0x11111111111111111\n",
        "  PR generation=0x3, 0 registered reservation keys follow:\n",
        "  PR generation=0x3, there are NO registered reservation keys\n    0x1\n",
        "  PR generation=0x3, there is NO reservation held\n    Key=0x1\n",
        "  PR generation=0x3, Reservation follows:\n",
        "  PR generation=0x3, Reservation follows:\n    Key=0x1\n",
        "  PR generation=0x3, Reservation follows:\n    Key=\n    scope: LU_SCOPE,  type: Write Exclusive\n",
        "  PR generation=0x3, Reservation follows:\n    Key=0x1\n    scope: LU_SCOPE,  type: Something New\n",
        "  PR generation=0x3, Reservation follows:\n    Key=0x1\n    scope: 0x1,  type: Write Exclusive\n",
    ],
)
def test_half_answers_are_refused(parse: Callable[[str], Any], text: str) -> None:
    with pytest.raises(ValueError, match=r"not an answer of|unknown type"):
        parse(text)


@pytest.mark.parametrize(
    ("name", "code"), [("obsolete [2]", 2), ("obsolete [0xf]", 15), *((TYPES[c], c) for c in TYPES)]
)
def test_types_by_name(name: str, code: int) -> None:
    assert type_code(name) == code


def test_no_type_is_no_reservation() -> None:
    # The code 0 stands for "nobody holds it": a name must never become that.
    with pytest.raises(ValueError, match="unknown type"):
        type_code("obsolete [0]")


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (samples.MULTIPATH_HELP, (0, 9, 4)),
        ("multipath-tools v0.7.8 (07/24, 2018)\n", (0, 7, 8)),
        ("multipath-tools v1.2 (2026)\n", (1, 2, 0)),
        ("multipath: command not found\n", None),
        ("", None),
    ],
)
def test_the_version_of_multipath(text: str, version: tuple[int, int, int] | None) -> None:
    assert parse_mpath.parse_version(text) == version
