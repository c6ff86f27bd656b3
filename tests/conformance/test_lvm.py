"""`disk.lvm` on a simulated LVM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opensvc_lvm.kernel import Kernel
from opensvc_testkit.conformance import DriverContract, Platform
from tests.opensvc_lvm.stand_ins import HERE, LvmNode

pytestmark = pytest.mark.simulated


class Lvm(Platform):
    """Groups of a disk each, none tagged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lvm = LvmNode(folder / "bin", node=self.node)
        self.lvm.install()
        self.added: set[int] = set()

    @property
    def root(self) -> Path:
        return self.folder

    @property
    def path(self) -> str:
        return str(self.lvm.folder)

    def options(self, number: int) -> dict[str, Any]:
        if number not in self.added:
            self.added.add(number)
            self.lvm.add_group(f"data{number}")
        return {"vgname": f"data{number}"}

    def unknown(self) -> dict[str, Any]:
        return {"vgname": "nosuch"}

    def state(self) -> object:
        with self.lvm.cluster.opened() as world:
            written = [repr(disk["label"]) for disk in world["disks"].values()]
        return written, [sorted(self.lvm.active(f"data{number}")) for number in sorted(self.added)]


class TestLvm(DriverContract):
    driver = "disk.lvm"

    @pytest.fixture
    def platform(self, tmp_path: Path) -> Lvm:
        return Lvm(tmp_path)

    def make_driver(self, made: type[Any], platform: Platform) -> object:
        assert isinstance(platform, Lvm)
        sys_tree, proc = platform.lvm.cluster.root / "sys" / HERE, platform.lvm.folder / "proc"
        return made(kernel=Kernel(sys_tree, proc), system_dir=platform.lvm.folder / "etc")
