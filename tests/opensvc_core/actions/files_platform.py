"""A platform of plain files: a resource is up while its file is there. Real commands, real processes, no mock."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from opensvc_core.actions.agent import Agent
from opensvc_core.actions.opening import open_agent
from opensvc_core.api import (
    Context,
    Device,
    Keyword,
    Outcome,
    Resource,
    ResourceId,
    Status,
    StatusReport,
    Veto,
    hookimpl,
)
from opensvc_core.builtin.scsireserv import ScsiReservation
from opensvc_core.dispatcher import Dispatcher
from opensvc_core.registry import Listing, Registry


def platform(context: Context) -> Path:
    """The folder that is the platform."""
    return context.node.folders.tmp / "platform"


class FileDriver:
    """Up while ``<rid>`` exists; ``<rid>.start``, ``<rid>.stop`` and ``<rid>.status`` hold other commands as JSON."""

    keywords: ClassVar[tuple[Keyword, ...]] = (
        Keyword("start_timeout", "Seconds.", default=None),
        Keyword("stop_timeout", "Seconds.", default=None),
    )
    commands: ClassVar[tuple[str, ...]] = ("touch", "rm", "ls")

    @hookimpl
    def start(self, resource: Resource, context: Context) -> Outcome:
        """Touch the file."""
        if self._is_up(resource, context):
            return Outcome.unchanged()
        context.run(*self._command(resource, context, "start", ("touch", self._file(resource, context))))
        context.wait_until(lambda: self._is_up(resource, context), f"{resource.id} to come up", 5.0)
        return Outcome.changed("touched")

    @hookimpl
    def stop(self, resource: Resource, context: Context) -> Outcome:
        """Remove the file."""
        if not self._is_up(resource, context):
            return Outcome.unchanged()
        context.run(*self._command(resource, context, "stop", ("rm", self._file(resource, context))))
        context.wait_until(lambda: not self._is_up(resource, context), f"{resource.id} to go down", 5.0)
        return Outcome.changed("removed")

    @hookimpl
    def status(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, StatusReport]]:
        """One ``ls`` for all."""
        there = context.query("ls", str(platform(context))).stdout.split()
        for resource in resources:
            name = self._name(resource)
            if f"{name}.status" in there:
                context.query(*self._command(resource, context, "status", ()), timeout=60.0)
            yield resource.id, StatusReport(Status.UP if name in there else Status.DOWN)

    @hookimpl
    def preflight(self, resource: Resource, action: str, context: Context) -> Veto | None:
        """Veto by file."""
        path = platform(context) / f"{self._name(resource)}.veto-{action}"
        return Veto(path.read_text().strip(), "there is a file that says no") if path.exists() else None

    @hookimpl
    def list_devices(self, resource: Resource, context: Context) -> list[Device]:
        """Its file."""
        return [Device(self._file(resource, context), "file")]

    @staticmethod
    def _name(resource: Resource) -> str:
        return f"{resource.id.service}.{resource.rid}"

    def _file(self, resource: Resource, context: Context) -> str:
        return str(platform(context) / self._name(resource))

    def _is_up(self, resource: Resource, context: Context) -> bool:
        return self._name(resource) in context.query("ls", str(platform(context))).stdout.split()

    def _command(self, resource: Resource, context: Context, action: str, default: tuple[str, ...]) -> tuple[str, ...]:
        path = platform(context) / f"{self._name(resource)}.{action}"
        return tuple(json.loads(path.read_text())) if path.exists() else default


class FilesRegistry(Registry):
    """A registry with the file driver under every id that the tests name."""

    IDS: ClassVar[tuple[str, ...]] = ("disk.file", "fs.file", "container.file", "app.file")
    REPLICATIONS = ("sync.rsync", "sync.service_files", "sync.system_files")

    def listings(self) -> list[Listing]:
        """The ids above."""
        return [
            Listing(name, "files-platform", "1", "tests.opensvc_core.actions.files_platform:FileDriver")
            for name in self.IDS
        ]

    def has(self, name: str) -> bool:
        """Whether it is one of them."""
        return name in {*self.IDS, "disk.scsireserv", *self.REPLICATIONS}

    def load(self, name: str) -> type[Any]:
        """A class of its own for each id, as pluggy wants distinct plugins."""
        if name == "disk.scsireserv":
            return ScsiReservation
        if name in self.REPLICATIONS:
            return Registry().load(name)
        return type(name.replace(".", "_"), (FileDriver,), {})


STACK = """[default]
nodes = n1
[disk#1]
type = file
[fs#1]
type = file
[container#0]
type = file
[app#0]
type = file
"""


def open_files_agent(root: Path, node: str = "n1", **options: Any) -> Agent:
    """An agent of a node below a root whose platform is files."""
    for folder in ("etc", "tmp/platform"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    options.setdefault("settings", {"limits": {"late_start": "300ms"}})
    agent = open_agent(root, node, path="/usr/bin:/bin", user="ann", argv=("osvc", "test"), **options)
    agent.dispatcher = Dispatcher(FilesRegistry())
    return agent


def write_service(root: Path, name: str = "svc", text: str = STACK) -> None:
    """Write a service file."""
    (root / "etc").mkdir(parents=True, exist_ok=True)
    (root / "etc" / f"{name}.env").write_text(text)


def up(root: Path) -> set[str]:
    """What is up on the platform: ``svc.disk#1`` for one."""
    knobs = (".start", ".stop", ".status", ".veto-start", ".veto-stop")
    return {path.name for path in (root / "tmp/platform").iterdir() if not path.name.endswith(knobs)}


def knob(root: Path, name: str, *argv: str) -> None:
    """Have ``svc.disk#1.start`` run another command."""
    (root / "tmp/platform").mkdir(parents=True, exist_ok=True)
    (root / "tmp/platform" / name).write_text(json.dumps(argv))
