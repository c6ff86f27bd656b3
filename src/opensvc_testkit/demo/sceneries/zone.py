"""The demo on Solaris: the guest is a zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opensvc_testkit.demo.scenery import Scenery
from opensvc_testkit.demo.service import ADAPTER, ADDRESS, SERVICE
from opensvc_testkit.demo.stage import NODE
from opensvc_testkit.faults import FaultKind
from opensvc_testkit.platforms.solaris import PLATFORM, SUNOS, SimulatedSolaris

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_testkit.demo.stage import Stage
    from opensvc_testkit.simulated import SimulatedCluster

FIRST_NUMBER = 109
"""Last number of the address of the first node."""


def _define(cluster: SimulatedCluster, _stage: Stage, nodes: tuple[str, ...], times: Mapping[str, Any]) -> None:
    solaris = SimulatedSolaris(cluster)
    for number, node in enumerate(nodes, start=FIRST_NUMBER):
        solaris.define_node(node, f"192.0.2.{number}", links=[ADAPTER])
    solaris.define_zone(SERVICE, nodes, installed_on=NODE, address=ADDRESS, **times)


def _break_milestone(cluster: SimulatedCluster) -> None:
    """The zone boots, and its services never all come up."""
    cluster.set_fault("zlogin", FaultKind.FAIL, words=["svcs"], status=1)


SCENERY = Scenery(
    mode="zone",
    driver="opensvc_drivers_solaris",
    os_name=SUNOS,
    installs=(PLATFORM,),
    stand_ins="zoneadm, zlogin, ifconfig and ping",
    look="zoneadm list -cv",
    trouble="a service of the zone is broken. It will boot, and never reach its milestone.",
    define=_define,
    unplug=_break_milestone,
)
