"""`disk.hpux_lvm` on a simulated LVM of HP-UX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opensvc_testkit.conformance import DriverContract
from opensvc_testkit.platforms.hpux import PLATFORMS, SimulatedHpux
from opensvc_testkit.simulated import SimulatedCluster
from tests.conformance.simulated import ClusterPlatform

pytestmark = pytest.mark.simulated


class Groups(ClusterPlatform):
    """Groups of a disk each, imported and not active."""

    os_name = "HP-UX"
    platforms = PLATFORMS

    def add(self, name: str) -> None:
        hpux = SimulatedHpux(self.cluster)
        number = int(name.removeprefix("vg"))
        disk = hpux.add_disk(number, {"node1": [f"/dev/rdsk/c1t0d{number}", f"/dev/rdsk/c2t0d{number}"]})
        hpux.define_group(name, [disk], nodes=["node1"])

    def options(self, number: int) -> dict[str, Any]:
        return {"vgname": self.known(f"vg{number + 10}")}

    def unknown(self) -> dict[str, Any]:
        return {"vgname": "nosuch"}

    def state(self) -> object:
        groups = SimulatedHpux(self.cluster).groups
        return {name: (groups.imported_on(name), groups.mode_of("node1", name)) for name in sorted(self.added)}


class TestHpuxLvm(DriverContract):
    driver = "disk.hpux_lvm"
    source = "opensvc_lvm"

    @pytest.fixture
    def platform(self, simulated_cluster: SimulatedCluster, tmp_path: Path) -> Groups:
        return Groups(simulated_cluster, tmp_path)
