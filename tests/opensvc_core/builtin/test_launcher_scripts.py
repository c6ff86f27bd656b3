"""Names, order and trust of launchers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.builtin.launcher_scripts import choose, distrust, is_launcher, list_local, parse_find

if TYPE_CHECKING:
    from pathlib import Path

MINE = (os.geteuid(), os.getegid())


@pytest.mark.parametrize("name", ["S10web", "K90web", "C50web", "S1", "S01a-b_c.sh", "S10web@x"])
def test_launchers(name: str) -> None:
    assert is_launcher(name)


@pytest.mark.parametrize(
    "name", ["", "web", "s10web", "Sweb", "X10web", "S10web~", "S10web.bak", "S10web.rpmsave", ".S10web", "S10 web"]
)
def test_what_is_no_launcher(name: str) -> None:
    assert not is_launcher(name)


def test_a_launcher_for_a_standby_start_is_left_to_it() -> None:
    assert not is_launcher("S10web.standby@node1")


def test_order_is_that_of_names() -> None:
    assert choose(("/d/S20b", "/d/K10x", "/d/S10c", "/d/S20a"), "S") == ("/d/S10c", "/d/S20a", "/d/S20b")


def test_find_is_read_of_each_system() -> None:
    text = "/svc/etc/init.d/./S10web\n/svc/etc/init.d/K10web\n/svc/etc/init.d/./old/S10web\n/svc/etc/init.d/./README\n"
    assert parse_find(text, "/svc/etc/init.d") == ("/svc/etc/init.d/S10web", "/svc/etc/init.d/K10web")


@given(st.text())
def test_nothing_outside_the_folder_is_found(text: str) -> None:
    for path in parse_find(text, "/svc"):
        assert path.startswith("/svc/")
        assert path.count("/") == 2


def test_folders_and_absent_folders_hold_no_launchers(tmp_path: Path) -> None:
    (tmp_path / "S10folder").mkdir()
    (tmp_path / "S20script").touch()
    assert list_local(tmp_path) == (str(tmp_path / "S20script"),)
    assert list_local(tmp_path / "absent") == ()


@pytest.fixture
def script(tmp_path: Path) -> Path:
    folder = tmp_path / "init.d"
    folder.mkdir(mode=0o755)
    path = folder / "S10web"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_an_own_script_in_an_own_folder_is_trusted(script: Path) -> None:
    assert distrust(script, *MINE) == ""


@pytest.mark.parametrize("mode", [0o757, 0o777])
def test_a_script_that_others_can_write_is_not(script: Path, mode: int) -> None:
    script.chmod(mode)
    assert f"{script} can be written by others" in distrust(script, *MINE)


def test_a_script_in_a_folder_that_others_can_write_is_not(script: Path) -> None:
    script.parent.chmod(0o777)
    assert f"{script.parent} can be written" in distrust(script, *MINE)
    script.parent.chmod(0o1777)
    assert distrust(script, *MINE) == ""


def test_a_link_is_trusted_as_what_it_leads_through(script: Path, tmp_path: Path) -> None:
    between = tmp_path / "between"
    between.mkdir()
    (between / "hop").symlink_to("../init.d/S10web")
    link = tmp_path / "K10web"
    link.symlink_to("between/hop")
    assert distrust(link, *MINE) == ""
    between.chmod(0o777)
    assert f"{between} can be written" in distrust(link, *MINE)
    between.chmod(0o755)
    script.chmod(0o777)
    assert "S10web can be written" in distrust(link, *MINE)


def test_a_link_to_a_folder_is_looked_through(script: Path, tmp_path: Path) -> None:
    (tmp_path / "vm188.d").symlink_to("init.d")
    assert distrust(tmp_path / "vm188.d/S10web", *MINE) == ""
    script.parent.chmod(0o777)
    assert distrust(tmp_path / "vm188.d/S10web", *MINE)


def test_a_script_of_another_user_is_not_trusted(script: Path) -> None:
    assert "belongs to user" in distrust(script, MINE[0] + 1, MINE[1]) or MINE[0] == 0


def test_links_in_a_circle_and_dangling_ones_are_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "S10a").symlink_to("S10b")
    (tmp_path / "S10b").symlink_to("S10a")
    assert "links" in distrust(tmp_path / "S10a", *MINE)
    (tmp_path / "S10c").symlink_to("absent")
    assert "No such file" in distrust(tmp_path / "S10c", *MINE)


@pytest.mark.lab
def test_root_trusts_no_other_user_and_no_other_group(script: Path) -> None:
    script.chmod(0o775)
    os.chown(script, 0, 100)
    assert "can be written by others" in distrust(script, 0, 0)
    os.chown(script, 0, 0)
    assert distrust(script, 0, 0) == ""
    os.chown(script, 1234, 0)
    assert "belongs to user 1234" in distrust(script, 0, 0)
    script.chmod(0o755)
    assert distrust(script, 1234, 1234) == ""
