"""What scu and ioscan print: forms after the vendor notes and from memory, cut, garbled and fuzzed."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.api import Registrations, Reservation
from opensvc_scsi_scu.parse import parse_holder, parse_keys, parse_leg_mpath, parse_legs
from tests.opensvc_scsi_scu.scu_model import FREE, HOLDER, KEYS

TWO_KEYS = KEYS.format(generation=23, length=16) + "    1: 0x30001\n    2: 0xABCDEF0012\n"
HELD = HOLDER.format(generation=23, key=0x30001)


def test_keys() -> None:
    assert parse_keys(TWO_KEYS) == Registrations((0x30001, 0xABCDEF0012), 23)
    assert parse_keys(KEYS.format(generation=0, length=0)) == Registrations((), 0)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("There are no registered reservation keys\n", ()),
        ("No keys registered\n", ()),
        ("Key: 0x1\nKey: 0x2\n", (1, 2)),
        ("0x1\n0x2\n", (1, 2)),
        ("Reservation Key: 0x5\n", (5,)),
    ],
)
def test_other_forms_that_leave_no_doubt(text: str, keys: tuple[int, ...]) -> None:
    assert parse_keys(text).keys == keys


@pytest.mark.parametrize(
    "text",
    ["", "\n", "Generation Value: 7\n", TWO_KEYS[:-1], TWO_KEYS + "  3: 0x5\n", "No keys\n1: 0x5\n", "usage: scu\n"],
)
def test_an_answer_that_is_not_whole_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="not an answer of scu"):
        parse_keys(text)


def test_a_holder() -> None:
    assert parse_holder(HELD) == Reservation(0x30001, 5, 23)
    assert parse_holder(FREE.format(generation=23)) == Reservation(generation=23)
    assert parse_holder("There is no reservation held\n") == Reservation()
    assert parse_holder("Reservation Key: 0x7\nType: Write Exclusive, All Registrants\n") == Reservation(7, 7)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "Persistent Reservation Header:\n",
        HELD.replace("0x5 (RT = Write Exclusive Registrants Only)", "0xf"),
        HELD.replace("Reservation Key: 0x30001", "Reservation Key: ?"),
        "Reservation Key: 0x7\n",
        HELD + HELD.replace("0x30001", "0x30002"),
        "no reservation\n" + HELD.replace("16", "0"),
    ],
)
def test_a_holder_that_is_not_whole_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="not an answer of scu"):
        parse_holder(text)


@given(st.integers(min_value=0, max_value=len(HELD) - 1))
def test_no_cut_makes_a_held_disk_free(at: int) -> None:
    try:
        found = parse_holder(HELD[:at])
    except ValueError:
        return
    assert found == parse_holder(HELD)


@given(st.integers(min_value=0, max_value=len(TWO_KEYS) - 1))
def test_no_cut_loses_a_key(at: int) -> None:
    with pytest.raises(ValueError, match="not an answer of scu"):
        parse_keys(TWO_KEYS[:at])


@given(st.text(alphabet=string.printable, max_size=300))
def test_garbage_holds_no_key_that_is_not_in_it(text: str) -> None:
    try:
        keys = parse_keys(text).keys
    except ValueError:
        return
    assert all(f"{key:x}" in text.lower() for key in keys)


def test_legs() -> None:
    text = "/dev/rdisk/disk18:/dev/rdsk/c0t1d0 /dev/rdsk/c1t1d0\n/dev/rdisk/disk2:\n"
    assert parse_legs(text) == {"/dev/rdisk/disk18": ("/dev/rdsk/c0t1d0", "/dev/rdsk/c1t1d0"), "/dev/rdisk/disk2": ()}
    for wrong in (text[:-1], "Persistent DSF           Legacy DSF(s)\n", "/dev/x:y\n"):
        with pytest.raises(ValueError, match="ioscan"):
            parse_legs(wrong)


@pytest.mark.parametrize(("text", "is_on"), [("true\n", True), ("false\n", False), ("FALSE\n", False)])
def test_leg_mpath_enable(text: str, is_on: bool) -> None:
    assert parse_leg_mpath(text) is is_on


@pytest.mark.parametrize("text", ["", "true", "yes\n", "1\n"])
def test_leg_mpath_enable_is_true_or_false(text: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        parse_leg_mpath(text)
