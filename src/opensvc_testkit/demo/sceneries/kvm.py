"""The demo on libvirt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opensvc_testkit.demo.sceneries.network import CABLE, pull_cable
from opensvc_testkit.demo.scenery import Scenery
from opensvc_testkit.demo.service import ADAPTER, ADDRESS, SERVICE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_testkit.demo.stage import Stage
    from opensvc_testkit.simulated import SimulatedCluster

DISK = "/dev/mapper/vm188-data"


def _define(cluster: SimulatedCluster, _stage: Stage, nodes: tuple[str, ...], times: Mapping[str, Any]) -> None:
    cluster.define_guest(SERVICE, nodes=nodes, address=ADDRESS, device=ADAPTER, disks=[DISK], **times)


SCENERY = Scenery(
    mode="kvm",
    driver="opensvc_drivers_kvm",
    os_name="Linux",
    installs=("network", "system", "libvirt"),
    stand_ins="virsh, ssh and ping",
    look=f"virsh domstate {SERVICE}",
    trouble=CABLE,
    define=_define,
    unplug=pull_cable,
)
