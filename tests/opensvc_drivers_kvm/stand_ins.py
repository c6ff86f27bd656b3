"""A node for the driver's tests: simulated executables, or a host that answers from a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import Factory, define

from opensvc_core.api import (
    Cancel,
    Command,
    CommandResult,
    Context,
    Deadline,
    Device,
    Host,
    Phase,
    Resource,
    ResourceId,
    Service,
    Spawned,
)
from opensvc_core.clock import Clock, SystemClock
from opensvc_core.node import Folders, Node
from opensvc_drivers_kvm import KvmContainer
from tests.opensvc_core.container_stand_ins import HeldClock, HeldNetwork

DEFAULTS: Mapping[str, object] = {keyword.name: keyword.default for keyword in KvmContainer.keywords}

Answer = CommandResult | Exception | Callable[[Command], CommandResult]


@define
class AnsweringHost:
    """Answers each command with the first entry whose words are all in it; notes what it was asked."""

    answers: list[tuple[tuple[str, ...], Answer]] = Factory(list)
    asked: list[Command] = Factory(list)
    name: str = "node1"

    def on(self, *words: str, stdout: str = "", stderr: str = "", rc: int = 0) -> None:
        self.answers.append((words, CommandResult(("virsh",), rc, stdout, stderr)))

    def fail(self, error: Exception, *words: str) -> None:
        self.answers.append((words, error))

    def execute(
        self, command: Command, cancel: Cancel, spawned: Callable[[Spawned], None] | None = None
    ) -> CommandResult:
        self.asked.append(command)
        line = " ".join(command.argv)
        for words, answer in self.answers:
            if all(word in line for word in words):
                if isinstance(answer, Exception):
                    raise answer
                return answer if isinstance(answer, CommandResult) else answer(command)
        raise AssertionError(f"no answer to {line}")


def kvm_resource(service: str = "vm1", **options: object) -> Resource:
    """A container of a service."""
    return Resource(
        ResourceId(service, "container#0"), "container.kvm", options={**DEFAULTS, **options}, phase=Phase.CONTAINER
    )


class NoDrivers:
    """There is nothing beside the guest."""

    def open_guest(self, container: Resource, context: Context) -> Host:
        raise AssertionError("not asked for here")

    def list_devices(self, resource: Resource, context: Context) -> tuple[Device, ...]:
        return ()


def context_on(host: Host, *resources: Resource, limit: float = 60.0, clock: Clock | None = None) -> Context:
    """A context in which commands run on a host, with the services that the resources belong to."""
    clock = clock or SystemClock()
    services = {
        resource.id.service: Service(resource.id.service, Path("/nowhere"), (resource,), nodes=("node1",))
        for resource in resources
    }
    return Context(
        node=Node("node1", "Linux", Folders(Path("/nowhere"))),
        host=host,
        services=services,
        statuses={},
        action="start",
        cancel=Cancel(),
        deadline=Deadline.after(limit, clock, "the step"),
        clock=clock,
        network=HeldNetwork(HeldClock()),
        drivers=NoDrivers(),
    )
