"""``reservation_key`` in ``multipath.conf``: where it counts, and where multipath does not read it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_scsi_sg.multipath_conf import parse_reservation_keys, read_reservation_keys

WWID = "36000000000000000000000000ab00001"


@pytest.mark.parametrize(
    "text",
    [
        "defaults {\n  reservation_key file\n}\n",
        'defaults {\n\treservation_key "file"\n}\n',
        "# comment\ndefaults{\n user_friendly_names yes # really\n reservation_key file # kept by multipathd\n}\n",
        "devices {\n device {\n vendor X\n }\n}\ndefaults {\n reservation_key file\n}\n",
        f"multipaths {{\n multipath {{\n  wwid {WWID}\n  reservation_key file\n }}\n}}\n",
        f'multipaths {{\n multipath {{\n  reservation_key file\n  wwid "{WWID}"\n }}\n}}\n',
    ],
)
def test_a_key_is_found(text: str) -> None:
    assert parse_reservation_keys([text]).of(WWID) == "file"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "defaults {\n # reservation_key file\n}\n",
        "defaults {\n ! reservation_key file\n}\n",
        "defaults {\n reservation_key\n}\n",
        "reservation_key file\n",
        "blacklist {\n reservation_key file\n}\n",
        "multipaths {\n multipath {\n  wwid 36000other\n  reservation_key file\n }\n}\n",
        "multipaths {\n multipath {\n  reservation_key file\n }\n}\n",
        # multipath passes over what stands behind a keyword and its value.
        "defaults { reservation_key file }\n",
        f"multipaths {{\n multipath {{\n  wwid {WWID}\n }}\n multipath {{\n  wwid X\n  reservation_key file\n }}\n}}\n",
    ],
)
def test_no_key_is_found(text: str) -> None:
    assert parse_reservation_keys([text]).of(WWID) == ""


def test_the_setting_of_a_map_comes_before_the_default() -> None:
    defaults = "defaults {\n reservation_key file\n}\n"
    own = f"multipaths {{\n multipath {{\n  wwid {WWID}\n  reservation_key 0xabc\n }}\n}}\n"
    keys = parse_reservation_keys([defaults, own])
    assert keys.of(WWID) == "0xabc"
    assert keys.of("another") == "file"


def test_files_of_the_folder_follow_the_main_file(tmp_path: Path) -> None:
    assert read_reservation_keys(tmp_path).default == ""
    (tmp_path / "multipath.conf").write_text("defaults {\n reservation_key 0x1\n}\n")
    assert read_reservation_keys(tmp_path).default == "0x1"
    folder = tmp_path / "multipath" / "conf.d"
    folder.mkdir(parents=True)
    (folder / "20.conf").write_text("defaults {\n reservation_key file\n}\n")
    (folder / "10.conf").write_text("defaults {\n reservation_key 0x2\n}\n")
    (folder / "30.old").write_text("defaults {\n reservation_key 0x3\n}\n")
    assert read_reservation_keys(tmp_path).default == "file"


@given(st.text(alphabet="defaultsmip {}\n\"#!_ryknov0x'"))
def test_any_text_is_read(text: str) -> None:
    parse_reservation_keys([text])
