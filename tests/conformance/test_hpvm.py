"""`container.hpvm` on a simulated HP Integrity VM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from tests.conformance.hpux import HpuxPlatform
from tests.conformance.simulated import ClusterContract

pytestmark = pytest.mark.simulated


class Hpvm(HpuxPlatform):
    """Guests that HPVM knows."""

    def add(self, name: str) -> None:
        # hpvmstop -g waits for the guest, in the time of this machine, which the suite's clock does not hasten.
        self.hpux.define_guest(name, nodes=[self.node], boot_time=0.3, shutdown_time=0.1, graceful=0.3)

    def state_of(self, name: str) -> object:
        # `On (EFI)` becomes `On (OS)` by itself.
        return self.hpux.guests.state_of(self.node, name).partition(" ")[0]

    def unknown(self) -> dict[str, Any]:
        self.known("vm0")  # HPVM 4 without any guest says that it cannot tell [R]
        return super().unknown()


class TestHpvm(ClusterContract):
    driver = "container.hpvm"
    on = Hpvm
    exempt: ClassVar[Mapping[str, str]] = {
        "the_commands_of_an_inventory_do_not_grow": "HPVM tells the disks of one guest at a time",
    }
