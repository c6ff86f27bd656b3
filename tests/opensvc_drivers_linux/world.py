"""A small world for tests of these drivers: simulated commands on PATH, a stand-in network, one service."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from attrs import define, field

from opensvc_core.clock import Cancel, Deadline, SystemClock
from opensvc_core.config.sections import default_phase
from opensvc_core.context import Context
from opensvc_core.host.local import DEFAULT_PATH, LocalHost
from opensvc_core.model import Phase, Resource, ResourceId, Service, StatusReport
from opensvc_core.node import Folders, Node
from opensvc_core.recording import Recording
from tests.opensvc_core.world import StandInNetwork

SERVICE = "erp01"


class NoDrivers:
    """No other resource is asked."""

    def open_guest(self, container: Resource, context: Context) -> Any:
        raise AssertionError(container)

    def list_devices(self, resource: Resource, context: Context) -> Any:
        raise AssertionError(resource)


@define
class World:
    """One service without a guest on one node.

    Attributes:
        folder: of the test; its `bin` is first on PATH and holds simulated commands, its `calls` what they were called.
        network: what names mean and what answers ping.
    """

    folder: Path
    network: StandInNetwork = field(factory=StandInNetwork)
    permits: frozenset[str] = frozenset()
    statuses: dict[ResourceId, StatusReport] = field(factory=dict)
    limit: float = 30.0
    cancel: Cancel = field(factory=Cancel)
    resources: list[Resource] = field(factory=list)
    path: str = DEFAULT_PATH

    def __attrs_post_init__(self) -> None:
        (self.folder / "bin").mkdir()

    def simulate(self, name: str, script: str) -> None:
        """Put a simulated command on PATH; each call of it is kept."""
        program = self.folder / "bin" / name
        keep = f'printf "%s " {name} "$@" >>{self.folder}/calls; echo >>{self.folder}/calls\n'
        program.write_text(f"#!/bin/sh\n# simulated {name}\n{keep}cd {self.folder}\n{script}\n")
        program.chmod(0o755)

    def hide_all_but(self, *names: str) -> None:
        """From now on only simulated commands and these are found."""
        for name in names:
            (self.folder / "bin" / name).symlink_to(shutil.which(name) or f"/no/{name}")
        self.path = str(self.folder / "bin")

    @property
    def calls(self) -> list[str]:
        """The calls of simulated commands so far."""
        kept = self.folder / "calls"
        return [line.strip() for line in kept.read_text().splitlines()] if kept.exists() else []

    def write(self, name: str, text: str) -> None:
        """A file that simulated commands read."""
        (self.folder / name).write_text(text)

    def read(self, name: str) -> str:
        """A file that simulated commands wrote."""
        return (self.folder / name).read_text()

    def resource(self, driver: str, keywords: Any, rid: str, **options: object) -> Resource:
        """One more resource, with the defaults of a driver's keywords."""
        values = {keyword.name: keyword.default for keyword in keywords} | options
        phase = default_phase(driver) or Phase.APPLICATION
        resource = Resource(ResourceId(SERVICE, rid), driver, values, phase=phase)
        self.resources.append(resource)
        return resource

    def context(self, action: str = "start", recording: Recording | None = None) -> Context:
        """What a hook of that action is handed."""
        clock = SystemClock()
        return Context(
            node=Node("node1", "Linux", Folders(self.folder)),
            host=LocalHost("node1", f"{self.folder}/bin:{self.path}"),
            services={SERVICE: Service(SERVICE, self.folder / "erp01.env", tuple(self.resources))},
            statuses=self.statuses,
            action=action,
            cancel=self.cancel,
            deadline=Deadline.after(self.limit, clock, f"{action} of {SERVICE}"),
            clock=clock,
            network=self.network,
            drivers=NoDrivers(),
            recording=recording,
            permits=self.permits,
        )
