"""``diskupdate``: lists of disks, identified where a backend can, kept for those who cannot ask."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from opensvc_core.actions.diskupdate import disk_file, update_disks
from opensvc_core.api import ActionError, Context, Outcome, Resource, hookimpl, write_text
from opensvc_core.cli.disks import update_and_tell
from opensvc_core.cli.options import Format
from opensvc_core.dispatcher import Dispatcher
from tests.opensvc_core.actions.files_platform import FileDriver, FilesRegistry, open_files_agent, write_service
from tests.opensvc_core.spc_model import ModelBackends, Target


def test_disks_are_listed_with_their_identities_and_kept(tmp_path: Path) -> None:
    write_service(tmp_path, text="[default]\nnodes = n1\n[disk#1]\ntype = file\n[disk#2]\ntype = file\n")
    agent = open_files_agent(tmp_path)
    agent.reservations = ModelBackends("n1", {"svc.disk#1": Target()})
    lists = update_disks(agent, [agent.load("svc")])
    assert [(each.rid, [device.identity for device in each.devices]) for each in lists] == [
        ("disk#1", ["svc.disk#1"]),
        ("disk#2", [""]),
    ]
    stored = json.loads(disk_file(agent, "svc").read_text())
    assert stored["node"] == "n1"
    assert stored["disks"]["disk#1"][0]["path"].endswith("svc.disk#1")


def test_a_resource_that_cannot_tell_keeps_what_was_known(tmp_path: Path) -> None:
    write_service(tmp_path, text="[default]\nnodes = n1\n[disk#1]\ntype = file\n")
    agent = open_files_agent(tmp_path)
    update_disks(agent, [agent.load("svc")])
    known = json.loads(disk_file(agent, "svc").read_text())["disks"]
    write_service(tmp_path, text="[default]\nnodes = n1\n[disk#1]\ntype = gone\n")
    (told,) = update_disks(agent, [agent.load("svc")])
    assert told.problem
    assert json.loads(disk_file(agent, "svc").read_text())["disks"] == known


class Writing(FileDriver):
    """Writes a file for peers, unless there is a file that says that it cannot tell."""

    @hookimpl
    def update_disks(self, resource: Resource, context: Context) -> Outcome:
        if (context.node.folders.var / "untold").exists():
            raise ActionError("cannot tell")
        write_text(context.node.folders.var / "map", "new\n")
        return Outcome.changed("map written")


class WritingRegistry(FilesRegistry):
    """Every driver writes for peers."""

    def load(self, name: str) -> type[Any]:
        return type(name.replace(".", "_"), (Writing,), {})


def test_a_driver_writes_what_peers_need_and_what_it_cannot_tell_is_told(tmp_path: Path) -> None:
    write_service(tmp_path, text="[default]\nnodes = n1\n[disk#1]\ntype = file\n")
    agent = open_files_agent(tmp_path)
    (told,) = update_disks(agent, [agent.load("svc")])
    assert (told.written, told.unwritten) == ("", ""), "this driver has no such hook"
    agent.dispatcher = Dispatcher(WritingRegistry())
    (told,) = update_disks(agent, [agent.load("svc")])
    assert (told.written, told.unwritten) == ("map written", "")
    assert (tmp_path / "var/map").read_text() == "new\n"
    (tmp_path / "var/untold").touch()
    (told,) = update_disks(agent, [agent.load("svc")])
    assert (told.written, told.unwritten) == ("", "cannot tell")
    assert told.devices, "the disks were told all the same"


def test_what_could_not_be_written_for_peers_is_an_exit_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_service(tmp_path, text="[default]\nnodes = n1\n[disk#1]\ntype = file\n")
    agent = open_files_agent(tmp_path)
    agent.dispatcher = Dispatcher(WritingRegistry())
    assert update_and_tell(["svc"], Format.PLAIN, agent) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "svc\tdisk#1\tmap written"
    (tmp_path / "var/untold").touch()
    assert update_and_tell(["svc"], Format.PLAIN, agent) == 6
    assert capsys.readouterr().out.splitlines()[-1] == "svc\tdisk#1\tnot written for peers: cannot tell"
