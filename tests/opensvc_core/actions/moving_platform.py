"""The platform of plain files with a shared disk and a guest that moves: both nodes' files lie below one folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from attrs import Factory, define, evolve

from opensvc_core.actions.agent import Agent
from opensvc_core.api import (
    ActionError,
    Context,
    Note,
    Outcome,
    Resource,
    ResourceId,
    Severity,
    Status,
    StatusReport,
    hookimpl,
)
from opensvc_core.dispatcher import Dispatcher
from opensvc_core.prkey import machine_id
from opensvc_core.registry import Listing, Registry
from tests.opensvc_core.actions.files_platform import FileDriver, FilesRegistry, platform
from tests.opensvc_core.cluster.loopback import Cluster
from tests.opensvc_core.spc_model import ModelBackends, Target

KEYS = {"n1": 0x1111, "n2": 0x2222}


def files_of(node: str, context: Context) -> Path:
    """The platform of another node."""
    return context.node.folders.root.parent / node / "tmp/platform"


class SharedDisk(FileDriver):
    """A disk with tags, as a volume group has them: a file of both nodes holds the names of those that may use it."""

    def tags_of(self, resource: Resource, context: Context) -> Path:
        """Where they are."""
        return context.node.folders.root.parent / f"{self._name(resource)}.tags"

    def _change(self, resource: Resource, context: Context, tags: set[str]) -> None:
        if not self._is_up(resource, context):
            raise ActionError(f"{resource.id}: only who uses it writes to it")
        text = " ".join(sorted(tags))
        context.run("sh", "-c", 'echo "$1" >"$2"', "sh", text, str(self.tags_of(resource, context)))

    def _tags(self, resource: Resource, context: Context) -> set[str]:
        path = self.tags_of(resource, context)
        return set(path.read_text().split()) if path.exists() else {context.node.name}

    @hookimpl
    def admit(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """Add the peer's tag."""
        self._change(resource, context, {context.node.name, peer})
        return Outcome.changed()

    @hookimpl
    def join(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """Use it, if it is tagged for both."""
        if self._tags(resource, context) != {context.node.name, peer}:
            raise ActionError(f"{resource.id}: not admitted")
        context.run(*self._command(resource, context, "join", ("touch", self._file(resource, context))))
        return Outcome.changed()

    @hookimpl
    def leave(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """Use it no more."""
        context.run(*self._command(resource, context, "leave", ("rm", "-f", self._file(resource, context))))
        return Outcome.changed()

    @hookimpl
    def settle(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """Drop the peer's tag."""
        if (files_of(peer, context) / self._name(resource)).exists():
            raise ActionError(f"{resource.id}: {peer} still uses it, and this node writes")
        self._change(resource, context, {context.node.name})
        return Outcome.changed()


class MovingGuest(FileDriver):
    """A guest that a rename takes to the other node: it is on one of both at any instant."""

    @hookimpl
    def status(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, StatusReport]]:
        """As its file says; paused as often as another file, `….paused`, has a line: each time one is taken."""
        for resource in resources:
            paused = platform(context) / f"{self._name(resource)}.paused"
            left = paused.read_text().splitlines() if paused.exists() else []
            if left:
                paused.write_text("".join(f"{line}\n" for line in left[1:]))
                yield resource.id, StatusReport(Status.WARN, (Note("paused (migrating)", "paused", Severity.WARNING),))
            else:
                yield resource.id, StatusReport(Status.UP if self._is_up(resource, context) else Status.DOWN)

    @hookimpl
    def join(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """It must not be here, and its disk must."""
        if self._is_up(resource, context) or not (platform(context) / f"{resource.id.service}.disk#1").exists():
            raise ActionError(f"{resource.id}: cannot come here")
        return Outcome.changed()

    @hookimpl
    def migrate(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """Rename."""
        there = str(files_of(peer, context) / self._name(resource))
        context.run(*self._command(resource, context, "migrate", ("mv", self._file(resource, context), there)))
        if self._is_up(resource, context):
            raise ActionError(f"{resource.id}: still here")
        return Outcome.changed()

    @hookimpl
    def leave(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """It must not be here."""
        if self._is_up(resource, context):
            raise ActionError(f"{resource.id}: is here")
        return Outcome.unchanged()

    @hookimpl
    def settle(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """It must be here."""
        if not self._is_up(resource, context):
            raise ActionError(f"{resource.id}: is not here")
        return Outcome.changed()

    @hookimpl
    def stay(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """It must be here."""
        return self.settle(resource=resource, peer=peer, context=context)


class MovingRegistry(FilesRegistry):
    """With them under ids of their own."""

    IDS: ClassVar[tuple[str, ...]] = (*FilesRegistry.IDS, "disk.shared", "container.moving")

    def listings(self) -> list[Listing]:
        """The ids above."""
        return super().listings()

    def load(self, name: str) -> type[Any]:
        """A class of its own for each id."""
        base = {"disk.shared": SharedDisk, "container.moving": MovingGuest}.get(name)
        return type(name.replace(".", "_"), (base,), {}) if base else super().load(name)


@define
class MovingCluster(Cluster):
    """Nodes whose agents have the drivers above, and reservations on disks that they share.

    Attributes:
        target: the one disk.
    """

    target: Target = Factory(Target)

    def open(self, node: str) -> Agent:
        """The agent of a node, anew."""
        machine = machine_id()
        agent = super().open(node)
        registry: Registry = MovingRegistry()
        agent.dispatcher = Dispatcher(registry)
        agent.reservations = ModelBackends(node, {"svc.disk#1": self.target})
        var = agent.node.folders.var
        var.mkdir(parents=True, exist_ok=True)
        key = {"key": hex(KEYS[node]), "node": node, "machine_id": machine}
        (var / "prkey").write_text(json.dumps(key))
        prkeys = {other: hex(key) for other, key in KEYS.items() if other != node}
        agent.node = evolve(agent.node, boot_id="boot-1", settings={**agent.node.settings, "prkeys": prkeys})
        return agent

    @property
    def holder(self) -> str:
        """The node that holds the disk, empty for none."""
        return self.target.holder[0] if self.target.holder else ""

    @property
    def writers(self) -> set[str]:
        """Nodes that may write to it."""
        return {node for node, _ in self.target.registered}
