"""What `osvc driver list` is made from: every driver and reservation backend, and the commands that they lack."""

from __future__ import annotations

from pathlib import Path

from opensvc_core.actions.agent import open_agent


def test_drivers_and_reservation_backends_are_listed_with_the_commands_that_they_lack(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    there = tmp_path / "bin" / "vgs"
    there.write_text("#!/bin/sh\n")
    there.chmod(0o755)
    agent = open_agent(tmp_path, "n1", path=str(tmp_path / "bin"))
    listed = {each.id: each for each in agent.drivers()}
    # Of a package that hands its class on, and of one that is named by its module.
    assert listed["container.kvm"].missing_commands == ("virsh",)
    assert listed["disk.lvm"].missing_commands == ("lvs", "vgchange", "lvmconfig")
    assert listed["reservation.sg_persist"].missing_commands == ("sg_persist",)
    assert listed["reservation.mpathpersist"].distribution == "opensvc-scsi-sg"
    assert listed["app.launchers"].missing_commands == ()
    assert {each.id: each.problem for each in agent.check_drivers()} == dict.fromkeys(listed, "")
