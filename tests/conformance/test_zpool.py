"""`disk.zpool` on simulated pools."""

from __future__ import annotations

from typing import Any

import pytest

from opensvc_testkit.platforms.disks import SimulatedDisks
from tests.conformance.simulated import ClusterContract
from tests.conformance.solaris import SolarisPlatform

pytestmark = pytest.mark.simulated


class Pools(SolarisPlatform):
    """Pools of a disk each, exported."""

    def add(self, name: str) -> None:
        number = len(self.added)
        SimulatedDisks(self.cluster).add(name, {self.node: [f"/dev/rdsk/c0t{number}d0s2"]})
        self.solaris.define_pool(name, [name])

    def state_of(self, name: str) -> object:
        return self.solaris.state_of(self.node, name)

    def options(self, number: int) -> dict[str, Any]:
        return {"poolname": self.known(f"pool{number}")}

    def unknown(self) -> dict[str, Any]:
        return {"poolname": "nosuch"}


class TestZpool(ClusterContract):
    driver = "disk.zpool"
    on = Pools
