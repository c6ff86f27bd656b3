"""The inventory of services: asked at once, told as a whole, and never spoilt by one driver."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from opensvc_core.actions.agent import Agent
from opensvc_core.actions.diskupdate import disk_file
from opensvc_core.api import (
    ActionError,
    Context,
    Device,
    InventoryItem,
    Resource,
    collect_inventory,
    hookimpl,
)
from opensvc_core.cli.disks import update_and_tell
from opensvc_core.cli.options import Format
from opensvc_core.dispatcher import Dispatcher
from opensvc_core.inventory.keep import inventory_file
from tests.opensvc_core.actions.files_platform import FileDriver, FilesRegistry, open_files_agent, write_service

SERVICE = """[default]
nodes = n1
[container#0]
type = guest
[disk#1]
type = group
[fs#1]
type = plain
[vmdg]
type = vmdg
"""


class Guest(FileDriver):
    """A guest with two disks: a volume of a group, and an image."""

    @hookimpl
    def inventory(self, resources: Sequence[Resource]) -> Iterator[InventoryItem]:
        for resource in resources:
            yield InventoryItem(resource.id, "vcpus", 2)
            yield InventoryItem(resource.id, "memory", 1 << 30)
            yield InventoryItem(resource.id, "capacities", {"/img/a": 5 << 30})
            disks = (Device("/dev/my-vg/lv", target="vda"), Device("/img/a", "file", target="vdb", is_writable=False))
            yield InventoryItem(resource.id, "disks", disks)


class Group(FileDriver):
    """A group of disks, whose tool fails where a file says so."""

    @hookimpl
    def inventory(self, resources: Sequence[Resource], context: Context) -> Iterator[InventoryItem]:
        for resource in resources:
            yield InventoryItem(resource.id, "group", "my-vg")
            if (context.node.folders.root / "broken").exists():
                raise ActionError("the tool is gone", code="gone")
            yield InventoryItem(resource.id, "disks", (Device("/dev/sdz", identity="naa.1"),))
            yield InventoryItem(resource.id, "addresses", ("10.0.0.1",))


class Plain(FileDriver):
    """A driver of a third party: it lists its disks, and tells nothing else."""

    @hookimpl
    def list_devices(self, resource: Resource, context: Context) -> list[Device]:
        return [Device("/dev/sdy")]


class Vmdg(FileDriver):
    """Lists the disks of the guest, as they were told already."""

    @hookimpl
    def list_devices(self, resource: Resource, context: Context) -> list[Device]:
        return list(context.devices_of(context.service_of(resource).resource("container#0")))


class Wrong(FileDriver):
    """Tells what no name stands for."""

    @hookimpl
    def inventory(self, resources: Sequence[Resource]) -> Iterator[InventoryItem]:
        yield InventoryItem(resources[0].id, "vcpus", 0)


CLASSES: dict[str, type] = {
    "container.guest": Guest, "disk.group": Group, "fs.plain": Plain, "disk.vmdg": Vmdg, "fs.wrong": Wrong,
}  # fmt: skip


class GivenRegistry(FilesRegistry):
    """The drivers above."""

    IDS: ClassVar[tuple[str, ...]] = (*FilesRegistry.IDS, *CLASSES)

    def load(self, name: str) -> type[Any]:
        return type(name.replace(".", "_"), (CLASSES.get(name, FileDriver),), {})


def agent_of(folder: Path, text: str = SERVICE) -> Agent:
    """An agent with one service."""
    write_service(folder, text=text)
    agent = open_files_agent(folder)
    agent.dispatcher = Dispatcher(GivenRegistry())
    return agent


def test_a_service_is_told_as_a_whole(tmp_path: Path) -> None:
    agent = agent_of(tmp_path)
    inventory = collect_inventory(agent, [agent.load("svc")])
    (service,) = inventory.services
    assert (service.service, service.vcpus, service.memory) == ("svc", 2, 1 << 30)
    assert service.addresses == ("10.0.0.1",)
    disks = {disk.path: disk for disk in service.disks}
    # The volume lies on the group, which is so used by the guest.
    assert (disks["/dev/sdz"].disk_id, disks["/dev/sdz"].group, disks["/dev/sdz"].guest) == ("naa.1", "my-vg", "svc")
    assert (disks["/dev/my-vg/lv"].target, disks["/dev/my-vg/lv"].guest) == ("vda", "svc")
    assert (disks["/img/a"].size, disks["/img/a"].kind, disks["/img/a"].is_writable) == (5 << 30, "file", False)
    assert (disks["/dev/sdy"].disk_id, disks["/dev/sdy"].size, disks["/dev/sdy"].guest) == (None, None, "")
    assert len(service.disks) == 4
    assert not inventory.notes


def test_a_tool_that_fails_leaves_the_rest_and_a_note(tmp_path: Path) -> None:
    agent = agent_of(tmp_path)
    (tmp_path / "broken").touch()
    inventory = collect_inventory(agent, [agent.load("svc")])
    assert "/dev/sdz" not in {disk.path for disk in inventory.services[0].disks}
    assert inventory.services[0].vcpus == 2
    assert [(note.code, note.text) for note in inventory.notes] == [("gone", "disk.group: the tool is gone")]


def test_a_driver_that_tells_nonsense_is_named(tmp_path: Path) -> None:
    agent = agent_of(tmp_path, "[default]\nnodes = n1\n[fs#1]\ntype = wrong\n[fs#2]\ntype = nosuch\n")
    inventory = collect_inventory(agent, [agent.load("svc")])
    assert inventory.services[0].vcpus is None
    (note,) = inventory.notes
    assert "fs.wrong: driver fs.wrong: `inventory` of svc/fs#1: vcpus is 0" in note.text


def test_a_service_whose_guest_does_not_tell_has_no_sum(tmp_path: Path) -> None:
    agent = agent_of(tmp_path, "[default]\nnodes = n1\n[container#0]\ntype = guest\n[container#1]\ntype = file\n")
    (service,) = collect_inventory(agent, [agent.load("svc")]).services
    assert (service.vcpus, service.memory) == (None, None)


def test_diskupdate_keeps_the_inventory(tmp_path: Path) -> None:
    agent = agent_of(tmp_path)
    assert update_and_tell(["svc"], Format.PLAIN, agent) == 0
    kept = json.loads(inventory_file(agent.node.folders, "svc").read_text())
    assert kept["vcpus"] == 2
    assert [disk["disk_id"] for disk in kept["disks"] if disk["path"] == "/dev/sdz"] == ["naa.1"]


class Counting(Dispatcher):
    """Counts who is asked for disks."""

    asked: ClassVar[Counter[str]] = Counter()

    def inventory(self, name: str, resources: Sequence[Resource], context: Context) -> Iterator[InventoryItem]:
        if self.has_hook("inventory", name):
            self.asked.update(each.rid for each in resources)
        return super().inventory(name, resources, context)

    def list_devices(self, resource: Resource, context: Context) -> tuple[Device, ...]:
        self.asked[resource.rid] += 1
        return super().list_devices(resource, context)


def test_diskupdate_asks_for_the_disks_of_each_resource_once(tmp_path: Path) -> None:
    agent = agent_of(tmp_path)
    agent.dispatcher, asked = Counting(GivenRegistry()), Counting.asked
    asked.clear()
    assert update_and_tell(["svc"], Format.PLAIN, agent) == 0
    assert set(asked) == {"container#0", "disk#1", "fs#1", "vmdg"}
    assert set(asked.values()) == {1}, asked
    stored = json.loads(disk_file(agent, "svc").read_text())["disks"]
    assert [each["path"] for each in stored["container#0"]] == ["/dev/my-vg/lv", "/img/a"]


def test_diskupdate_asks_again_for_what_was_not_told_to_say_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agent = agent_of(tmp_path)
    (tmp_path / "broken").touch()
    update_and_tell(["svc"], Format.PLAIN, agent)
    assert "disk#1" in capsys.readouterr().out
