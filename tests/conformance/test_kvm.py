"""`container.kvm` on a simulated libvirt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opensvc_testkit.conformance import DriverContract
from opensvc_testkit.simulated import SimulatedCluster
from tests.conformance.simulated import ClusterPlatform

pytestmark = pytest.mark.simulated


class Libvirt(ClusterPlatform):
    """Guests that libvirt knows."""

    def add(self, name: str) -> None:
        self.cluster.define_guest(name, nodes=["node1"], boot_time=2, shutdown_time=3)

    def options(self, number: int) -> dict[str, Any]:
        return {"name": self.known(f"vm{number}"), "start_timeout": "30s", "stop_timeout": "20s"}

    def unknown(self) -> dict[str, Any]:
        return {"name": "nosuch"}


class TestKvm(DriverContract):
    driver = "container.kvm"

    @pytest.fixture
    def platform(self, simulated_cluster: SimulatedCluster, tmp_path: Path) -> Libvirt:
        return Libvirt(simulated_cluster, tmp_path)
