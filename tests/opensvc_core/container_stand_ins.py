"""Stand-ins for the container life cycle's tests: time, a network, and a hypervisor that lives in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from attrs import Factory, define, field

from opensvc_core.api import (
    ActionError,
    Cancel,
    Command,
    CommandResult,
    ContainerLifeCycle,
    ContainerPlatform,
    Context,
    Deadline,
    Device,
    GuestState,
    Host,
    InventoryItem,
    Phase,
    Resource,
    ResourceId,
    Service,
    Spawned,
    Status,
)
from opensvc_core.node import Folders, Node
from opensvc_core.recording import Recording

DEFAULTS: Mapping[str, object] = {keyword.name: keyword.default for keyword in ContainerLifeCycle.keywords}


@define
class HeldClock:
    """Time that passes only while somebody waits."""

    at: float = 1000.0
    on_wait: Callable[[float], None] | None = None

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    def wait(self, event: threading.Event, seconds: float) -> bool:
        if event.is_set():
            return True
        self.at += seconds
        if self.on_wait is not None:
            self.on_wait(self.at)
        return event.is_set()


@define
class HeldNetwork:
    """Addresses that answer ping once the clock has come to a time."""

    clock: HeldClock
    answers_at: dict[str, float] = Factory(dict)
    known: frozenset[str] = frozenset({"svc", "10.0.0.9"})
    asked: list[str] = Factory(list)

    def resolve(self, name: str) -> tuple[str, ...]:
        return ("10.0.0.9",) if name in self.known else ()

    def ping(self, address: str, timeout: float = 1.0) -> bool:
        self.asked.append(address)
        return self.clock.at >= self.answers_at.get(address, float("inf"))

    def ping_all(self, addresses: Sequence[str], timeout: float = 1.0) -> Mapping[str, bool | ActionError]:
        return {address: self.ping(address, timeout) for address in addresses}

    def neighbour(self, address: str) -> str:
        return ""


@define
class GuestShell:
    """A guest whose shell answers once the clock has come to a time."""

    clock: HeldClock
    answers_at: float = float("inf")
    calls: int = 0
    name: str = "svc"

    def execute(
        self, command: Command, cancel: Cancel, spawned: Callable[[Spawned], None] | None = None
    ) -> CommandResult:
        self.calls += 1
        if self.clock.at < self.answers_at:
            raise ActionError("cannot reach guest")
        return CommandResult(command.argv)


@define
class MemoryPlatform:
    """A hypervisor in memory, which notes what it is asked to do.

    ``boots_into`` and the like are what its guest does; a list of states is gone through one reading at a time, the
    last one stays.
    """

    states: list[GuestState] = Factory(lambda: [GuestState(Status.DOWN)])
    boots_into: list[GuestState] = Factory(lambda: [GuestState(Status.UP)])
    soft_leads_to: list[GuestState] = Factory(lambda: [GuestState(Status.DOWN)])
    force_leads_to: list[GuestState] = Factory(lambda: [GuestState(Status.DOWN)])
    soft_rc: int = 0
    force_rc: int = 0
    boot_error: Exception | None = None
    soft_error: Exception | None = None
    needs_network: bool = True
    shell: Host | None = None
    done: list[str] = Factory(list)

    def _read(self) -> GuestState:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def list_states(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, GuestState]]:
        for resource in resources:
            yield resource.id, self._read()

    def read_state(self, resource: Resource, context: Context, *, in_full: bool = False) -> GuestState:
        self.done.append("read")
        return self._read()

    def define(self, resource: Resource, state: GuestState, context: Context) -> str:
        self.done.append("define")
        return "" if state.is_known else "defined"

    def forbid_autostart(self, resource: Resource, context: Context) -> None:
        self._change("forbid autostart", context)

    def _change(self, what: str, context: Context, rc: int = 0) -> CommandResult:
        self.done.append(what)
        if context.is_dry_run:
            return context.run("hypervisor", what)
        return CommandResult(("hypervisor", what), rc, stderr=f"{what} refused\n" if rc else "")

    def boot(self, resource: Resource, timeout: float, context: Context) -> CommandResult:
        result = self._change("boot", context)
        if self.boot_error is not None:
            raise self.boot_error
        if result.is_made:
            self.states = list(self.boots_into)
        return result

    def stop_softly(self, resource: Resource, timeout: float, context: Context) -> CommandResult:
        result = self._change("soft stop", context, self.soft_rc)
        if self.soft_error is not None:
            raise self.soft_error
        if result.is_made:
            self.states = list(self.soft_leads_to)
        return result

    def stop_by_force(self, resource: Resource, context: Context) -> CommandResult:
        result = self._change("forced stop", context, self.force_rc)
        if result.is_made:
            self.states = list(self.force_leads_to)
        return result

    def list_devices(self, resource: Resource, context: Context) -> Sequence[Device]:
        return (Device("/dev/vg/svc"),)

    def list_files(self, resource: Resource, context: Context) -> Sequence[Path]:
        return ()

    def inventory(self, resources: Sequence[Resource], context: Context) -> Iterator[InventoryItem]:
        return iter(())

    def is_reached_by_network(self, resource: Resource) -> bool:
        return self.needs_network

    def open_guest(self, resource: Resource, context: Context) -> Host:
        if self.shell is None:
            raise ActionError("no way in")
        return self.shell


@define
class World:
    """A service with one guest and what surrounds it."""

    platform: MemoryPlatform = Factory(MemoryPlatform)
    clock: HeldClock = Factory(HeldClock)
    options: dict[str, object] = Factory(dict)
    others: tuple[Resource, ...] = ()
    nodes: tuple[str, ...] = ("n1",)
    is_dry_run: bool = False
    step_limit: float = 10_000.0
    cancel: Cancel = Factory(Cancel)
    network: HeldNetwork = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.network = HeldNetwork(self.clock)

    @property
    def driver(self) -> ContainerLifeCycle:
        class MemoryContainer(ContainerLifeCycle):
            platform: ClassVar[ContainerPlatform] = self.platform

        return MemoryContainer()

    @property
    def resource(self) -> Resource:
        return Resource(
            ResourceId("svc", "container#0"),
            "container.memory",
            options={**DEFAULTS, "start_timeout": 60.0, "stop_timeout": 30.0, **self.options},
            phase=Phase.CONTAINER,
        )

    def context(self) -> Context:
        world = self

        class Drivers:
            def open_guest(self, container: Resource, context: Context) -> Host:
                host = world.driver.open_guest(container, context)
                assert host is not None
                return host

            def list_devices(self, resource: Resource, context: Context) -> tuple[Device, ...]:
                return ()

        service = Service("svc", Path("/nowhere/svc.env"), (self.resource, *self.others), nodes=self.nodes)
        return Context(
            node=Node("n1", "Linux", Folders(Path("/nowhere"))),
            host=NoHost(),
            services={"svc": service},
            statuses={},
            action="start",
            cancel=self.cancel,
            deadline=Deadline.after(self.step_limit, self.clock, "the step"),
            clock=self.clock,
            network=self.network,
            drivers=Drivers(),
            recording=Recording() if self.is_dry_run else None,
        )


class NoHost:
    """A node on which nothing can be run."""

    name = "n1"

    def execute(
        self, command: Command, cancel: Cancel, spawned: Callable[[Spawned], None] | None = None
    ) -> CommandResult:
        raise AssertionError(f"nothing runs here: {command.argv}")


def dweller(rid: str, phase: Phase, **options: object) -> Resource:
    """A resource that lives in the guest."""
    return Resource(ResourceId("svc", rid), "x.y", options=options, phase=phase, container="container#0")


def texts(context: Context) -> Iterable[str]:
    """What was noted."""
    return [note.text for note in context.notes]
