"""The vocabulary of 2010: section, mode and system name a driver; `type` always wins."""

from __future__ import annotations

import pytest

from opensvc_core.model import Phase
from tests.opensvc_core.config.files import load, make_node, said


@pytest.mark.parametrize(
    ("section", "os_name", "driver"),
    [
        ("[vg#1]\nvgname = a\n", "Linux", "disk.lvm"),
        ("[vg#1]\nvgname = a\n", "HP-UX", "disk.hpux_lvm"),
        ("[vg#1]\nvgname = a\nvgtype = veritas\n", "HP-UX", "disk.veritas"),
        ("[vg#1]\nvgname = a\nvgtype = veritas\n", "Linux", "disk.veritas"),
        ("[vg#1]\nvgname = a\ntype = hpux_lvm\n", "Linux", "disk.hpux_lvm"),
        ("[pool#1]\npoolname = a\n", "SunOS", "disk.zpool"),
        ("[disk#data]\ntype = lvm\nvgname = a\n", "Linux", "disk.lvm"),
        ("[loop#1]\nfile = /a\n", "Linux", "disk.loop"),
        ("[vdisk#1]\npath@node109 = /a\n", "Linux", "disk.vdisk"),
        ("[drbd#1]\nres = a\n", "Linux", "disk.drbd"),
        ("[fs#1]\ndev = a\nmnt = /a\n", "Linux", "fs.mount"),
        ("[fs#1]\ndev = a\nmnt = /a\ntype = ext3\n", "Linux", "fs.mount"),
        ("[fs#1]\ndev = a\ntype = zfs\n", "Linux", "fs.zfs"),
        ("[fs#1]\ntype = fs.gluster\n", "Linux", "fs.gluster"),
        ("[ip#1]\nipname = a\n", "Linux", "ip.host"),
        ("[ip#1]\nipname = a\ntype = Host\n", "Linux", "ip.host"),
        ("[sync#1]\nsrc = /a\n", "Linux", "sync.rsync"),
        ("[sync#1]\ntype = netapp\n", "Linux", "sync.netapp"),
        ("[app#1]\n", "Linux", "app.launchers"),
        ("[task#1]\ntype = cron\n", "Linux", "task.cron"),
        ("[moon#1]\ntype = container.bhyve\n", "Linux", "container.bhyve"),
    ],
)
def test_a_section_means_a_driver(section: str, os_name: str, driver: str) -> None:
    (resource,) = load(f"[default]\n{section}", make_node(os_name=os_name)).resources
    assert resource.driver == driver


@pytest.mark.parametrize(
    ("mode", "driver"), [("kvm", "ip.guest"), ("lxc", "ip.guest"), ("hpvm", "ip.guest"), ("zone", "ip.zone")]
)
def test_an_address_is_the_matter_of_the_guest_but_in_a_zone(mode: str, driver: str) -> None:
    service = load(f"[default]\nmode = {mode}\nservice_type = DEV\n[ip#1]\nipname = a\n")
    assert service.resource("ip#1").driver == driver


def test_the_type_of_a_file_system_is_kept_for_its_driver() -> None:
    service = load("[default]\n[fs#1]\ndev = a\nmnt = /a\ntype = ext3\n")
    assert service.resource("fs#1").options["type"] == "ext3"


def test_a_missing_driver_keeps_the_place_that_its_group_has() -> None:
    text = "[default]\n[disk#1]\ntype = own\n[ip#1]\ntype = own\n[sync#1]\n[fs#1]\ntype = fs.own\n[x#1]\ntype = y.z\n"
    phases = {resource.rid: resource.phase for resource in load(text).resources}
    assert phases == {
        "disk#1": Phase.DISK,
        "ip#1": Phase.ADDRESS,
        "sync#1": Phase.REPLICATION,
        "fs#1": Phase.FILESYSTEM,
        "x#1": Phase.APPLICATION,
    }


@pytest.mark.parametrize(
    ("driver", "hint"),
    [
        ("xen", "pip install opensvc-drivers-xen"),
        (
            "kmv",
            ("did you mean 'kvm'? Or install the distribution that gives container.kmv: none of OpenSVC's own does"),
        ),
        ("bhyve", "install the distribution that gives container.bhyve: none of OpenSVC's own does"),
    ],
)
def test_a_missing_driver_says_what_to_install(driver: str, hint: str) -> None:
    container = load(f"[default]\n[container#0]\ntype = {driver}\n").resource("container#0")
    assert (container.problem, container.hint) == (f"driver container.{driver} is not installed", hint)


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ("[vg#1]\nvgname=a", "svc1.env:2: [vg#1] type: must be given: vg# sections have no usual driver on Linus"),
        ("[disk#1]", "svc1.env:2: [disk#1] type: must be given (add a line such as `type = lvm`)"),
        ("[container#1]", "svc1.env:2: [container#1] type: must be given (add a line such as `type = kvm`)"),
        (
            "[container#1]\ntype = k v m",
            "svc1.env:3: [container#1] type: 'k v m' cannot be part of a driver id such as disk.lvm",
        ),
        ("[continer#0]\ntype = kvm", ("svc1.env:2: [continer#0]: unknown section type 'continer' "
         "(did you mean 'container'?)")),
        ("[zzz#0]\ntype = kvm", ("svc1.env:2: [zzz#0]: unknown section type 'zzz' "
         "(no installed distribution gives a driver zzz.kvm)")),
        ("[vmgd]", "svc1.env:2: [vmgd]: unknown section 'vmgd' (did you mean 'vmdg'?)"),
        ("[defualt]", "svc1.env:2: [defualt]: unknown section 'defualt' (did you mean 'default'?)"),
        ("[vmdg#1]", "svc1.env:2: [vmdg#1]: a service has one [vmdg], without a number (write [vmdg])"),
        ("[ip]", "svc1.env:2: [ip]: has no name after '#' (write [ip#0])"),
        ("[ip#]", ("svc1.env:2: [ip#]: a resource is [<type>#<name>], the name of letters, digits and . _ - "
         "(write [ip#1])")),
        ("[ip#a/b]", ("svc1.env:2: [ip#a/b]: a resource is [<type>#<name>], the name of letters, digits and . _ - "
         "(write [ip#1])")),
        ("[sync#i0]", ("svc1.env:2: [sync#i0]: sync#i0, sync#i1, ... are resources of the agent itself "
         "(take another name)")),
        ("[pool#1pr]\npoolname = a", ("svc1.env:2: [pool#1pr]: names that end with 'pr' are those of SCSI "
         "reservations (take another name)")),
        ("[env]\nx = 1", "svc1.env:2: [env]: is not supported by this version (write the values where they belong)"),
        ("[subset#dsk:g1]", "svc1.env:2: [subset#dsk:g1]: there is no group 'dsk' of resources (did you mean 'disk'?)"),
        ("[subset#]", "svc1.env:2: [subset#]: a subset is [subset#<name>] or [subset#<group>:<name>]"),
        ("[subset#a]\nparalel = true", "svc1.env:3: [subset#a] paralel: unknown keyword (did you mean 'parallel'?)"),
    ],
)  # fmt: skip
def test_a_section_that_means_nothing_is_told_with_what_was_meant(section: str, problem: str) -> None:
    assert said(f"[default]\n{section}\n", make_node(os_name="Linus")) == [problem]


ZONE = "[default]\nmode = zone\nservice_type = DEV\n"
POOLS = (
    "[pool#1]\npoolname = a\ntags = preboot x\n[pool#2]\npoolname = b\n[fs#1]\ndev = c\nmnt = /c\n[ip#1]\nipname = d\n"
)


def test_disks_and_file_systems_of_a_zone_come_after_its_boot_but_for_those_with_the_tag_preboot() -> None:
    service = load(ZONE + POOLS, make_node(os_name="SunOS"))
    places = {resource.rid: (resource.container, resource.is_postboot) for resource in service.resources}
    assert places["pool#1"] == ("container#0", False)
    assert places["pool#2"] == places["fs#1"] == ("container#0", True)
    assert places["ip#1"] == ("container#0", False)


def test_disks_of_other_guests_come_before_them() -> None:
    service = load(POOLS.replace("[pool#1]", "[default]\nmode = kvm\nservice_type = DEV\n[pool#1]", 1))
    assert [resource.is_postboot for resource in service.resources] == [False] * 6
    assert service.resource("pool#2").container == ""


def test_of_several_zones_a_disk_names_its_own() -> None:
    text = "[default]\n[container#a]\ntype = zone\n[container#b]\ntype = zone\nname = other\n[pool#1]\npoolname = a\n"
    assert not load(text).resource("pool#1").is_postboot
    named = load(f"{text}container = container#b\n").resource("pool#1")
    assert (named.container, named.is_postboot) == ("container#b", True)
