"""The demo on Xen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opensvc_testkit.demo.sceneries.network import CABLE, pull_cable
from opensvc_testkit.demo.scenery import Scenery
from opensvc_testkit.demo.service import ADAPTER, ADDRESS, SERVICE
from opensvc_testkit.platforms.xen import PLATFORMS, SimulatedXen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_testkit.demo.stage import Stage
    from opensvc_testkit.simulated import SimulatedCluster

DISK = "/dev/mapper/vm188-data"


def _define(cluster: SimulatedCluster, _stage: Stage, nodes: tuple[str, ...], times: Mapping[str, Any]) -> None:
    xen = SimulatedXen(cluster)
    xen.define_guest(SERVICE, nodes=nodes, address=ADDRESS, device=ADAPTER, disks=[DISK], **times)


SCENERY = Scenery(
    mode="xen",
    driver="opensvc_drivers_xen",
    os_name="Linux",
    installs=PLATFORMS,
    stand_ins="xl, ssh and ping",
    look="xl list",
    trouble=CABLE,
    define=_define,
    unplug=pull_cable,
)
