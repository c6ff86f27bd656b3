"""LUNs and special files of HP-UX: samples after the vendor notes (none was captured on HP-UX), cut and garbled."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.api import (
    ActionError,
    Context,
    SpecialFile,
    Undetermined,
    format_special_files,
    identify_special_files,
    load_special_files,
    restore_special_files,
)
from opensvc_core.hpux.luns import HpuxLun, parse_luns, parse_wwid, raw_file
from opensvc_core.hpux.special_files import parse_special_files
from tests.opensvc_core.hpux.node import HpuxHost, context_on, said

ALL = "scsimgr -p get_attr all_lun -a wwid -a device_file -a instance"
LUNS = """\
0x60060E8005271B000000271B00000001:/dev/rdisk/disk18:18
0x60060e8005271b000000271b00000002:/dev/rdisk/disk19:19
:/dev/rdisk/disk2:2
"""
ONE, TWO = "0x60060e8005271b000000271b00000001", "0x60060e8005271b000000271b00000002"


def node(tmp_path: Path, **answers: str) -> tuple[HpuxHost, Context]:
    host = HpuxHost()
    host.on(ALL, said(LUNS))
    for name, text in answers.items():
        host.on(f"scsimgr get_attr -D /dev/rdisk/{name} -a wwid -p", said(f"{text}\n", rc=0 if text else 1))
    return host, context_on(host, tmp_path)


def test_the_attributes_of_all_luns() -> None:
    assert parse_luns(LUNS) == (
        HpuxLun(ONE, "/dev/rdisk/disk18", 18),
        HpuxLun(TWO, "/dev/rdisk/disk19", 19),
        HpuxLun("", "/dev/rdisk/disk2", 2),
    )


@pytest.mark.parametrize("text", ["", "\n", LUNS[:-1], "garbage\n", LUNS + "0x1:nowhere:1\n", "\x1b[?1034h" + LUNS])
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an answer"):
        parse_luns(text)


@given(st.integers(min_value=0, max_value=len(LUNS) - 1))
def test_a_cut_never_gives_another_lun(at: int) -> None:
    try:
        found = parse_luns(LUNS[:at])
    except ValueError:
        return
    assert found == parse_luns(LUNS)[: len(found)]


def test_a_disk_without_a_wwid_does_not_spoil_the_others() -> None:
    (one, two) = parse_luns('N/A:/dev/rdisk/disk1:x\n"0x6006":"/dev/rdisk/disk2":2\n')
    assert (one, two) == (HpuxLun("", "/dev/rdisk/disk1"), HpuxLun("0x6006", "/dev/rdisk/disk2", 2))


@pytest.mark.parametrize("text", ["", "0x6006", "yes\n", "0x\n", "0x1 0x2\n"])
def test_a_wwid_is_whole_or_none(text: str) -> None:
    with pytest.raises(ValueError, match="not an answer"):
        parse_wwid(text)


def test_a_block_special_file_has_its_raw_one() -> None:
    assert [raw_file(path) for path in ("/dev/disk/disk18", "/dev/dsk/c1t0d0", "/dev/rdisk/disk18", "/x")] == [
        "/dev/rdisk/disk18",
        "/dev/rdsk/c1t0d0",
        "/dev/rdisk/disk18",
        "/x",
    ]


def test_special_files_are_kept_and_read_again(tmp_path: Path) -> None:
    host, context = node(tmp_path, vm188_root=TWO)
    files = identify_special_files(["/dev/disk/disk18", "/dev/rdisk/vm188_root"], context)
    assert files == (SpecialFile("/dev/rdisk/disk18", ONE), SpecialFile("/dev/rdisk/vm188_root", TWO))
    path = tmp_path / "x.mksf"
    path.write_text(format_special_files(files))
    assert load_special_files(path) == files
    assert load_special_files(tmp_path / "none") == ()
    assert host.lines.count(ALL) == 1, "one call for all of them"


@pytest.mark.parametrize("text", ["/dev/rdisk/disk18", "/dev/rdisk/disk18:\n", "disk18:0x1\n", "/dev/x:0x1\n/dev/y:0x"])
def test_a_file_of_special_files_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="line"):
        parse_special_files(text)
    (tmp_path / "x.mksf").write_text(text)
    with pytest.raises(ActionError) as error:
        load_special_files(tmp_path / "x.mksf")
    assert error.value.code == "special_files_unreadable"


def test_a_missing_special_file_is_made_by_the_instance_of_its_lun(tmp_path: Path) -> None:
    host, context = node(tmp_path)
    ask = "scsimgr get_attr -D /dev/rdisk/vm188_root -a wwid -p"
    host.on(ask, said("", "no such file", 1), said(f"{TWO}\n"))
    host.on("mksf -r -C disk -I 19 /dev/rdisk/vm188_root")
    files = (SpecialFile("/dev/rdisk/disk18", ONE), SpecialFile("/dev/rdisk/vm188_root", TWO))
    assert restore_special_files(files, context) == ("/dev/rdisk/vm188_root",)
    assert host.lines == [ALL, ask, "mksf -r -C disk -I 19 /dev/rdisk/vm188_root", ask]


def test_a_dry_run_shows_what_it_would_make(tmp_path: Path) -> None:
    host, _ = node(tmp_path, vm188_root="")
    context = context_on(host, tmp_path, is_dry=True)
    try:
        restore_special_files((SpecialFile("/dev/rdisk/vm188_root", TWO),), context)
    except Undetermined:
        pytest.fail("nothing here reads what was not made")
    assert context.recording is not None
    assert [str(line) for line in context.recording.commands] == ["mksf -r -C disk -I 19 /dev/rdisk/vm188_root"]


@pytest.mark.parametrize(
    ("wanted", "answers", "code"),
    [
        (SpecialFile("/dev/rdisk/disk18", TWO), {}, "wrong_disk"),
        (SpecialFile("/dev/rdisk/gone", "0x77"), {"gone": ""}, "disk_missing"),
    ],
)
def test_another_disk_is_never_taken_for_the_service_s(
    tmp_path: Path, wanted: SpecialFile, answers: dict[str, str], code: str
) -> None:
    host, context = node(tmp_path, **answers)
    with pytest.raises(ActionError) as error:
        restore_special_files((wanted,), context)
    assert error.value.code == code
    assert not any(line.startswith("mksf") for line in host.lines)


def test_a_special_file_that_leads_elsewhere_after_all_is_an_error(tmp_path: Path) -> None:
    host, context = node(tmp_path)
    host.on("scsimgr get_attr -D /dev/rdisk/vm188_root -a wwid -p", said("", rc=1), said(f"{ONE}\n"))
    host.on("mksf -r -C disk -I 19 /dev/rdisk/vm188_root")
    with pytest.raises(ActionError) as error:
        restore_special_files((SpecialFile("/dev/rdisk/vm188_root", TWO),), context)
    assert error.value.code == "special_file_not_made"
