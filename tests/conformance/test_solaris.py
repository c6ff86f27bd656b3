"""The drivers of Solaris on simulated zones, domains, pools and interfaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from opensvc_core.api import Phase, Resource, ResourceId, Status, StatusReport
from opensvc_drivers_solaris.zone import ZONE_KEYWORDS
from opensvc_testkit.conformance import DriverContract, ScriptedPlatform
from opensvc_testkit.platforms.disks import SimulatedDisks
from opensvc_testkit.platforms.solaris import PLATFORM, SUNOS, SimulatedSolaris
from opensvc_testkit.simulated import SimulatedCluster
from tests.conformance.simulated import ClusterPlatform
from tests.opensvc_drivers_solaris.mount_scripts import write_mounts

pytestmark = pytest.mark.simulated
LIVES: dict[str, Any] = {"boot_time": 0.3, "shutdown_time": 0.3}
"""Seconds of the cluster's clock: waited for more than once, and no longer, as a look is three processes."""

ZONE = {keyword.name: keyword.default for keyword in ZONE_KEYWORDS}


class Solaris(ClusterPlatform):
    """A node of Solaris."""

    os_name = SUNOS
    platforms = (PLATFORM,)

    @property
    def solaris(self) -> SimulatedSolaris:
        """What is on it."""
        return SimulatedSolaris(self.cluster)

    def define_node(self) -> None:
        self.solaris.define_node(self.node, "10.0.0.1")

    def state_of(self, name: str) -> object:
        return self.solaris.state_of(self.node, name)

    def state(self) -> object:
        return super().state(), self.solaris.addresses_of(self.node)


class Zones(Solaris):
    """Zones that are attached and wait for their boot."""

    installed_on = "node1"

    def add(self, name: str) -> None:
        self.solaris.define_zone(name, ["node1"], installed_on=self.installed_on, **LIVES)

    def options(self, number: int) -> dict[str, Any]:
        return {"name": self.known(f"z{number}"), "start_timeout": "30s", "stop_timeout": "20s"}

    def unknown(self) -> dict[str, Any]:
        return {"name": "nosuch"}


class DetachedZones(Zones):
    """Zones that are configured, and no more."""

    installed_on = ""
    rid = "container#0ready"


class Addresses(Solaris):
    """Addresses of a zone that is ready."""

    container = "container#0"

    def add(self, name: str) -> None:
        self.solaris.define_zone(name, ["node1"], installed_on="node1")
        self.solaris.set_zone_state("node1", name, "ready")

    def companions(self, service: str) -> Sequence[Resource]:
        options = {**ZONE, "name": self.known("z0")}
        container = ResourceId(service, "container#0")
        return (Resource(container, "container.zone", options, phase=Phase.CONTAINER),)

    def statuses(self, service: str) -> Mapping[ResourceId, StatusReport]:
        return {ResourceId(service, "container#0"): StatusReport(Status.DOWN)}

    def options(self, number: int) -> dict[str, Any]:
        self.known("z0")
        return {"ipname": f"10.0.0.{100 + number}", "ipdev": "net0", "netmask": "24"}

    def unknown(self) -> dict[str, Any]:
        self.known("z0")
        return {"ipname": "10.0.0.99", "ipdev": "net0"}


class Domains(Solaris):
    """Logical domains that are not bound; nothing reaches their guests."""

    def add(self, name: str) -> None:
        # `ldm stop-domain` waits for its guest in real time, and one that still boots does not hear it.
        self.solaris.define_domain(name, ["node1"], boot_time=0, shutdown_time=0)

    def options(self, number: int) -> dict[str, Any]:
        name = self.known(f"d{number}")
        return {"name": name, "shell": "false", "start_timeout": "30s", "stop_timeout": "20s"}

    def unknown(self) -> dict[str, Any]:
        return {"name": "nosuch"}


class Pools(Solaris):
    """Pools of a disk each that nobody has imported."""

    def add(self, name: str) -> None:
        number = len(self.added)
        SimulatedDisks(self.cluster).add(f"naa.600{number}", {"node1": [f"/dev/rdsk/c0t{number}d0s2"]})
        self.solaris.define_pool(name, [f"naa.600{number}"])

    def options(self, number: int) -> dict[str, Any]:
        return {"poolname": self.known(f"data{number}")}

    def unknown(self) -> dict[str, Any]:
        return {"poolname": "nosuch"}


class TestZone(DriverContract):
    driver = "container.zone"

    @pytest.fixture
    def platform(self, simulated_cluster: SimulatedCluster, tmp_path: Path) -> Zones:
        return Zones(simulated_cluster, tmp_path)


class TestZoneReady(DriverContract):
    driver = "zone.ready"

    @pytest.fixture
    def platform(self, simulated_cluster: SimulatedCluster, tmp_path: Path) -> DetachedZones:
        return DetachedZones(simulated_cluster, tmp_path)


class TestZoneAddress(DriverContract):
    driver = "ip.zone"
    lines_stand_alone: ClassVar[Mapping[str, str]] = {
        "ifconfig": "no mark of its end; without `ipdev` it is not believed, cut right after `ipdev` it is"
    }

    @pytest.fixture
    def platform(self, simulated_cluster: SimulatedCluster, tmp_path: Path) -> Addresses:
        return Addresses(simulated_cluster, tmp_path)


class TestLdom(DriverContract):
    driver = "container.ldom"

    @pytest.fixture
    def platform(self, simulated_cluster: SimulatedCluster, tmp_path: Path) -> Domains:
        return Domains(simulated_cluster, tmp_path)


class TestZpool(DriverContract):
    driver = "disk.zpool"

    @pytest.fixture
    def platform(self, simulated_cluster: SimulatedCluster, tmp_path: Path) -> Pools:
        return Pools(simulated_cluster, tmp_path)


class Mounts(ScriptedPlatform):
    """File systems that are not mounted; ``mount`` and ``umount`` are scripts."""

    os_name = SUNOS

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        write_mounts(self.bin, self.files / "mnttab")

    def options(self, number: int) -> dict[str, Any]:
        return {"dev": f"/dev/dsk/c0t{number}d0s0", "mnt": f"/data{number}"}

    def unknown(self) -> dict[str, Any]:
        return {"dev": "/dev/dsk/absent", "mnt": "/nowhere"}

    def state(self) -> object:
        return (self.files / "mnttab").read_text()


class TestMount(DriverContract):
    driver = "fs.solaris"
    lines_stand_alone: ClassVar[Mapping[str, str]] = {"mount": "one file system a line, and no mark of the end"}

    @pytest.fixture
    def platform(self, tmp_path: Path) -> Mounts:
        return Mounts(tmp_path)
