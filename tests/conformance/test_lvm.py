"""`disk.lvm` on a simulated LVM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opensvc_lvm.kernel import Kernel
from opensvc_testkit.conformance import DriverContract, Platform
from tests.opensvc_lvm.stand_ins import LvmNode

pytestmark = pytest.mark.simulated


class Lvm(Platform):
    """Groups of a disk each, none tagged."""

    node = "n1"
    nodes = ("n1", "n2")

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lvm = LvmNode(folder / "bin")
        self.lvm.install()
        self.added: set[str] = set()

    @property
    def root(self) -> Path:
        return self.folder

    @property
    def path(self) -> str:
        return str(self.lvm.folder)

    def options(self, number: int) -> dict[str, Any]:
        name = f"data{number}"
        if name not in self.added:
            self.added.add(name)
            self.lvm.add_group(name)
        return {"vgname": name}

    def unknown(self) -> dict[str, Any]:
        return {"vgname": "nosuch"}

    def state(self) -> object:
        with self.lvm.cluster.opened() as world:
            return repr(world["disks"]), repr(world["nodes"])

    def kernel(self) -> Kernel:
        """Its kernel."""
        return Kernel(self.lvm.disks.show_sys(self.node), self.lvm.folder / "proc")


class TestLvm(DriverContract):
    driver = "disk.lvm"

    @pytest.fixture
    def platform(self, tmp_path: Path) -> Lvm:
        return Lvm(tmp_path)

    def make_driver(self, made: type[Any], platform: Platform) -> object:
        assert isinstance(platform, Lvm)
        return made(kernel=platform.kernel(), system_dir=platform.folder / "etc")
