"""`container.hpvm` on a simulated Integrity VM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opensvc_testkit.conformance import DriverContract
from opensvc_testkit.platforms.hpux import PLATFORMS, SimulatedHpux
from opensvc_testkit.simulated import SimulatedCluster
from tests.conformance.simulated import ClusterPlatform

pytestmark = pytest.mark.simulated


class Hpvm(ClusterPlatform):
    """Guests that Integrity VM knows."""

    os_name = "HP-UX"
    platforms = PLATFORMS

    def add(self, name: str) -> None:
        SimulatedHpux(self.cluster).define_guest(name, nodes=["node1"], boot_time=0.3, shutdown_time=0.1, graceful=1)

    def options(self, number: int) -> dict[str, Any]:
        return {"name": self.known(f"vm{number}"), "start_timeout": "30s", "stop_timeout": "5s"}

    def unknown(self) -> dict[str, Any]:
        self.known("vm0")
        return {"name": "nosuch"}

    def state(self) -> object:
        guests = SimulatedHpux(self.cluster).guests
        # Without what follows the word in brackets: that its system has come up meanwhile is nobody's doing.
        return {
            name: (guests.state_of("node1", name).partition(" ")[0], guests.boot_policy("node1", name))
            for name in sorted(self.added)
        }


class TestHpvm(DriverContract):
    driver = "container.hpvm"

    @pytest.fixture
    def platform(self, simulated_cluster: SimulatedCluster, tmp_path: Path) -> Hpvm:
        return Hpvm(simulated_cluster, tmp_path)
