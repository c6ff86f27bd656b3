"""`container.zone` and `zone.ready` on simulated zones."""

from __future__ import annotations

import pytest

from tests.conformance.simulated import TAKES, ClusterContract
from tests.conformance.solaris import SolarisPlatform

pytestmark = pytest.mark.simulated


class Zones(SolarisPlatform):
    """Zones that are installed here."""

    def add(self, name: str) -> None:
        self.solaris.define_zone(name, [self.node], installed_on=self.node, **TAKES)

    def state_of(self, name: str) -> object:
        return self.solaris.state_of(self.node, name)


class TestZone(ClusterContract):
    driver = "container.zone"
    on = Zones
