"""An HP-UX node for drivers' tests: a host that answers each command from a table, and the context of a step on it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import Factory, define

from opensvc_core.api import (
    Cancel,
    Command,
    CommandResult,
    CommandTimeout,
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
from opensvc_core.node import Folders, Node
from opensvc_core.recording import Recording
from tests.opensvc_core.container_stand_ins import HeldClock, HeldNetwork

Answer = CommandResult | Exception | Callable[[Command], CommandResult]


def said(stdout: str = "", stderr: str = "", rc: int = 0) -> CommandResult:
    """What a command printed and ended with."""
    return CommandResult(("tool",), rc, stdout, stderr)


def hangs(command: Command) -> CommandResult:
    """A command that is ended at its limit."""
    raise CommandTimeout(f"`{' '.join(command.argv)}` did not end", argv=command.argv)


@define
class HpuxHost:
    """Answers a command by its whole line: one answer after the other, the last one again and again."""

    answers: dict[str, list[Answer]] = Factory(dict)
    lines: list[str] = Factory(list)
    name: str = "node1"
    lock: threading.Lock = Factory(threading.Lock)

    def on(self, line: str, *answers: Answer) -> None:
        """Answers to one command line; without any it succeeds and says nothing."""
        self.answers[line] = list(answers) or [said()]

    def execute(
        self, command: Command, cancel: Cancel, spawned: Callable[[Spawned], None] | None = None
    ) -> CommandResult:
        del cancel, spawned
        line = " ".join(command.argv)
        with self.lock:
            self.lines.append(line)
            known = self.answers.get(line)
            if known is None:
                raise AssertionError(f"no answer to {line}")
            answer = known.pop(0) if len(known) > 1 else known[0]
        if isinstance(answer, Exception):
            raise answer
        given = answer if isinstance(answer, CommandResult) else answer(command)
        return CommandResult(command.argv, given.rc, given.stdout, given.stderr)


class NoDrivers:
    """There is nothing beside the resource."""

    def open_guest(self, container: Resource, context: Context) -> Host:
        raise AssertionError("not asked for here")

    def list_devices(self, resource: Resource, context: Context) -> tuple[Device, ...]:
        return ()


def resource_of(rid: str, driver: str, options: Mapping[str, object], container: str = "") -> Resource:
    """A resource of the service ``svc``."""
    phase = Phase.CONTAINER if rid.startswith("container") else Phase.DISK
    return Resource(ResourceId("svc", rid), driver, options=dict(options), phase=phase, container=container)


def context_on(host: Host, root: Path, *resources: Resource, action: str = "start", is_dry: bool = False) -> Context:
    """A context of an HP-UX node whose root folder is ``root``; time passes only while somebody waits."""
    clock = HeldClock()
    return Context(
        node=Node("node1", "HP-UX", Folders(root)),
        host=host,
        services={"svc": Service("svc", Path("/nowhere"), resources, nodes=("node1", "node2"))},
        statuses={},
        action=action,
        cancel=Cancel(),
        deadline=Deadline.after(600, clock, "the step"),
        clock=clock,
        network=HeldNetwork(clock),
        drivers=NoDrivers(),
        recording=Recording() if is_dry else None,
    )
