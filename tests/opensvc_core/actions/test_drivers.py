"""What `osvc driver list` is made from: drivers, reservation backends, and the commands that they lack."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from opensvc_core.actions.drivers import declared_commands
from opensvc_core.actions.opening import open_agent

CLASS = 'raise SystemExit\n\n\nclass Acme:\n    commands = ("acmectl", "cat")\n'


@pytest.mark.parametrize(
    ("files", "entry_point"),
    [
        ({"acme_one.py": CLASS}, "acme_one:Acme"),
        ({"acme_two/__init__.py": "", "acme_two/driver.py": CLASS}, "acme_two.driver:Acme"),
        ({"acme_three/__init__.py": CLASS}, "acme_three:Acme"),
    ],
)
def test_commands_are_read_where_the_class_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], entry_point: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    assert declared_commands(entry_point) == ("acmectl", "cat")


def test_a_class_that_a_package_hands_on_is_read_where_it_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acme_four").mkdir()
    (tmp_path / "acme_four" / "__init__.py").write_text("from acme_four.driver import Acme\n")
    (tmp_path / "acme_four" / "driver.py").write_text(CLASS.removeprefix("raise SystemExit\n"))
    monkeypatch.syspath_prepend(tmp_path)
    assert declared_commands("acme_four:Acme") == ("acmectl", "cat")
    sys.modules.pop("acme_four", None)
    sys.modules.pop("acme_four.driver", None)


def test_what_cannot_be_read_names_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "acme_five.py").write_text("from acme_five import Acme\n")
    monkeypatch.syspath_prepend(tmp_path)
    for entry_point in ("acme_five:Acme", "acme_none:Acme", "acme_five:Other"):
        assert declared_commands(entry_point) == ()


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
