"""`container.hpvm` on a simulated HP Integrity VM."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.hpux import HpuxPlatform
from tests.conformance.simulated import TAKES, ClusterContract

pytestmark = pytest.mark.simulated


class Hpvm(HpuxPlatform):
    """Guests that HPVM knows."""

    def add(self, name: str) -> None:
        self.hpux.define_guest(name, nodes=[self.node], **TAKES)

    def state_of(self, name: str) -> object:
        # `On (EFI)` becomes `On (OS)` by itself.
        return self.hpux.guests.state_of(self.node, name).partition(" ")[0]

    def unknown(self) -> dict[str, Any]:
        self.known("vm0")  # HPVM 4 without any guest says that it cannot tell [R]
        return super().unknown()


class TestHpvm(ClusterContract):
    driver = "container.hpvm"
    on = Hpvm
