"""The demo as the cookbook has it: guests of HP Integrity VM on four nodes with HP-UX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opensvc_testkit.demo.sceneries.network import CABLE, pull_cable
from opensvc_testkit.demo.scenery import Scenery
from opensvc_testkit.demo.service import ADAPTER, ADDRESS, SERVICE
from opensvc_testkit.platforms.hpux import MISSING, OS_NAME, PLATFORMS, SimulatedHpux

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_testkit.demo.stage import Stage
    from opensvc_testkit.simulated import SimulatedCluster

DISK = 18
LEGS = ("/dev/rdsk/c2t0d6", "/dev/rdsk/c4t0d6")
"""Special files of the disk's two paths, the same on each node."""


def _define(cluster: SimulatedCluster, _stage: Stage, nodes: tuple[str, ...], times: Mapping[str, Any]) -> None:
    hpux = SimulatedHpux(cluster)
    for node in nodes:
        hpux.define_node(node)
    hpux.add_disk(DISK, dict.fromkeys(nodes, LEGS))
    disk = f"/dev/rdisk/disk{DISK}"
    hpux.guests.define_guest(
        SERVICE, nodes=nodes, disks=[disk], address=ADDRESS, device=ADAPTER, share=True, boot="Manual", **times
    )


SCENERY = Scenery(
    mode="hpvm",
    driver="opensvc_drivers_hpvm",
    os_name=OS_NAME,
    installs=PLATFORMS,
    absent=MISSING,
    stand_ins="hpvmstatus, hpvmstart, hpvmstop and their kin, ioscan, ssh and ping",
    look=f"hpvmstatus -P {SERVICE} -M",
    trouble=CABLE,
    define=_define,
    unplug=pull_cable,
)
