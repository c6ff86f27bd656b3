"""Trouble with the guest's network, the same on all platforms whose guests are asked over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_testkit.demo.service import ADDRESS
from opensvc_testkit.faults import FaultKind

if TYPE_CHECKING:
    from opensvc_testkit.simulated import SimulatedCluster

CABLE = "somebody pulls the guest's network cable. It will boot, and never answer."


def pull_cable(cluster: SimulatedCluster) -> None:
    """The guest's network card gets no answer through: it boots, and nobody hears of it."""
    cluster.set_fault("ping", FaultKind.FAIL, words=[ADDRESS], status=1)
