"""What LVM prints, as captured from 2.03.16, cut, garbled and made up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_lvm.groups import Activity, LogicalVolume, VolumeGroup
from opensvc_lvm.parse import (
    GROUP_COLUMNS,
    VOLUME_COLUMNS,
    complaint,
    parse_copies,
    parse_groups,
    parse_last_paths,
    parse_report,
    parse_tags,
    parse_volume_list,
    parse_volumes,
)

CAPTURED = Path(__file__).parents[1] / "fixtures/lvm"


def read(name: str) -> str:
    return (CAPTURED / f"{name}.txt").read_text()


def groups(name: str) -> dict[str, VolumeGroup]:
    found = parse_groups(read(f"vgs-{name}"))
    assert found is not None
    return {group.name: group for group in found}


def volumes(name: str) -> dict[str, LogicalVolume]:
    found = parse_volumes(read(f"lvs-{name}"))
    assert found is not None
    return {volume.name: volume for volume in found}


def active(name: str) -> set[str]:
    return {volume.name for volume in volumes(name).values() if volume.activity is Activity.ACTIVE}


def test_groups_with_their_disks_and_tags() -> None:
    found = groups("inactive")
    assert set(found) == {"data", "empty", "web-1"}
    data = found["data"]
    assert data.tags == {"n1", "local", "backup=daily"}
    assert [disk.path for disk in data.disks] == ["/dev/loop0", "/dev/loop1"]
    assert (data.size, data.is_partial, data.is_exported) == (260046848, False, False)
    assert found["empty"].tags == frozenset()


def test_no_groups() -> None:
    assert groups("no-groups") == {}
    assert volumes("no-groups") == {}


def test_what_an_activation_brings_up_and_what_it_skips() -> None:
    before, after = volumes("inactive"), volumes("active")
    expected = {"base", "logs-1", "basesnap", "thin", "mirrored"}
    assert {name for name, each in before.items() if each.is_expected and name != "www"} == expected
    assert active("inactive") == set()
    assert {name for name in active("active") if after[name].is_expected} == expected
    assert after["thinsnap"].activity is Activity.INACTIVE
    assert not after["thinsnap"].is_expected
    assert after["base"].number.startswith("254:")
    assert before["base"].number == ""


def test_states_that_are_neither() -> None:
    assert volumes("suspended")["logs-1"].activity is Activity.SUSPENDED
    assert active("partly-active") == {"logs-1"}
    full = volumes("pool-full")["pool"]
    assert (full.unfitness, full.data_percent) == ("out of data space", 100.0)


@pytest.mark.parametrize("letter", ["X", "?", "z", ""])
def test_a_letter_that_is_not_known_is_no_state(letter: str) -> None:
    assert LogicalVolume("g", "v", f"-wi-{letter}").activity is Activity.UNKNOWN


def test_exported_foreign_and_twins() -> None:
    assert groups("exported")["empty"].is_exported
    assert groups("foreign")["empty"].system_id == "n9"
    own = parse_report(read("vgs-own"), "vg", ("vg_uuid",))
    assert own is not None
    assert groups("foreign")["empty"].uuid not in {row["vg_uuid"] for row in own}
    twins = parse_groups(read("vgs-twins"))
    assert twins is not None
    assert len({group.uuid for group in twins if group.name == "twin"}) == 2


@pytest.mark.parametrize("name", ["missing", "missing-back"])
def test_a_missing_disk_and_where_it_was(name: str) -> None:
    data = groups(name)["data"]
    assert data.is_partial
    (disk,) = data.missing
    assert parse_last_paths(read(f"vgs-{name}.stderr")) == {disk.uuid: "/dev/loop1"}


def test_a_place_that_lvm_does_not_know_is_none() -> None:
    assert parse_last_paths("  WARNING: VG data is missing PV abc-def (last written to [unknown]).") == {}


def test_a_disk_that_is_there_twice() -> None:
    (disk,) = groups("copied-disk")["empty"].disks
    assert parse_copies(read("vgs-copied-disk.stderr")) == {disk.uuid: ("/dev/loop4",)}


def test_settings() -> None:
    assert parse_volume_list(read("volume-list")) == ("@n1",)
    assert parse_volume_list('volume_list=["@local","@n1","rootvg/root"]\n') == ("@local", "@n1", "rootvg/root")
    assert parse_volume_list(read("volume-list-unset")) == ()
    assert parse_tags(read("tags")) == ("n1",)
    assert parse_tags("  @vm\n  local\n\n") == ("vm", "local")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("activate-exported", "Volume group empty is exported"),
        ("activate-foreign", "Cannot access VG empty with system ID n9 with local system ID n1."),
        ("addtag-copied-disk", "Cannot update volume group empty with duplicate PV devices."),
        ("addtag-unknown-group", 'Volume group "nosuch" not found; Cannot process volume group nosuch'),
        ("deactivate-mounted", "Logical volume data/base contains a filesystem in use."),
    ],
)
def test_complaints_without_the_warnings_around_them(name: str, words: str) -> None:
    said = complaint(read(f"{name}.stderr"))
    assert said.startswith(words)
    assert "WARNING" not in said
    assert "\n" not in said


def test_warnings_where_there_is_nothing_else() -> None:
    assert complaint("  WARNING: a\n  WARNING: a\n") == "WARNING: a"
    assert complaint("", "  0 logical volume(s)\n") == "0 logical volume(s)"
    assert complaint("") == ""


# -- whatever else may come -----------------------------------------------------------------------------------------

REPORT = {"report": [{"vg": [dict.fromkeys(GROUP_COLUMNS, "wz--n-")]}]}
LOG_LINES = st.lists(
    st.text(st.characters(exclude_characters="{}\n\r", exclude_categories=["Cs"]), max_size=40), max_size=4
)


@given(LOG_LINES, LOG_LINES, st.sampled_from(["vgs-active", "lvs-active"]))
def test_messages_before_and_after_do_not_matter(before: list[str], after: list[str], name: str) -> None:
    text = "".join(f"  {line}\n" for line in before) + read(name) + "".join(f"  {line}\n" for line in after)
    if name == "vgs-active":
        assert parse_groups(text) == parse_groups(read(name))
    else:
        assert parse_volumes(text) == parse_volumes(read(name))


@given(st.sampled_from(["vgs-active", "lvs-active", "vgs-missing"]), st.data())
def test_a_report_that_was_cut_is_none(name: str, data: st.DataObject) -> None:
    text = read(name)
    end = data.draw(st.integers(0, len(text.rstrip()) - 1))
    assert parse_groups(text[:end]) is None
    assert parse_volumes(text[:end]) is None


def test_two_reports_are_none() -> None:
    assert parse_groups(read("vgs-active") * 2) is None


def test_a_log_in_the_report_is_passed_over() -> None:
    document = {"report": [{"log": [{"log_message": "x"}]}, *REPORT["report"]], "log": [{"log_seq_num": 1}]}
    assert parse_report(json.dumps(document), "vg", GROUP_COLUMNS) is not None


def test_a_key_that_is_told_twice_must_say_the_same() -> None:
    row = ",".join(f'"{column}":"wz--n-"' for column in GROUP_COLUMNS)
    same, other = (
        f'{{"report":[{{"vg":[{{{row},"vg_name":"wz--n-"}}]}}]}}',
        f'{{"report":[{{"vg":[{{{row},"vg_name":"b"}}]}}]}}',
    )
    assert parse_groups(same) is not None
    assert parse_groups(other) is None


@pytest.mark.parametrize("column", GROUP_COLUMNS)
def test_a_row_that_lacks_a_column_is_none(column: str) -> None:
    row = {key: value for key, value in REPORT["report"][0]["vg"][0].items() if key != column}
    assert parse_groups(json.dumps({"report": [{"vg": [row]}]})) is None


KEYS = st.sampled_from(["report", "vg", "lv", *GROUP_COLUMNS, *VOLUME_COLUMNS])
LEAVES = st.none() | st.booleans() | st.integers() | st.text()


@given(st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner)))
def test_any_json_is_read_or_refused(value: object) -> None:
    parse_groups(json.dumps(value))
    parse_volumes(json.dumps(value))


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (
        parse_groups,
        parse_volumes,
        parse_last_paths,
        parse_copies,
        parse_volume_list,
        parse_tags,
        complaint,
    ):
        parse(text)


def test_deep_nesting_is_refused() -> None:
    assert parse_groups('{"report":' + "[" * 100_000) is None
