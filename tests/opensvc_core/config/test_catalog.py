"""Which services are there, and what node.conf says."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_core.config.catalog import is_service_linked, list_services
from opensvc_core.config.node_conf import read_node_conf
from opensvc_core.errors import ConfigError


def test_a_service_is_a_file_that_is_not_hidden(tmp_path: Path) -> None:
    for name in ("b.env", "a.my.domain.env", ".b.env.x1", ".env", "node.conf", "c", "d.env.bak"):
        (tmp_path / name).touch()
    (tmp_path / "folder.env").mkdir()
    (tmp_path / "dangling.env").symlink_to("nowhere")
    (tmp_path / "linked.env").symlink_to("b.env")
    assert list_services(tmp_path) == ("a.my.domain", "b", "linked")


def test_no_folder_is_no_services(tmp_path: Path) -> None:
    assert list_services(tmp_path / "none") == ()


def test_a_link_to_svcmgr_makes_it_a_command(tmp_path: Path) -> None:
    etc, binaries = tmp_path / "etc", tmp_path / "bin"
    etc.mkdir()
    binaries.mkdir()
    (binaries / "svcmgr").touch()
    (etc / "a").symlink_to("../bin/svcmgr")
    (etc / "b").symlink_to(binaries / "svcmgr")
    (etc / "c").symlink_to("../bin/other")
    (etc / "d").touch()
    assert {name: is_service_linked(etc, name) for name in "abcde"} == {
        "a": True,
        "b": True,
        "c": False,
        "d": False,
        "e": False,
    }


def test_node_conf_is_text_by_section_and_keyword(tmp_path: Path) -> None:
    file = tmp_path / "node.conf"
    assert read_node_conf(file) == {}
    file.write_text("[Node]\nHost_Mode = PRD\n; note\n[own]\nx@y = z\n")
    assert read_node_conf(file) == {"node": {"host_mode": "PRD"}, "own": {"x@y": "z"}}


def test_a_bad_node_conf_is_told_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "node.conf"
    file.write_text("stray\n[node]\nhost_mode\n")
    with pytest.raises(ConfigError) as caught:
        read_node_conf(file)
    assert [problem.line for problem in caught.value.problems] == [1, 3]
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_node_conf(tmp_path / "folder")
