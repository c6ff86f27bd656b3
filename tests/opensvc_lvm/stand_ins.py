"""A node with a simulated LVM, and resources and contexts for the driver on it."""

from __future__ import annotations

import json
import shutil
import sys
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
from opensvc_core.context import Recording
from opensvc_core.host.local import LocalHost
from opensvc_core.node import Folders, Node
from opensvc_lvm.driver import LinuxVolumeGroup
from opensvc_lvm.kernel import Kernel
from tests.opensvc_core.container_stand_ins import HeldClock, HeldNetwork

PROGRAMS = ("vgs", "lvs", "vgchange", "lvmconfig")
NODES = ("n1", "n2", "n3.example.com")
DEFAULTS: Mapping[str, object] = {keyword.name: keyword.default for keyword in LinuxVolumeGroup.keywords}


class NoDrivers:
    """There is nothing beside the group."""

    def open_guest(self, container: Resource, context: Context) -> Host:
        raise AssertionError("not asked for here")

    def list_devices(self, resource: Resource, context: Context) -> tuple[Device, ...]:
        return ()


@define
class SimulatedLvm:
    """The simulated LVM of one node, and the driver that uses it.

    Attributes:
        folder: where its programs and its state lie.
        node: name of the node.
        clock: of the contexts.
    """

    folder: Path
    node: str = "n1"
    clock: Clock = field(factory=SystemClock)
    _minors: int = 0

    def install(self) -> None:
        """Put its programs in place, with no group."""
        self.folder.mkdir(parents=True)
        source = Path(__file__).with_name("simulated_lvm.py").read_text()
        for program in PROGRAMS:
            path = self.folder / program
            path.write_text(f"#!{Path(sys.executable).resolve()} -ISE\n{source}")
            path.chmod(0o755)
        self.write(
            groups=[], vanished=[], volume_list=["@local", f"@{self.node}"], system_id=self.node, calls=[], faults=[],
            reserved_by_other=False, no_device_mapper=False, uses_devices_file=False,
        )  # fmt: skip
        (self.folder / "proc").mkdir()

    # -- its state ------------------------------------------------------------------------------------------------

    def read(self) -> dict[str, Any]:
        """Its whole state."""
        state: dict[str, Any] = json.loads((self.folder / "state.json").read_text())
        return state

    def write(self, **values: object) -> None:
        """Set parts of its state."""
        path = self.folder / "state.json"
        state = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps({**state, **values}))

    def add_group(
        self, name: str = "data", tags: Iterable[str] = (), volumes: Iterable[str] = ("base", "logs-1")
    ) -> None:
        """Make a group of one disk, its volumes inactive."""
        state = self.read()
        number = len(state["groups"])
        uuid = f"{name[:5]:x<5}{number}-aaaa-bbbb-cccc-dddd-eeee-ffffff"
        disk = {"uuid": f"disk{number}-pppp-qqqq", "path": f"/dev/sd{chr(97 + number)}", "missing": False, "last": ""}
        made = []
        for volume in volumes:
            self._minors += 1
            made.append({"name": volume, "active": False, "open": 0, "skip": False, "minor": self._minors})
        group = {
            "name": name, "uuid": uuid, "tags": sorted(tags), "system_id": "", "exported": False, "disks": [disk],
            "volumes": made, "writes": 0,
        }  # fmt: skip
        self.write(groups=[*state["groups"], group])

    def group(self, name: str = "data") -> dict[str, Any]:
        """State of a group."""
        found: dict[str, Any] = next(group for group in self.read()["groups"] if group["name"] == name)
        return found

    def edit(self, name: str = "data", **values: object) -> None:
        """Change parts of a group."""
        groups = self.read()["groups"]
        next(group for group in groups if group["name"] == name).update(values)
        self.write(groups=groups)

    def edit_volume(self, volume: str, name: str = "data", **values: object) -> None:
        """Change parts of a volume."""
        groups = self.read()["groups"]
        group = next(group for group in groups if group["name"] == name)
        next(each for each in group["volumes"] if each["name"] == volume).update(values)
        self.write(groups=groups)

    def activate_by_hand(self, name: str = "data", *volumes: str) -> None:
        """Volumes, or all, come up without the driver."""
        for volume in self.group(name)["volumes"]:
            if not volumes or volume["name"] in volumes:
                self.edit_volume(volume["name"], name, active=True)

    def edit_disk(self, name: str = "data", **values: object) -> None:
        """Change the disk of a group."""
        self.edit(name, disks=[{**self.group(name)["disks"][0], **values}])

    def vanish(self, name: str = "data") -> None:
        """LVM does not see the group any more; what is active stays in the kernel."""
        state = self.read()
        self.write(
            groups=[group for group in state["groups"] if group["name"] != name],
            vanished=[group for group in state["groups"] if group["name"] == name],
        )

    def fault(self, *words: str, kind: str = "say", **values: object) -> None:
        """From now on a command that begins so hangs (`hang`), or says something else (`say`: stdout, stderr, rc)."""
        self.write(faults=[{"words": list(words), "kind": kind, **values}, *self.read()["faults"]])

    def calls(self, program: str = "") -> list[list[str]]:
        """Commands that were run."""
        return [call for call in self.read()["calls"] if not program or call[0] == program]

    def forget_calls(self) -> None:
        """Begin counting anew."""
        self.write(calls=[])

    def active(self, name: str = "data") -> set[str]:
        """Names of active volumes."""
        return {volume["name"] for volume in self.group(name)["volumes"] if volume["active"]}

    def tags(self, name: str = "data") -> set[str]:
        """Tags of a group."""
        return set(self.group(name)["tags"])

    # -- the driver on it -----------------------------------------------------------------------------------------

    @property
    def driver(self) -> LinuxVolumeGroup:
        """The driver, with the simulated kernel."""
        return LinuxVolumeGroup(
            kernel=Kernel(self.folder / "sys", self.folder / "proc"), system_dir=self.folder / "etc"
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

    def remove(self) -> None:
        """Take it all away."""
        shutil.rmtree(self.folder)


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
