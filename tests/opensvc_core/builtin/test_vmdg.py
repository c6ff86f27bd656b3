"""The disk group of a guest: its devices are the guest's, its state is none, its reservation is never ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opensvc_core.builtin.vmdg import VmDiskGroup
from opensvc_core.errors import ActionError
from opensvc_core.model import Device, Status
from tests.opensvc_core.world import World

if TYPE_CHECKING:
    from pathlib import Path

DRIVER = VmDiskGroup()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, devices=(Device("/dev/vg/vm188", target="vda"),))


def test_its_devices_are_those_of_the_guest(world: World) -> None:
    assert DRIVER.list_devices(world.add("vmdg", "disk.vmdg"), world.context()) == world.devices


def test_without_a_guest_it_has_no_devices_and_says_so(world: World) -> None:
    with pytest.raises(ActionError, match="lives in no guest"):
        DRIVER.list_devices(world.add("vmdg", "disk.vmdg", container=""), world.context())


def test_it_has_no_state_and_changes_nothing(world: World) -> None:
    resource = world.add("vmdg", "disk.vmdg")
    assert [(rid, report.status) for rid, report in DRIVER.status([resource])] == [(resource.id, Status.NA)]
    assert not DRIVER.start().is_changed
    assert not DRIVER.stop().is_changed
