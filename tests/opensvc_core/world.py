"""A small world for tests of drivers: a context over real processes, with a simulated ssh and a stand-in network."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, field

from opensvc_core.clock import Cancel, Deadline, SystemClock
from opensvc_core.context import Context
from opensvc_core.errors import ActionError
from opensvc_core.host.guest import SshGuest
from opensvc_core.host.local import DEFAULT_PATH, LocalHost
from opensvc_core.model import Device, Phase, Resource, ResourceId, Service, Status, StatusReport
from opensvc_core.node import Folders, Node
from opensvc_core.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opensvc_core.host import Host

SERVICE = "vm188"
CONTAINER = ResourceId(SERVICE, "container#0")

SSH = """#!/bin/sh
# simulated ssh: the guest is this machine; what it was called with is kept
printf '%s\\n' "$@" >>{folder}/ssh.argv
[ -e {folder}/ssh.fails ] && . {folder}/ssh.fails
for last do :; done
exec sh -c "$last"
"""


@define
class StandInNetwork:
    """Answers as the test says; an address that is not named is silent."""

    answers: dict[str, bool | ActionError] = field(factory=dict)
    names: dict[str, tuple[str, ...]] = field(factory=dict)
    macs: dict[str, str] = field(factory=dict)
    asked: list[str] = field(factory=list)

    def resolve(self, name: str) -> tuple[str, ...]:
        return self.names.get(name, (name,))

    def ping(self, address: str, timeout: float = 1.0) -> bool:
        answer = self.ping_all((address,), timeout)[address]
        if isinstance(answer, ActionError):
            raise answer
        return answer

    def ping_all(self, addresses: Sequence[str], timeout: float = 1.0) -> Mapping[str, bool | ActionError]:
        self.asked.extend(addresses)
        return {address: self.answers.get(address, False) for address in addresses}

    def neighbour(self, address: str) -> str:
        return self.macs.get(address, "")


@define
class World:
    """One service with a container on one node.

    Attributes:
        folder: of the test; also the node's root and the home of simulated commands.
        resources: of the service, the container first.
        network: what answers ping.
        devices: what the container's driver lists.
        shell: whether the container's guest has a shell.
    """

    folder: Path
    resources: list[Resource] = field(factory=list)
    network: StandInNetwork = field(factory=StandInNetwork)
    devices: tuple[Device, ...] = ()
    shell: bool = True
    cancel: Cancel = field(factory=Cancel)
    statuses: dict[ResourceId, StatusReport] = field(factory=dict)
    limit: float = 60.0

    def __attrs_post_init__(self) -> None:
        self.resources.insert(0, Resource(CONTAINER, "container.kvm", phase=Phase.CONTAINER))
        self.says(Status.UP)
        self.simulate("ssh", SSH.format(folder=self.folder))

    def simulate(self, name: str, script: str) -> Path:
        """Put a simulated command on the PATH."""
        program = self.folder / name
        program.write_text(script)
        program.chmod(0o755)
        return program

    def ssh_fails(self, script: str) -> None:
        """Have the simulated ssh run that instead."""
        (self.folder / "ssh.fails").write_text(script)

    def says(self, status: Status) -> None:
        """The container's status."""
        self.statuses[CONTAINER] = StatusReport(status)

    def add(self, rid: str, driver: str, *, container: str = "container#0", **options: object) -> Resource:
        """One more resource of the service."""
        resource = Resource(ResourceId(SERVICE, rid), driver, options, container=container)
        self.resources.append(resource)
        return resource

    def context(self, action: str = "status", recording: Recording | None = None) -> Context:
        """What a hook of that action is handed."""
        clock = SystemClock()
        node = Node("node1", "Linux", Folders(self.folder))
        return Context(
            node=node,
            host=LocalHost("node1", f"{self.folder}:{DEFAULT_PATH}"),
            services={SERVICE: Service(SERVICE, self.folder / "etc/vm188.env", tuple(self.resources))},
            statuses=self.statuses,
            action=action,
            cancel=self.cancel,
            deadline=Deadline.after(self.limit, clock, f"{action} of {SERVICE}"),
            clock=clock,
            network=self.network,
            drivers=self,
            recording=recording,
        )

    def open_guest(self, container: Resource, context: Context) -> Host:
        """What the container's driver gives."""
        if not self.shell:
            raise ActionError(f"{container.id}: its guest has no shell, by its configuration", code="no_shell")
        return SshGuest(context, "vm188", context.known_hosts(SERVICE))

    def list_devices(self, resource: Resource, context: Context) -> tuple[Device, ...]:
        """What the container's driver gives."""
        return self.devices if resource.id == CONTAINER else ()


def have_program(name: str) -> bool:
    """Whether this machine has a command."""
    return shutil.which(name, path=DEFAULT_PATH) is not None
