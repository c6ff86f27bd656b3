"""The demo on LXC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opensvc_testkit.demo.sceneries.network import CABLE, pull_cable
from opensvc_testkit.demo.scenery import Scenery
from opensvc_testkit.demo.service import ADAPTER, ADDRESS, SERVICE
from opensvc_testkit.platforms.lxc import PLATFORMS, SimulatedLxc

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from opensvc_testkit.demo.stage import Stage
    from opensvc_testkit.simulated import SimulatedCluster


def folder_of(stage: Stage) -> Path:
    """The folder of containers; the machine's own is left alone."""
    return stage.folder / "containers"


def _define(cluster: SimulatedCluster, stage: Stage, nodes: tuple[str, ...], times: Mapping[str, Any]) -> None:
    path = str(folder_of(stage))
    SimulatedLxc(cluster).define_guest(SERVICE, nodes=nodes, path=path, address=ADDRESS, device=ADAPTER, **times)


SCENERY = Scenery(
    mode="lxc",
    driver="opensvc_drivers_lxc",
    os_name="Linux",
    installs=PLATFORMS,
    stand_ins="the commands of LXC and ping",
    look=f"lxc-info -P containers -n {SERVICE} -s",
    trouble=CABLE,
    define=_define,
    unplug=pull_cable,
    more=lambda stage: f"\n[container#0]\nlxcpath = {folder_of(stage)}\n",
)
