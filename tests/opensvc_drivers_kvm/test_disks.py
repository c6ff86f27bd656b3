"""Which disks are held: the file's, the running guest's, and volumes of pools."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_core.api import ActionError, Device
from opensvc_drivers_kvm import KvmContainer
from tests.opensvc_drivers_kvm.stand_ins import AnsweringHost, context_on, kvm_resource

DISK = "<disk type='block' device='disk'><source dev='{path}'/><target dev='vda'/>{more}</disk>"


def definition(*disks: str, live: bool = False) -> str:
    mark = " id='3'" if live else ""
    return f"<domain{mark}>\n<name>vm1</name><devices>{''.join(disks)}</devices></domain>\n"


def block(path: str, more: str = "") -> str:
    return DISK.format(path=path, more=more)


def paths(host: AnsweringHost, config: Path | None = None) -> list[Device]:
    resource = kvm_resource(config=str(config or "/nowhere/vm1.xml"))
    return list(KvmContainer().list_devices(resource, context_on(host, resource)))


def test_a_disk_plugged_into_a_running_guest_is_held_too(tmp_path: Path) -> None:
    file = tmp_path / "vm1.xml"
    file.write_text(definition(block("/dev/a")))
    host = AnsweringHost()
    host.on("dumpxml", stdout=definition(block("/dev/a"), block("/dev/plugged"), live=True))
    assert [device.path for device in paths(host, file)] == ["/dev/a", "/dev/plugged"]


def test_a_disk_that_the_file_no_longer_names_is_not_held_by_a_guest_that_is_down(tmp_path: Path) -> None:
    file = tmp_path / "vm1.xml"
    file.write_text(definition(block("/dev/a")))
    host = AnsweringHost()
    host.on("dumpxml", stdout=definition(block("/dev/a"), block("/dev/old")))
    assert [device.path for device in paths(host, file)] == ["/dev/a"]


def test_writable_for_one_of_two_is_writable(tmp_path: Path) -> None:
    file = tmp_path / "vm1.xml"
    file.write_text(definition(block("/dev/a", "<readonly/>")))
    host = AnsweringHost()
    host.on("dumpxml", stdout=definition(block("/dev/a"), live=True))
    assert [device.is_writable for device in paths(host, file)] == [True]


def test_a_volume_is_looked_up_in_its_pool() -> None:
    volume = "<disk type='volume'><source pool='p' volume='v'/><target dev='vda'/></disk>"
    host = AnsweringHost()
    host.on("dumpxml", stdout=definition(volume))
    host.on("vol-path --pool p v", stdout="/dev/vg/v\n\n")
    assert paths(host) == [Device("/dev/vg/v", "block", target="vda")]


def test_a_volume_that_is_not_found_is_an_error() -> None:
    host = AnsweringHost()
    host.on("dumpxml", stdout=definition("<disk type='volume'><source pool='p' volume='v'/></disk>"))
    host.on("vol-path", stderr="error: failed to get pool 'p'\n", rc=1)
    with pytest.raises(ActionError, match="volume v of pool p"):
        paths(host)
