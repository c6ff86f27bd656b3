"""A simulated HP-UX node."""

from __future__ import annotations

from pathlib import Path

from opensvc_testkit.platforms.hpux import OS_NAME, SimulatedHpux
from tests.conformance.simulated import ClusterPlatform


class HpuxPlatform(ClusterPlatform):
    """A node of HP-UX with nothing on it."""

    os_name = OS_NAME

    @property
    def hpux(self) -> SimulatedHpux:
        """What is on it."""
        return SimulatedHpux(self.cluster)

    def define_node(self) -> None:
        self.hpux.define_node(self.node)

    def install(self, folder: Path) -> Path:
        return self.hpux.install(folder, node=self.node)
