"""Files below var/: closed to others whatever the umask, and JSON that is whole or not there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from opensvc_core.state_files import make_folder, write_json


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_nobody_else_can_write_what_is_made(tmp_path: Path, umask: int) -> None:
    write_json(tmp_path / "a" / "b" / "record", {"names": ["é"]})
    assert mode(tmp_path / "a") == mode(tmp_path / "a" / "b") == 0o755 & ~umask
    assert mode(tmp_path / "a" / "b" / "record") == 0o644 & ~umask
    assert json.loads((tmp_path / "a" / "b" / "record").read_text()) == {"names": ["é"]}


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir(mode=0o700)
    make_folder(tmp_path / "var" / "lock")
    assert mode(tmp_path / "var") == 0o700


def test_a_file_in_place_of_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("")
    with pytest.raises(OSError, match="var"):
        make_folder(tmp_path / "var" / "lock")


def test_a_document_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    write_json(tmp_path / "record", {"number": 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / "record", {"number": object()})
    assert json.loads((tmp_path / "record").read_text()) == {"number": 1}


def test_a_link_that_lies_in_the_way_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / ".record.new").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="record"):
        write_json(tmp_path / "record", {})
    assert not (tmp_path / "elsewhere").exists()
