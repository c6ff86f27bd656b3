"""Where a demo plays: in a clone, elsewhere, and not where another one does."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from opensvc_testkit.demo.scenery import load
from opensvc_testkit.demo.service import PLATFORMS, PRINTED, cookbook
from opensvc_testkit.demo.stage import NODE, Stage, StageError, find_clone, open_stage


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    (folder / "docs").mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "opensvc"\n')
    return folder


def test_a_clone_is_found_from_its_folders(clone: Path) -> None:
    assert find_clone(clone / "docs") == clone


@pytest.mark.parametrize("text", ['[project]\nname = "other"\n', "not TOML [", "\xff", ""])
def test_another_project_is_no_clone(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_bytes(text.encode("latin-1"))
    assert find_clone(tmp_path) is None


def test_the_folder_in_a_clone_stays_and_is_emptied_by_the_next_demo(clone: Path) -> None:
    with open_stage(clone / "docs") as stage:
        assert stage.folder == clone / ".demo"
        (stage.folder / "opensvc").mkdir()
        (stage.folder / "opensvc" / "old").touch()
        (stage.folder / "link").symlink_to(clone / "docs")
        (stage.folder / "file").touch()
    assert (clone / ".demo" / "opensvc" / "old").exists()
    with open_stage(clone) as stage:
        assert [entry.name for entry in stage.folder.iterdir()] == ["lock"]
    assert (clone / "docs").is_dir()


def test_two_demos_do_not_share_a_folder(clone: Path) -> None:
    with open_stage(clone) as stage:
        (stage.folder / "mine").touch()
        with pytest.raises(StageError, match="another demo plays"), open_stage(clone):
            pass
        assert (stage.folder / "mine").exists()
    with open_stage(clone):
        pass


def test_a_folder_that_cannot_be_made_is_told(clone: Path) -> None:
    (clone / ".demo").touch()
    with pytest.raises(StageError, match="cannot be made"), open_stage(clone):
        pass


def test_elsewhere_nothing_stays(tmp_path: Path) -> None:
    with open_stage(tmp_path) as stage:
        assert tmp_path not in stage.folder.parents
        (stage.folder / "file").touch()
    assert not stage.folder.exists()
    assert list(tmp_path.iterdir()) == []


def test_commands_see_the_stage_and_not_what_the_operator_has_set(tmp_path: Path) -> None:
    mine = {
        "PATH": "/sbin::/bin",
        "OSVC_ROOT": "/opt/opensvc",
        "OSVC_NODE": "prod1",
        "OSVC_SIMULATED": "/x",
        "TERM": "vt",
    }
    seen = Stage(tmp_path).environment({**mine, "OSVC_DISABLED_DRIVERS": "container.kvm"})
    folders = seen.pop("PATH").split(os.pathsep)
    assert seen == {"OSVC_ROOT": str(tmp_path / "opensvc"), "OSVC_NODE": NODE, "OSVC_OS": "Linux", "TERM": "vt"}
    assert folders[0] == str(tmp_path / "bin")
    assert folders[-2:] == ["/sbin", "/bin"]
    assert "" not in folders


def test_a_platform_whose_driver_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load("xen").mode == "xen"
    monkeypatch.setitem(sys.modules, "opensvc_drivers_xen", None)
    with pytest.raises(StageError, match="pip install opensvc-drivers-xen"):
        load("xen")


def test_every_platform_plays_the_service_of_the_cookbook() -> None:
    assert {load(platform).mode for platform in PLATFORMS} == {"hpvm", "kvm", "lxc", "xen", "zone"}
    assert cookbook("hpvm") == PRINTED
