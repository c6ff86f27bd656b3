"""A node with a simulated LVM, and resources and contexts for the driver on it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from attrs import define, field

from opensvc_core.api import (
    Cancel,
    Context,
    Deadline,
    Device,
    Evidence,
    Host,
    NodeState,
    Outcome,
    Phase,
    Resource,
    ResourceId,
    Service,
    StatusReport,
    Veto,
)
from opensvc_core.clock import Clock, SystemClock
from opensvc_core.host.local import LocalHost
from opensvc_core.node import Folders, Node
from opensvc_core.recording import Recording
from opensvc_lvm.driver import LinuxVolumeGroup
from opensvc_lvm.kernel import Kernel
from opensvc_testkit.executables import reservations
from opensvc_testkit.faults import FaultKind
from opensvc_testkit.platforms.disks import SimulatedDisks
from opensvc_testkit.platforms.lvm import SimulatedLvm
from opensvc_testkit.simulated import SimulatedCluster
from tests.opensvc_core.container_stand_ins import HeldClock, HeldNetwork

HERE = "n1"
"""The node."""
NODES = ("n1", "n2", "n3.example.com")
DEFAULTS: Mapping[str, object] = {keyword.name: keyword.default for keyword in LinuxVolumeGroup.keywords}


class NoDrivers:
    """There is nothing beside the group."""

    def open_guest(self, container: Resource, context: Context) -> Host:
        raise AssertionError("not asked for here")

    def list_devices(self, resource: Resource, context: Context) -> tuple[Device, ...]:
        return ()


EXTENTS = {"base": 5, "logs-1": 6}
"""Size of the volumes that a group has by default, in extents of 4 MiB; of any other, 1."""
SIZE = 249 << 20
"""Bytes of a disk: 62 extents."""


@define
class LvmNode:
    """A node of a simulated cluster, and the driver on it; the testkit simulates its LVM, its disks and its kernel.

    Attributes:
        folder: where its executables lie.
        node: what the agent calls the node.
        clock: of the contexts.
    """

    folder: Path
    node: str = "n1"
    clock: Clock = field(factory=SystemClock)
    _disks: int = 0
    _forgotten: int = 0

    def install(self) -> None:
        """Put the executables in place, with no group."""
        self.cluster.install(self.folder, node=HERE, platforms=["lvm"])
        self.configure(volume_list=["@local", f"@{self.node}"], system_id=self.node)
        self.disks.show_sys(HERE)
        (self.folder / "proc").mkdir()

    @property
    def cluster(self) -> SimulatedCluster:
        """It belongs to."""
        return SimulatedCluster(self.folder.parent / "cluster")

    @property
    def disks(self) -> SimulatedDisks:
        """Disks of the cluster."""
        return SimulatedDisks(self.cluster)

    @property
    def groups(self) -> SimulatedLvm:
        """Groups of the cluster."""
        return SimulatedLvm(self.cluster)

    # -- its state ------------------------------------------------------------------------------------------------

    def configure(self, **values: object) -> None:
        """Change settings of its LVM."""
        self.groups.configure(HERE, **values)

    def add_group(
        self,
        name: str = "data",
        tags: Iterable[str] = (),
        volumes: Iterable[str] = ("base", "logs-1"),
        *,
        disks: int = 1,
    ) -> None:
        """Make a group, its volumes inactive and on its first disk; a second one was `/dev/sdx` to who wrote last."""
        identities, devices = [], []
        for number in range(disks):
            identity, path = f"naa.{self._disks}", f"/dev/sd{chr(97 + self._disks)}"
            self.disks.add(identity, {HERE: [path]}, size=SIZE)
            self._disks += 1
            identities.append(identity)
            devices.append("/dev/sdx" if number else path)
        sizes = {volume: EXTENTS.get(volume, 1) for volume in volumes}
        self.groups.create_group(name, identities, tags=tags, volumes=sizes, devices=devices)

    def change_group(self, **values: object) -> None:
        """Change what is written of `data`."""
        self.groups.change_group("data", **values)

    def activate_by_hand(self, *volumes: str) -> None:
        """Volumes of `data`, or all, come up without the driver."""
        self.groups.activate(HERE, "data", *volumes)

    def change_active(self, volume: str, **values: object) -> None:
        """Change how the kernel has an active volume of `data`."""
        self.groups.change_active(HERE, "data", volume, **values)

    def lose_disk(self, number: int = 1) -> None:
        """A disk of the first group goes away."""
        self.disks.lose_path(HERE, f"/dev/sd{chr(97 + number)}")

    def copy_disk(self) -> None:
        """The first disk is seen by a second special file, `/dev/sdz`."""
        self.disks.add_path("naa.0", HERE, "/dev/sdz")

    def disk_uuid(self, number: int) -> str:
        """UUID of a disk of `data`."""
        return self.groups.group("data")["disks"][number]["uuid"]

    def reserve_elsewhere(self) -> None:
        """Another node reserves the first disk."""
        self.disks.add_path("naa.0", "n2", "/dev/sda")
        with self.cluster.opened() as world:
            reservations.register(world["disks"]["naa.0"], ("n2", "/dev/sda"), 0, 2)
            reservations.reserve(world["disks"]["naa.0"], ("n2", "/dev/sda"), 2, 5)

    def race(self, tag: str) -> None:
        """Right after each `vgchange` of this node another one adds a tag."""
        other = self.folder.parent / "other"
        self.disks.add_path("naa.0", "n2", "/dev/sda")
        self.cluster.install(other, node="n2", platforms=["lvm"])
        self.cluster.install(other / "own", node=HERE, platforms=["lvm"])
        script = f'#!/bin/sh\n{other}/own/vgchange "$@" || exit\n{other}/vgchange --addtag {tag} data >/dev/null\n'
        (self.folder / "vgchange").write_text(script)

    def fault(self, *words: str, kind: FaultKind, text: str = "", status: int = 0) -> None:
        """From now on a command that has these words goes wrong."""
        self.cluster.set_fault(words[0], kind, words=words[1:], text=text, status=status)

    def replace(self, program: str, stdout: str, stderr: str, status: int) -> None:
        """Put a script in the place of a program."""
        said = f"printf '%s\\n' {shlex.quote(stdout)}; printf '%s\\n' {shlex.quote(stderr)} >&2"
        script = f"#!/bin/sh\n{said}; exit {status}\n"
        (self.folder / program).write_text(script)

    def calls(self, program: str = "") -> list[list[str]]:
        """Commands that were run."""
        calls = [[call.command, *call.arguments] for call in self.cluster.calls()[self._forgotten :]]
        return [call for call in calls if not program or call[0] == program]

    def forget_calls(self) -> None:
        """Begin counting anew."""
        self._forgotten = len(self.cluster.calls())

    def active(self, name: str = "data") -> set[str]:
        """Names of active volumes."""
        return self.groups.active(HERE, name)

    def tags(self, name: str = "data") -> set[str]:
        """Tags of a group."""
        return self.groups.tags(name)

    def writes(self) -> int:
        """How often `data` was written since it was made."""
        return self.groups.group("data")["seqno"] - 1

    # -- the driver on it -----------------------------------------------------------------------------------------

    @property
    def driver(self) -> LinuxVolumeGroup:
        """The driver, with the simulated kernel."""
        return LinuxVolumeGroup(
            kernel=Kernel(self.cluster.root / "sys" / HERE, self.folder / "proc"), system_dir=self.folder / "etc"
        )

    def context(
        self,
        *resources: Resource,
        evidence: Mapping[str, NodeState] | None = None,
        permits: Iterable[str] = (),
        limit: float = 60.0,
        is_dry: bool = False,
    ) -> Context:
        """A context for a hook."""
        known = [Evidence(node, state, "test") for node, state in (evidence or {}).items()]
        services = {
            r.id.service: Service(r.id.service, Path("/nowhere"), (r,), nodes=NODES[:2], drpnodes=NODES[2:])
            for r in resources
        }
        return Context(
            node=Node(self.node, "Linux", Folders(Path("/nowhere"))),
            host=LocalHost(self.node, str(self.folder)),
            services=services,
            statuses={},
            action="start",
            cancel=Cancel(),
            deadline=Deadline.after(limit, self.clock, "the step"),
            clock=self.clock,
            network=HeldNetwork(HeldClock()),
            drivers=NoDrivers(),
            evidence=dict.fromkeys(services, known),
            permits=frozenset(permits),
            recording=Recording() if is_dry else None,
        )

    def status(self, *resources: Resource, limit: float = 60.0) -> StatusReport:
        """State of the first."""
        context = self.context(*resources, limit=limit)
        return dict(self.driver.status(resources, context))[resources[0].id]

    def start(self, resource: Resource, **options: Any) -> Outcome:
        """Start it."""
        return self.driver.start(resource, self.context(resource, **options))

    def stop(self, resource: Resource, **options: Any) -> Outcome:
        """Stop it."""
        return self.driver.stop(resource, self.context(resource, **options))

    def preflight(self, resource: Resource, action: str = "start", **options: Any) -> Veto | None:
        """Its veto."""
        return self.driver.preflight(resource, action, self.context(resource, **options))


def group_resource(vgname: str = "data", service: str = "svc1", **options: object) -> Resource:
    """A volume group of a service."""
    values = {**DEFAULTS, "vgname": vgname, "scsireserv": False, **options}
    return Resource(ResourceId(service, "vg#1"), "disk.lvm", options=values, phase=Phase.DISK)


def codes(report: StatusReport) -> set[str]:
    """Codes of a report's notes."""
    return {note.code for note in report.notes}


def text_of(report: StatusReport) -> str:
    """Texts of a report's notes."""
    return "; ".join(note.text for note in report.notes)
