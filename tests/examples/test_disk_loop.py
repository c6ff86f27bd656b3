"""The driver in `examples/`: built, installed beside core in an empty environment, and used by a service."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.installed import EXAMPLE, Installed
from tests.wheels.distributions import ROOT, wheel_files

pytestmark = pytest.mark.wheels
MODULE = EXAMPLE / "opensvc_disk_loop.py"


def states(node: Installed, service: str = "data") -> dict[str, str]:
    """The state of each resource of a service, as `osvc status` tells programs."""
    done = node.osvc("status", service, "--format", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["services"][service]["resources"]
    return {rid: each["status"] for rid, each in told.items()}


@pytest.fixture
def simulated(node: Installed) -> Installed:
    """A node with a simulated `losetup` and a service of two files."""
    node.simulate_losetup()
    node.write_service("data", "[default]\nnodes = node1\n[loop#a]\nfile = /srv/a.img\n[loop#b]\nfile = /srv/b.img\n")
    return node


def losetup(*words: str) -> str:
    return subprocess.run(["losetup", *words], check=True, capture_output=True, text=True, timeout=20).stdout


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file that can be a disk; detached after the test whatever that did."""
    if os.geteuid() != 0 or not Path("/dev/loop-control").exists():
        pytest.skip("loop devices need root and /dev/loop-control")
    file = tmp_path / "data.img"
    with file.open("wb") as made:
        made.truncate(1 << 20)
    yield file
    for line in losetup("--associated", str(file)).splitlines():
        losetup("--detach", line.partition(":")[0])


def test_it_is_small_and_documented_and_sees_core_through_its_door_alone() -> None:
    text = MODULE.read_text()
    assert len(text.splitlines()) < 60
    tree = ast.parse(text)
    for each in ast.walk(tree):
        if isinstance(each, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            assert ast.get_docstring(each)
    imports = [each for each in ast.walk(tree) if isinstance(each, (ast.Import, ast.ImportFrom))]
    assert [ast.unparse(each) for each in imports if "opensvc" in ast.unparse(each)] == ["from opensvc_core import api"]


def test_it_is_no_member_of_the_workspace_and_its_wheel_is_one_module(wheels: Path) -> None:
    assert (ROOT / "src") not in EXAMPLE.parents
    (wheel,) = wheels.glob("opensvc_disk_loop-*.whl")
    assert {name for name in wheel_files(wheel) if ".dist-info/" not in name} == {MODULE.name}


def test_it_is_listed_with_what_it_lacks_and_shown_with_its_keywords(node: Installed) -> None:
    (listed,) = [
        each
        for each in json.loads(node.osvc("driver", "list", "--format", "json").stdout)["drivers"]
        if each["id"] == "disk.loop"
    ]
    assert (listed["distribution"], listed["version"], listed["problem"]) == ("opensvc-disk-loop", "1.0", "")
    shown = json.loads(node.osvc("driver", "show", "disk.loop", "--format", "json").stdout)
    assert [each["name"] for each in shown["keywords"]] == ["file"]
    assert node.osvc("driver", "check").returncode == 0


def test_a_section_without_its_keyword_is_told_by_what_the_driver_declares(node: Installed) -> None:
    node.write_service("data", "[default]\nnodes = node1\n[loop#a]\nfiel = /srv/a.img\n")
    done = node.osvc("config", "validate", "data")
    assert done.returncode == 3
    assert "fiel" in done.stderr + done.stdout
    assert "such as `file = /srv/data.img`" in done.stderr + done.stdout


def test_a_service_that_uses_it_starts_and_stops(simulated: Installed) -> None:
    assert states(simulated) == {"loop#a": "down", "loop#b": "down"}
    for _ in range(2):
        started = simulated.osvc("start", "data")
        assert started.returncode == 0, started.stderr
        assert states(simulated) == {"loop#a": "up", "loop#b": "up"}
        assert len(list(simulated.devices.iterdir())) == 2, "what is attached is not attached again"
    assert simulated.osvc("stop", "data").returncode == 0
    assert states(simulated) == {"loop#a": "down", "loop#b": "down"}
    assert simulated.osvc("stop", "data").returncode == 0


def test_a_dry_run_shows_its_command_and_makes_it_not(simulated: Installed) -> None:
    done = simulated.osvc("start", "data", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "losetup --find /srv/a.img" in done.stdout
    assert list(simulated.devices.iterdir()) == []


@pytest.mark.parametrize(
    "garbage", ["", "losetup: failed", '{"loop": []}', '{"loopdevices": [{"name": "/dev/loop0"}]}']
)
def test_a_listing_that_cannot_be_read_is_undef_and_not_down(simulated: Installed, garbage: str) -> None:
    (simulated.devices / "garbage").write_text(garbage)
    assert states(simulated) == {"loop#a": "undef", "loop#b": "undef"}
    assert simulated.osvc("start", "data").returncode == 1
    assert [each.name for each in simulated.devices.iterdir()] == ["garbage"]


def test_real_loop_devices(node: Installed, disk: Path) -> None:
    link = disk.with_name("link.img")
    link.symlink_to(disk)
    node.write_service("data", f"[default]\nnodes = node1\n[loop#a]\nfile = {link}\n")
    assert states(node) == {"loop#a": "down"}
    started = node.osvc("start", "data")
    assert started.returncode == 0, started.stderr
    assert states(node) == {"loop#a": "up"}
    (attached,) = losetup("--associated", str(disk)).splitlines()
    assert attached.startswith("/dev/loop")
    stopped = node.osvc("stop", "data")
    assert stopped.returncode == 0, stopped.stderr
    assert states(node) == {"loop#a": "down"}
    assert losetup("--associated", str(disk)) == ""


def test_a_real_device_in_use_is_not_taken_for_detached(node: Installed, disk: Path) -> None:
    node.write_service("data", f"[default]\nnodes = node1\n[loop#a]\nfile = {disk}\n")
    assert node.osvc("start", "data").returncode == 0
    device = losetup("--associated", str(disk)).partition(":")[0]
    with Path(device).open("rb"):
        stopped = node.osvc("stop", "data")
        assert stopped.returncode == 6, "losetup said it was done, and it was not"
        assert states(node) == {"loop#a": "up"}
    assert states(node) == {"loop#a": "down"}
