"""``diskupdate``: lists of disks, identified where a backend can, kept for those who cannot ask."""

from __future__ import annotations

import json
from pathlib import Path

from opensvc_core.actions.diskupdate import disk_file, update_disks
from tests.opensvc_core.actions.files_platform import open_files_agent, write_service
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
