"""`disk.hpux_lvm` on a simulated LVM of HP-UX."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.hpux import HpuxPlatform
from tests.conformance.simulated import ClusterContract

pytestmark = pytest.mark.simulated


class Groups(HpuxPlatform):
    """Groups that the node has imported and not activated."""

    def add(self, name: str) -> None:
        number = len(self.added)
        disk = self.hpux.add_disk(20 + number, {self.node: [f"/dev/rdsk/c2t{number}d0"]})
        self.hpux.define_group(name, [disk], nodes=[self.node])

    def state_of(self, name: str) -> object:
        return (self.hpux.groups.mode_of(self.node, name), self.hpux.groups.files_of(self.node, name))

    def options(self, number: int) -> dict[str, Any]:
        return {"vgname": self.known(f"vg{number + 1}1")}

    def unknown(self) -> dict[str, Any]:
        return {"vgname": "vgnosuch"}


class TestHpuxLvm(ClusterContract):
    driver = "disk.hpux_lvm"
    on = Groups
