"""The driver on its platform: resources, contexts, and calls of its hooks as the agent makes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import pytest
from attrs import define, evolve, field

from opensvc_core.api import (
    ActionError,
    Cancel,
    CommandLine,
    Context,
    Deadline,
    Device,
    Host,
    Keyword,
    Outcome,
    Phase,
    Resource,
    ResourceId,
    Service,
    Status,
    StatusReport,
)
from opensvc_core.config.resource_keywords import SCSI_RESERVATION
from opensvc_core.config.sections import can_reserve, default_phase
from opensvc_core.config.values import convert
from opensvc_core.contract import check_description
from opensvc_core.dispatcher import Dispatcher
from opensvc_core.node import Folders, Node
from opensvc_core.recording import Recording
from opensvc_core.registry import Registry
from opensvc_testkit.conformance.hasty_clock import HastyClock, NeverEnds
from opensvc_testkit.conformance.observed_host import Observation, ObservedHost, Seen
from opensvc_testkit.conformance.platform import Platform
from opensvc_testkit.conformance.requirement import require

T = TypeVar("T")
LIMIT = 900.0
"""Seconds, none of them waited for, that a hook has where no other limit is told."""


class MadeBy(Registry):
    """A registry of one driver, made as its author says."""

    def __init__(self, make: Callable[[], object]) -> None:
        super().__init__()
        self._make = make

    def has(self, name: str) -> bool:
        """It is there."""
        return True

    def load(self, name: str) -> Any:
        """What makes the driver."""
        return self._make


@define
class PlatformNetwork:
    """The platform's network."""

    platform: Platform

    def resolve(self, name: str) -> tuple[str, ...]:
        """Addresses of a name."""
        return self.platform.addresses(name)

    def ping(self, address: str, timeout: float = 1.0) -> bool:
        """Whether it answers."""
        return self.platform.answers_ping(address)

    def ping_all(self, addresses: Sequence[str], timeout: float = 1.0) -> Mapping[str, bool | ActionError]:
        """Which of them answer."""
        return {address: self.platform.answers_ping(address) for address in addresses}

    def neighbour(self, address: str) -> str:
        """Who answers for it."""
        return self.platform.neighbour(address)


@define
class Stage:
    """One driver on one platform.

    Attributes:
        id: driver id.
        platform: the author's.
        make: makes the driver.
    """

    id: str
    platform: Platform
    make: Callable[[], object]
    observation: Observation = field(factory=Observation)
    asked: Mapping[ResourceId, StatusReport] = field(factory=dict)
    """What was answered before the first step, where a hook looks at that: in a dry run, and before one."""
    clock: HastyClock = field(init=False)
    host: ObservedHost = field(init=False)
    dispatcher: Dispatcher = field(init=False)

    def __attrs_post_init__(self) -> None:
        """The node of the platform, observed."""
        self.clock = HastyClock(self.platform.advance)
        if type(self.platform).advance is not Platform.advance:
            self.observation.on_slow = self.clock.skip
        self.host = ObservedHost(self.platform.host(), self.observation)
        self.renew()

    def renew(self) -> None:
        """Go on with another instance of the driver, as the next process would."""
        self.dispatcher = Dispatcher(MadeBy(self.make))

    # -- resources --------------------------------------------------------------------------------------------------

    def resource(self, number: int = 0) -> Resource:
        """One of the platform's resources, each of a service of its own."""
        return self._resource(f"svc{number}", self.platform.options(number))

    def unknown(self) -> Resource:
        """A resource that the platform does not know."""
        return self._resource("unknown", self.platform.unknown())

    def _resource(self, service: str, given: Mapping[str, Any]) -> Resource:
        info = check_description(self.id, self.dispatcher.driver(self.id), default_phase(self.id))
        keywords = {keyword.name: keyword for keyword in (*info.keywords, *self.platform.keywords)}
        if can_reserve(self.id):
            keywords.setdefault(SCSI_RESERVATION.name, evolve(SCSI_RESERVATION, default=False))
        strange = sorted(set(given) - set(keywords))
        require(not strange, f"the platform gives {', '.join(strange)}, which the driver does not declare as a keyword")
        values = {name: keyword.default for name, keyword in keywords.items()}
        values |= {name: typed(keywords[name], value) for name, value in given.items()}
        rid = self.platform.rid or f"{self.id.partition('.')[0]}#0"
        return Resource(ResourceId(service, rid), self.id, values, phase=info.phase, container=self.platform.container)

    # -- contexts ---------------------------------------------------------------------------------------------------

    def context(
        self, action: str, *resources: Resource, limit: float = LIMIT, recording: Recording | None = None
    ) -> Context:
        """What a hook is handed."""
        services: dict[str, Service] = {}
        statuses: dict[ResourceId, StatusReport] = {}
        for resource in resources:
            name = resource.id.service
            others = tuple(self.platform.companions(name))
            path = self.platform.root / "etc" / f"{name}.env"
            services[name] = Service(name, path, (*others, resource), nodes=tuple(self.platform.nodes))
            statuses.update(self.platform.statuses(name))
        statuses.update(self.asked)
        self.clock.watch(limit)
        return Context(
            node=Node(self.platform.node, self.platform.os_name, Folders(self.platform.root)),
            host=self.host,
            services=services,
            statuses=statuses,
            action=action,
            cancel=Cancel(),
            deadline=Deadline.after(limit, self.clock, action),
            clock=self.clock,
            network=PlatformNetwork(self.platform),
            drivers=self,
            permits=self.platform.permits,
            recording=recording,
        )

    def open_guest(self, container: Resource, context: Context) -> Host:
        """The way into a guest: the driver's own, or the platform's. Raises ActionError."""
        if container.phase is Phase.CONTAINER and container.driver == self.id:
            guest = self.dispatcher.open_guest(container, context)
        else:
            guest = self.platform.open_guest(container, context)
        return guest if isinstance(guest, ObservedHost) else ObservedHost(guest, self.observation)

    def list_devices(self, resource: Resource, context: Context) -> tuple[Device, ...]:
        """Devices of a companion."""
        return tuple(self.platform.list_devices(resource, context))

    # -- hooks ------------------------------------------------------------------------------------------------------

    def status(self, *resources: Resource, limit: float = LIMIT) -> dict[ResourceId, StatusReport]:
        """States of resources as the agent takes them: what the driver raises makes them ``undef``."""
        context = self.context("status", *resources, limit=limit)
        return dict(ended(lambda: list(self.dispatcher.status(self.id, resources, context)), "status"))

    def state_of(self, resource: Resource) -> Status:
        """State of one resource."""
        return self.status(resource)[resource.id].status

    def start(self, resource: Resource, context: Context | None = None) -> Outcome:
        """Start it. Raises what the driver raises."""
        chosen = context or self.context("start", resource)
        return ended(lambda: self.dispatcher.start(resource, chosen), "start")

    def stop(self, resource: Resource, context: Context | None = None) -> Outcome:
        """Stop it. Raises what the driver raises."""
        chosen = context or self.context("stop", resource)
        return ended(lambda: self.dispatcher.stop(resource, chosen), "stop")

    def bring(self, resource: Resource, status: Status) -> None:
        """Start or stop it for a check of something else."""
        outcome = self.start(resource) if status is Status.UP else self.stop(resource)
        told = self.state_of(resource)
        require(
            told is status,
            f"this check needs a resource that is {status.value}; after its start or stop ({outcome}) it is "
            f" {told.value}: see the checks of start and stop",
        )


def ended(call: Callable[[], T], hook: str) -> T:
    """What a hook gives; one that does not end fails the check."""
    with suppress(NeverEnds):
        return call()
    pytest.fail(f"`{hook}` goes on for ever after its deadline", pytrace=False)


def typed(keyword: Keyword, value: Any) -> Any:
    """A value of a service file as the driver gets it; others as they are. Raises ValueError."""
    return convert(keyword, value) if isinstance(value, str) and value else value


def changes(seen: Sequence[Seen]) -> list[CommandLine]:
    """The changing commands of a run, as a dry run records them."""
    return [CommandLine(each.host, each.command.argv) for each in seen if each.command.changes and not each.is_inner]
