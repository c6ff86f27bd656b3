"""`disk.lvm` on a real device-mapper: what comes up, who is named for keeping it up, and what an operator reads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.uml.lab import KernelLab
from tests.lab.uml.node import KernelNode
from tests.lab.uml.site import Site

pytestmark = pytest.mark.timeout(300)
GROUP = "data-1"
SERVICE = f"""\
[default]
nodes = n1 n2

[vg#1]
vgname = {GROUP}
stop_timeout = 3
"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """One node; the service `erp` has a group of two disks, with volumes of several kinds in it."""
    with KernelLab.up(1, luns=2) as lab:
        site = Site(lab)
        site.write_service("erp", SERVICE)
        (node,) = lab.nodes
        disks = " ".join(node.devices(lun.serial)[0] for lun in lab.luns)
        node.sh(
            f"modprobe -a dm-thin-pool dm-snapshot; pvcreate -q {disks}; vgcreate -q {GROUP} {disks} --addtag n1;"
            f" lvcreate -q -y -Wn -Zn -n base -L 8M {GROUP}; mke2fs -q -t ext4 /dev/{GROUP}/base;"
            f" lvcreate -q -y -Wn -Zn -n logs-1 -L 4M {GROUP} {disks.split()[1]};"
            f" lvcreate -q -y -L 8M --errorwhenfull y --thinpool pool {GROUP};"
            f" lvcreate -q -y -V 16M --thin {GROUP}/pool -n thin;"
            f" lvcreate -q -y -s {GROUP}/thin -n thinsnap;"
            f" vgchange -q -an {GROUP}; vgchange -q --deltag n1 --addtag backup=daily {GROUP}"
        )
        yield site


@pytest.fixture
def node(site: Site) -> Iterator[KernelNode]:
    """The node, the group inactive and tagged `backup=daily` only, and so again after the test, if it still has it."""
    (node,) = site.lab.nodes
    yield node
    if node.exec(["vgs", GROUP]).returncode != 0:
        return
    node.sh(f"umount /mnt/lvm 2>/dev/null || :; dmsetup remove holder 2>/dev/null || :; vgchange -q -an {GROUP}")
    for tag in tags(node) - {"backup=daily"}:
        node.sh(f"vgchange -q --deltag {tag} {GROUP}")


def tags(node: KernelNode) -> set[str]:
    return set(node.sh(f"vgs --noheadings -o vg_tags {GROUP}").strip().split(","))


def active(node: KernelNode) -> set[str]:
    return set(node.sh(f"lvs --noheadings -o lv_name -S lv_active=active {GROUP}").split())


def test_a_start_brings_up_every_volume_that_wants_to_and_a_stop_takes_all_down(site: Site, node: KernelNode) -> None:
    assert site.rows(node, "erp")["vg#1"].status == "down"
    site.told(node, "start", "erp")
    assert active(node) == {"base", "logs-1", "pool", "thin"}
    assert tags(node) == {"backup=daily", "n1"}
    row = site.rows(node, "erp")["vg#1"]
    assert (row.status, row.codes) == ("up", ())
    site.told(node, "start", "erp")
    assert not any("vgchange" in command for command in site.commands(node, "erp"))
    site.told(node, "stop", "erp")
    assert active(node) == set()
    assert tags(node) == {"backup=daily"}
    assert node.sh("dmsetup ls").strip() == "No devices found"
    site.told(node, "stop", "erp")
    assert not any("vgchange" in command for command in site.commands(node, "erp"))


def test_a_silent_refusal_of_lvm_is_told_and_taken_back(site: Site, node: KernelNode) -> None:
    conf = node.read("/etc/lvm/lvm.conf")
    node.write("/etc/lvm/lvm.conf", conf.replace('"@n1"', '"@local"'))
    try:
        said = site.refused(node, "start", "erp")
    finally:
        node.write("/etc/lvm/lvm.conf", conf)
    assert "LVM refused without a word to activate base, logs-1, thin" in said
    assert "['@local']" in said
    assert "osvc node lvm check" in said
    assert tags(node) == {"backup=daily"}


def test_a_tag_of_another_node_stops_a_start_before_it_begins(site: Site, node: KernelNode) -> None:
    node.sh(f"vgchange -q --addtag n2 {GROUP}")
    said = site.refused(node, "start", "erp")
    assert f"{GROUP} is tagged for n2, which may have it active" in said
    assert "--declare-dead n2" in said
    assert (tags(node), active(node)) == ({"backup=daily", "n2"}, set())
    assert "tagged for n2" in site.rows(node, "erp")["vg#1"].text


def test_a_stop_drops_a_tag_that_a_power_cut_left(site: Site, node: KernelNode) -> None:
    site.told(node, "start", "erp")
    node.sh("sync")
    node.kill()
    node.on()
    node.sh("modprobe -a dm-thin-pool dm-snapshot")
    row = site.rows(node, "erp")["vg#1"]
    assert (row.status, row.codes) == ("down", ("stale_tag",))
    site.osvc(node, "recover", "erp")
    site.told(node, "stop", "erp")
    assert tags(node) == {"backup=daily"}


def test_who_keeps_a_group_active_is_named(site: Site, node: KernelNode) -> None:
    site.told(node, "start", "erp")
    node.sh(f"mkdir -p /mnt/lvm; mount /dev/{GROUP}/base /mnt/lvm")
    said = site.refused(node, "stop", "erp")
    assert f"{GROUP} stays active, kept open by: mounted on /mnt/lvm" in said
    assert "contains a filesystem in use" in said
    assert "n1" in tags(node)
    node.sh(f"umount /mnt/lvm; echo 0 8192 linear /dev/{GROUP}/logs-1 0 | dmsetup create holder --noudevsync")
    assert "kept open by: used by /dev/mapper/holder" in site.refused(node, "stop", "erp")
    node.sh("dmsetup remove holder")
    with node.popen(["sh", "-c", f"exec sleep 60 < /dev/{GROUP}/logs-1"]) as reader:
        node.sh(f"until fuser /dev/{GROUP}/logs-1 >/dev/null 2>&1; do sleep 0.1; done")
        said = site.refused(node, "stop", "erp")
        node.sh("pkill -x sleep")
        reader.wait(30)
    assert "open in process" in said
    assert "(sleep)" in said
    site.told(node, "stop", "erp")


def test_a_full_thin_pool(site: Site, node: KernelNode) -> None:
    site.told(node, "start", "erp")
    node.sh(f"! dd if=/dev/urandom of=/dev/{GROUP}/thin bs=1M count=12 oflag=direct 2>/dev/null")
    row = site.rows(node, "erp")["vg#1"]
    assert row.status == "warn"
    assert "pool: out of data space (100 % full): writes may fail" in row.text
    site.told(node, "stop", "erp")


def test_a_group_that_a_hand_activated(site: Site, node: KernelNode) -> None:
    node.sh(f"vgchange -q -ay {GROUP} --config 'activation{{volume_list=[\"{GROUP}\"]}}'")
    row = site.rows(node, "erp")["vg#1"]
    assert row.status == "warn"
    assert "untagged" in row.codes
    site.told(node, "stop", "erp")
    assert active(node) == set()


def test_an_exported_group(site: Site, node: KernelNode) -> None:
    node.sh(f"vgexport -q {GROUP}")
    try:
        row = site.rows(node, "erp")["vg#1"]
        said = site.refused(node, "start", "erp")
    finally:
        node.sh(f"vgimport -q {GROUP}")
    assert (row.status, row.text) == ("down", f"{GROUP} is exported")
    assert f"vgimport {GROUP}" in said


def test_a_missing_disk_is_named_and_nothing_is_written(site: Site, node: KernelNode) -> None:
    """The last of the tests that lose a disk: the one after it needs no other."""
    disk = node.devices(site.lab.luns[1].serial)[0].removeprefix("/dev/")
    address = node.sh(f"basename $(readlink -f /sys/block/{disk}/device)").strip()
    site.told(node, "start", "erp")
    node.sh(f"echo 1 > /sys/block/{disk}/device/delete")
    row = site.rows(node, "erp")["vg#1"]
    assert row.status == "warn"
    assert f"{GROUP} misses the disk" in row.text
    assert f"last seen as /dev/{disk}" in row.text
    done = site.osvc(node, "stop", "erp")
    assert done.returncode == 0, done.stderr
    assert "keeps the tag n1" in done.stdout + done.stderr
    assert (active(node), tags(node)) == (set(), {"backup=daily", "n1"})
    said = site.refused(node, "start", "erp")
    assert f"{GROUP} misses the disk" in said
    host, channel, target, lun = address.split(":")
    node.sh(f"echo {channel} {target} {lun} > /sys/class/scsi_host/host{host}/scan; sleep 1")
    node.wait_disks()
    row = site.rows(node, "erp")["vg#1"]
    assert (row.status, row.codes) == ("down", ("stale_tag",)), row.text
    site.told(node, "stop", "erp")


def test_a_group_that_is_gone_while_it_is_active(site: Site, node: KernelNode) -> None:
    site.told(node, "start", "erp")
    for lun in site.lab.luns:
        disk = node.devices(lun.serial)[0].removeprefix("/dev/")
        node.sh(f"echo 1 > /sys/block/{disk}/device/delete")
    row = site.rows(node, "erp")["vg#1"]
    assert row.status == "warn"
    assert "left_in_kernel" in row.codes
    assert "data--1-base" in row.text
    assert "LVM does not see the group any more" in site.refused(node, "stop", "erp")
