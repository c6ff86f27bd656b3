"""`fs.solaris` on simulated `mount` and `umount`: file systems of zones and of the node."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import define
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.api import Device, Status
from opensvc_core.errors import ActionError
from opensvc_core.model import Service
from opensvc_core.run import RunOutcome
from opensvc_drivers_solaris.mount import SolarisMount
from opensvc_drivers_solaris.parse_mounts import parse_mounts
from tests.opensvc_drivers_solaris.mount_scripts import ROOT, write_mounts
from tests.opensvc_drivers_solaris.world import Site, failures, said

pytestmark = pytest.mark.simulated

HOSTED = """\
[default]
nodes = n1
[fs#1]
dev = /dev/dsk/c0t1d0s0
mnt = /srv/data/
type = ufs
mnt_opt = noatime, nodevices
stop_timeout = 2s
"""
ZONE = """\
[default]
mode = zone
service_type = PRD
nodes = n1
[fs#0]
dev = rpool/z1
mnt = /zones/z1
type = zfs
globalfs = true
tags = preboot
[fs#1]
dev = /dev/dsk/c0t1d0s0
mnt = /data
"""
TABLE = f"{ROOT}/dev/dsk/c0t1d0s0 - /srv/data ufs - no rw\nn2:/export - /mnt nfs - no rw\n"


@define
class Mounting:
    """A node with simulated mounts."""

    site: Site
    table: Path

    @property
    def mounted(self) -> list[str]:
        """What is mounted where, but for the root."""
        return [" ".join(line.split()[0:3:2]) for line in self.table.read_text().splitlines()[1:]]

    @property
    def calls(self) -> list[str]:
        """Changes so far."""
        log = Path(f"{self.table}.log")
        return log.read_text().splitlines() if log.exists() else []

    def busy(self, times: int) -> None:
        """The next tries to unmount are refused."""
        Path(f"{self.table}.busy").write_text("busy\n" * times)


@pytest.fixture
def mounting(site: Site) -> Mounting:
    table = site.folder / "mnttab"
    write_mounts(site.bin("n1"), table)
    return Mounting(site, table)


def zone(site: Site) -> Service:
    """A service with a zone, on a file system, with another one in it."""
    site.solaris.define_zone("z1", ["n1"], boot_time=0, shutdown_time=0)
    return site.write("z1", ZONE)


def test_a_file_system_is_mounted_and_unmounted(mounting: Mounting) -> None:
    service = mounting.site.write("data", HOSTED)
    assert service.resource("fs#1").driver == "fs.solaris"
    assert mounting.site.words(service)["fs#1"] == "down"
    for _ in range(2):
        run = mounting.site.run("start", service)
        assert run.outcomes == {"data": RunOutcome.DONE}, failures(run)
    assert mounting.site.words(service)["fs#1"] == "up"
    assert mounting.mounted == ["/dev/dsk/c0t1d0s0 /srv/data"]
    for _ in range(2):
        assert mounting.site.run("stop", service).outcomes == {"data": RunOutcome.DONE}
    assert mounting.site.words(service)["fs#1"] == "down"
    assert mounting.calls == ["mount ufs noatime,nodevices /dev/dsk/c0t1d0s0 /srv/data", "umount /srv/data"]


def test_in_a_zone_it_lies_below_its_root_and_comes_after_its_boot(mounting: Mounting) -> None:
    service = zone(mounting.site)
    run = mounting.site.run("start", service)
    assert run.outcomes == {"z1": RunOutcome.DONE}, failures(run)
    assert mounting.mounted == ["rpool/z1 /zones/z1", "/dev/dsk/c0t1d0s0 /zones/z1/root/data"]
    done = [result.step.resource.rid for result in run.results]
    assert done == ["fs#0", "container#0ready", "container#0", "fs#1", "app#0"]
    assert mounting.site.words(service)["fs#1"] == "up"
    run = mounting.site.run("stop", service)
    assert run.outcomes == {"z1": RunOutcome.DONE}, failures(run)
    assert mounting.mounted == []
    assert [line for line in mounting.calls if "umount" in line] == ["umount /zones/z1/root/data", "umount /zones/z1"]


def test_in_a_zone_that_is_not_known_nothing_is_mounted(mounting: Mounting) -> None:
    service = mounting.site.write("z1", ZONE)
    report = mounting.site.reports(service)["fs#1"]
    assert (report.status, said(report)) == (Status.DOWN, "its zone is not configured here")
    resource, context = service.resource("fs#1"), mounting.site.context(service)
    assert not SolarisMount().stop(resource, context).is_changed
    with pytest.raises(ActionError, match="no zone z1 is configured"):
        SolarisMount().start(resource, context)


def test_a_busy_one_is_tried_again_and_then_told(mounting: Mounting) -> None:
    service = mounting.site.write("data", HOSTED)
    mounting.site.run("start", service)
    mounting.busy(1000)
    run = mounting.site.run("stop", service)
    assert run.outcomes == {"data": RunOutcome.UNKNOWN}
    assert "is still mounted: umount: /srv/data busy" in failures(run)
    mounting.busy(1)
    assert mounting.site.run("stop", service).outcomes == {"data": RunOutcome.DONE}


def test_what_is_mounted_there_or_elsewhere_is_not_covered(mounting: Mounting) -> None:
    service = mounting.site.write("data", HOSTED)
    resource, context = service.resource("fs#1"), mounting.site.context(service)
    mounting.table.write_text(f"{ROOT}other - /srv/data zfs - no rw\n")
    assert mounting.site.words(service)["fs#1"] == "warn"
    with pytest.raises(ActionError, match=r"other \(zfs\) is mounted on /srv/data"):
        SolarisMount().start(resource, context)
    assert not SolarisMount().stop(resource, context).is_changed
    mounting.table.write_text(f"{ROOT}/dev/dsk/c0t1d0s0 - /elsewhere ufs - no rw\n")
    with pytest.raises(ActionError, match="is mounted on /elsewhere"):
        SolarisMount().start(resource, context)
    mounting.table.write_text(f"{TABLE}x - /srv/data/x zfs - no rw\n")
    with pytest.raises(ActionError, match="/srv/data/x is mounted on it"):
        SolarisMount().stop(resource, context)
    assert mounting.calls == []


def test_one_that_cannot_be_mounted_says_why(mounting: Mounting) -> None:
    service = mounting.site.write("data", HOSTED.replace("c0t1d0s0", "absent"))
    run = mounting.site.run("start", service)
    assert "is not mounted on /srv/data: mount: /dev/dsk/absent: No such device" in failures(run)


@pytest.mark.parametrize("text", ["", "garbage\n", f"{ROOT}garbage\n", f"{ROOT}x - /srv/da", ROOT.rstrip()])
def test_what_is_not_understood_is_undef(mounting: Mounting, text: str) -> None:
    service = mounting.site.write("data", HOSTED)
    mounting.table.write_text(text)
    assert mounting.site.words(service)["fs#1"] == "undef"
    with pytest.raises(ActionError, match="not understood"):
        SolarisMount().stop(service.resource("fs#1"), mounting.site.context(service))


def test_its_disk_is_the_raw_one(mounting: Mounting) -> None:
    service = mounting.site.write("data", HOSTED)
    found = SolarisMount().list_devices(service.resource("fs#1"), mounting.site.context(service))
    assert found == (Device("/dev/rdsk/c0t1d0s0"),)


@given(st.integers(0, len(TABLE) - 1))
def test_a_table_that_was_cut_within_a_line_is_told_as_such(length: int) -> None:
    text = TABLE[:length]
    assert parse_mounts(text).trouble or text.endswith("\n")
    assert set(parse_mounts(text).mounted) <= set(parse_mounts(TABLE).mounted)
