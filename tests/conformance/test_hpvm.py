"""`container.hpvm` on a simulated HP Integrity VM."""

from __future__ import annotations

import pytest

from tests.conformance.hpux import HpuxPlatform
from tests.conformance.simulated import TAKES, ClusterContract

pytestmark = pytest.mark.simulated


class Hpvm(HpuxPlatform):
    """Guests that HPVM knows."""

    def add(self, name: str) -> None:
        self.hpux.define_guest(name, nodes=[self.node], **TAKES)

    def state_of(self, name: str) -> object:
        return self.hpux.guests.state_of(self.node, name)


class TestHpvm(ClusterContract):
    driver = "container.hpvm"
    on = Hpvm
