"""`container.kvm` on a simulated libvirt."""

from __future__ import annotations

import pytest

from tests.conformance.simulated import TAKES, ClusterContract, ClusterPlatform

pytestmark = pytest.mark.simulated


class Libvirt(ClusterPlatform):
    """Guests that libvirt knows."""

    def add(self, name: str) -> None:
        self.cluster.define_guest(name, nodes=[self.node], **TAKES)

    def state_of(self, name: str) -> object:
        return self.cluster.state_of(self.node, name)


class TestKvm(ClusterContract):
    driver = "container.kvm"
    on = Libvirt
