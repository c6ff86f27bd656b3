"""`container.lxc` on simulated `lxc-*`."""

from __future__ import annotations

from typing import ClassVar

import pytest

from opensvc_testkit.platforms.lxc import PLATFORMS, SimulatedLxc
from tests.conformance.simulated import TAKES, ClusterContract, ClusterPlatform

pytestmark = pytest.mark.simulated


class Lxc(ClusterPlatform):
    """Containers that the node knows."""

    platforms = PLATFORMS

    def add(self, name: str) -> None:
        SimulatedLxc(self.cluster).define_guest(name, nodes=[self.node], **TAKES)

    def state_of(self, name: str) -> object:
        return SimulatedLxc(self.cluster).state_of(self.node, name)


class TestLxc(ClusterContract):
    driver = "container.lxc"
    on = Lxc
    auxiliary: ClassVar = {"lxc-ls": "each container is then asked by itself, with lxc-info"}
