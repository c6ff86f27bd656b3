"""Thresholds of checks: read, judged, and refused with their place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.config.node_conf import read_node_conf
from opensvc_core.errors import ConfigError
from opensvc_core.inventory.records import CheckState
from opensvc_core.inventory.thresholds import Bounds, parse_thresholds, read_thresholds
from opensvc_core.node import Folders, Node

USUAL = Bounds(80, 90)


def node_with(folder: Path, text: str) -> Node:
    """A node with that ``node.conf``."""
    (folder / "etc").mkdir()
    (folder / "etc/node.conf").write_text(text)
    return Node("node109", "Linux", Folders(folder), read_node_conf(folder / "etc/node.conf"))


def test_an_instance_may_have_bounds_of_its_own() -> None:
    read = parse_thresholds(r"70:75 /var/Log=90:95 /media/cd=off /a\040b=off:99 /x=y=1:2", USUAL)
    assert read.of("/") == Bounds(70, 75)
    assert read.of("/var/Log") == Bounds(90, 95)
    assert read.of("/media/cd") is None
    assert read.of("/a b") == Bounds(None, 99)
    assert read.of("/x=y") == Bounds(1, 2)
    assert parse_thresholds("/only=1:2", USUAL).of("/") == USUAL


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("80", "'80' is not WARNING:ERROR"),
        ("80:101", "'80:101' is not WARNING:ERROR"),
        ("90:80", "an error before it is a warning"),
        ("80:90 70:80", "write INSTANCE=70:80"),
        ("=80:90", "names no instance"),
        ("/a=80:90:95", "is not WARNING:ERROR"),
    ],
)
def test_bounds_that_are_wrong_are_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_thresholds(text, USUAL)


def test_what_is_wrong_is_told_with_file_section_keyword_and_line(tmp_path: Path) -> None:
    node = node_with(tmp_path, "[checks]\nvg_u = 90:95\nfs_u = much\nfs_x = 1:2\n")
    with pytest.raises(ConfigError) as error:
        read_thresholds(node)
    first, second = map(str, error.value.problems)
    assert first.startswith(f"{tmp_path}/etc/node.conf:3: [checks] fs_u: 'much'")
    assert "node.conf:4: [checks] fs_x: no such check (did you mean 'fs_u'?)" in second


def test_what_is_not_set_is_usual(tmp_path: Path) -> None:
    read = read_thresholds(node_with(tmp_path, "[checks]\nfs_u = 60:off\n"))
    assert read["fs_u"].of("/") == Bounds(60, None)
    assert read["fs_i"].of("/") == USUAL
    assert read["vg_u"].of("vg00") == Bounds(None, None)


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100))
def test_a_fuller_thing_is_never_judged_milder(value: int, one: int, other: int) -> None:
    bounds = Bounds(min(one, other), max(one, other))
    order = [CheckState.OK, CheckState.WARNING, CheckState.ERROR]
    judged = [order.index(bounds.judge(each)) for each in range(value, 101)]
    assert judged == sorted(judged)
    assert bounds.judge(None) is CheckState.UNKNOWN
    assert (bounds.judge(value) is CheckState.ERROR) == (value >= bounds.error)  # type: ignore[operator]
