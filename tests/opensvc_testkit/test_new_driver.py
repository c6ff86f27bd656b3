"""`osvc driver new`: what it writes passes as it is, and what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from opensvc_testkit.new_driver.drafting import GROUPS
from tests.conformance.unpacked import write_entry_points

pytestmark = pytest.mark.simulated
OSVC = Path(sys.executable).parent / "osvc"


def new(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [OSVC, "driver", "new", *words], cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(("name", "group"), [("acme", "disk"), ("two_words", "container")])
def test_it_passes_its_tests_as_it_is(tmp_path: Path, name: str, group: str) -> None:
    done = new(name, "--group", group, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / f"opensvc-{group}-{name.replace('_', '-')}"
    assert {line.strip() for line in done.stdout.splitlines()[1:-1]} == {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    }
    assert "{{" not in "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    write_entry_points(folder, folder)
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert tested.returncode == 0, tested.stdout
    assert f"{group}.{name}: " in tested.stdout
    assert "0 failed, 0 exempt" in tested.stdout


def test_its_code_is_clean(tmp_path: Path) -> None:
    assert new("acme", cwd=tmp_path).returncode == 0
    (folder,) = tmp_path.iterdir()
    tools = (
        ["ruff", "check", "--isolated", "--line-length=120"],
        ["ruff", "format", "--isolated", "--line-length=120", "--check"],
    )
    for tool in tools:
        done = subprocess.run(
            [sys.executable, "-m", *tool, "."], cwd=folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["Acme", "9lives", "a-b", "class", "", "a" * 33, "../x", "a.b"])
def test_a_name_that_no_driver_can_have_is_refused(tmp_path: Path, name: str) -> None:
    done = new(name, cwd=tmp_path)
    assert done.returncode == 2
    assert "cannot be the name of a driver" in done.stderr
    assert "a letter first" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_driver_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    done = new("lvm", "--group", "disk", cwd=tmp_path)
    assert done.returncode == 2
    assert "disk.lvm is there already, from opensvc-lvm" in done.stderr


def test_an_unknown_group_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    done = new("acme", "--group", "printer", cwd=tmp_path)
    assert done.returncode == 2
    assert all(group in done.stderr for group in GROUPS)


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "er"
    assert new("acme", "--path", str(place), cwd=tmp_path).returncode == 0
    kept = place / "opensvc-app-acme" / "README.md"
    kept.write_text("mine\n")
    done = new("acme", "--path", str(place), cwd=tmp_path)
    assert done.returncode == 1
    assert f"{kept.parent} is there already" in done.stderr
    assert kept.read_text() == "mine\n"


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = new("acme", "--path", str(tmp_path / "file"), cwd=tmp_path)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
