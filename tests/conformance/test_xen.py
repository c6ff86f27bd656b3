"""`container.xen` on a simulated `xl`."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_testkit.platforms.xen import PLATFORMS, SimulatedXen
from tests.conformance.simulated import TAKES, ClusterContract, ClusterPlatform

pytestmark = pytest.mark.simulated


class Xen(ClusterPlatform):
    """Guests with a configuration file."""

    platforms = PLATFORMS

    def install(self, folder: Path) -> Path:
        """With `xl` alone: where there is `xm` too, that is asked instead of an `xl` that is not there."""
        super().install(folder)
        self.cluster.remove_command(folder, "xm")
        return folder

    def add(self, name: str) -> None:
        SimulatedXen(self.cluster).define_guest(name, nodes=[self.node], **TAKES)

    def state_of(self, name: str) -> object:
        return SimulatedXen(self.cluster).state_of(self.node, name)


class TestXen(ClusterContract):
    driver = "container.xen"
    on = Xen
