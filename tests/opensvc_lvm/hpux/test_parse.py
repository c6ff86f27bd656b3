"""What vgdisplay and the table of groups say: samples after the vendor notes, cut, garbled and fuzzed."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_lvm.hpux.holders import parse_mounts
from opensvc_lvm.hpux.parse import GroupState, Presence, is_map, parse_lvmtab, parse_vgdisplay
from tests.opensvc_lvm.hpux.samples import LVMTAB, MAP, absent, block, inactive

STDOUT = block("vg188") + block("vg00", "available, exclusive")
STDERR = inactive("vg189") + absent("vg190")
DOWN = {Presence.INACTIVE, Presence.NOT_IMPORTED}


def test_one_answer_tells_of_every_group() -> None:
    states = parse_vgdisplay(STDOUT, STDERR)
    assert states == {
        "vg188": GroupState(Presence.ACTIVE, (), "read/write", 2, 2, 1, 1, 4340 * 4 << 20, 0),
        "vg00": GroupState(Presence.ACTIVE, ("exclusive",), "read/write", 2, 2, 1, 1, 4340 * 4 << 20, 0),
        "vg189": GroupState(Presence.INACTIVE),
        "vg190": GroupState(Presence.NOT_IMPORTED),
    }


@pytest.mark.parametrize("status", ["unavailable", "activated", "not available", ""])
def test_a_status_that_is_not_sourced_is_not_told(status: str) -> None:
    assert parse_vgdisplay(block("vg188", status), "")["vg188"].presence is Presence.UNTOLD


@pytest.mark.parametrize(
    "stderr",
    [
        'vgdisplay: Cannot display volume group "/dev/vg188".\n',
        'vgdisplay: Volume group is not activated here.\nvgdisplay: Cannot display volume group "/dev/vg188".\n',
        "vgdisplay: Couldn't query.\n" + inactive("vg188"),
    ],
)
def test_a_refusal_in_other_words_is_not_down(stderr: str) -> None:
    assert parse_vgdisplay("", stderr)["vg188"].presence is Presence.UNTOLD


def test_a_group_that_is_shown_and_refused_is_not_told() -> None:
    assert parse_vgdisplay(block("vg188"), inactive("vg188"))["vg188"].presence is Presence.UNTOLD


@given(st.integers(min_value=0, max_value=len(STDOUT)), st.integers(min_value=0, max_value=len(STDERR)))
def test_no_cut_makes_a_group_down_that_is_not(out: int, err: int) -> None:
    states = parse_vgdisplay(STDOUT[:out], STDERR[:err])
    assert {name for name, state in states.items() if state.presence in DOWN} <= {"vg189", "vg190"}
    assert {name for name, state in states.items() if state.presence is Presence.ACTIVE} <= {"vg188", "vg00"}


@given(st.text(alphabet=string.printable, max_size=300), st.text(alphabet=string.printable, max_size=300))
def test_garbage_is_never_down(stdout: str, stderr: str) -> None:
    assert not any(state.presence in DOWN for state in parse_vgdisplay(stdout, stderr).values())


def test_the_table_of_groups() -> None:
    assert parse_lvmtab(LVMTAB) == {
        "vg00": ("/dev/disk/disk2_p2",),
        "vg188": ("/dev/disk/disk18", "/dev/disk/disk19"),
        "vg189": ("/dev/dsk/c4t0d3",),
    }
    with pytest.raises(ValueError, match="cut"):
        parse_lvmtab(LVMTAB[:-1])


@pytest.mark.parametrize("text", ["", "VGID\n", "VGID 77", "1 lvol1\n", "VGID 77\nlvol1\n", "VGID 77\n1 lvol1\n2 lv"])
def test_a_map_that_is_none(text: str) -> None:
    assert not is_map(text)


def test_a_map() -> None:
    assert is_map(MAP)


def test_mounts_of_bdf_with_a_long_name() -> None:
    text = (
        "Filesystem          kbytes    used   avail %used Mounted on\n"
        "/dev/vg00/lvol3    1048576  184680  857208   18% /\n"
        "/dev/vg188/a_very_long_name_of_a_volume\n"
        "                   1048576  184680  857208   18% /vm188\n"
    )
    assert parse_mounts(text) == [("/dev/vg00/lvol3", "/"), ("/dev/vg188/a_very_long_name_of_a_volume", "/vm188")]
