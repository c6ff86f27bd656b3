"""Simulated LVM on disks that two nodes share: what is active where, reservations, texts as captured."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from opensvc_testkit.executables import reservations
from opensvc_testkit.platforms.disks import SimulatedDisks
from opensvc_testkit.platforms.lvm import SimulatedLvm
from opensvc_testkit.simulated import SimulatedCluster
from opensvc_testkit.simulated_node import SimulatedNode

pytestmark = pytest.mark.simulated

CAPTURES = Path(__file__).parents[1] / "fixtures" / "lvm"
ONE, TWO = "naa.6001", "naa.6002"


class Site:
    """Two nodes, two disks, and a group `data` on both with the volumes `base` (first disk) and `logs` (second)."""

    def __init__(self, cluster: SimulatedCluster, folder: Path) -> None:
        self.disks, self.lvm = SimulatedDisks(cluster), SimulatedLvm(cluster)
        self.disks.add(ONE, {"n1": ["/dev/sda"], "n2": ["/dev/sdb"]}, size=128 << 20)
        self.disks.add(TWO, {"n1": ["/dev/sdc"], "n2": ["/dev/sdd"]}, size=128 << 20)
        self.lvm.create_group("data", [ONE, TWO], tags=["n1"])
        self.lvm.add_volume("data", "base", 3, disk=0)
        self.lvm.add_volume("data", "logs", 4, disk=1)
        self.nodes = {
            name: SimulatedNode.make(cluster, name, folder / name, folder / f"{name}-bin", platforms=["lvm", "scsi"])
            for name in ("n1", "n2")
        }

    def run(self, node: str, line: str) -> subprocess.CompletedProcess[str]:
        return self.nodes[node].run(*line.split())

    def reserve(self, node: str, key: int) -> None:
        """Reserve both disks, as a node does that takes a service."""
        for path in {"n1": ("/dev/sda", "/dev/sdc"), "n2": ("/dev/sdb", "/dev/sdd")}[node]:
            for line in (f"-I -S {key:#x}", f"-R -T 5 -K {key:#x}"):
                done = self.run(node, f"sg_persist -n -o {line} {path}")
                assert done.returncode == 0, done


@pytest.fixture
def site(simulated_cluster: SimulatedCluster, tmp_path: Path) -> Site:
    return Site(simulated_cluster, tmp_path)


def test_both_nodes_see_one_group_by_their_own_special_files(site: Site) -> None:
    seen = [site.run(node, "vgs --noheadings -o pv_name,vg_tags data").stdout.split() for node in ("n1", "n2")]
    assert seen == [["/dev/sda", "n1", "/dev/sdc", "n1"], ["/dev/sdb", "n1", "/dev/sdd", "n1"]]


def test_a_tag_of_one_node_is_read_by_the_other(site: Site) -> None:
    assert site.run("n2", "vgchange --deltag n1 --addtag n2 data").stdout == captured("change-tags", "web-1", "data")
    assert site.run("n1", "vgs --noheadings -o vg_tags data").stdout.split() == ["n2"]
    assert site.lvm.tags("data") == {"n2"}


def test_activity_is_each_nodes_own_and_nobody_prevents_two(site: Site) -> None:
    said = site.run("n1", "vgchange -ay data")
    assert (said.stdout, said.stderr) == ('  2 logical volume(s) in volume group "data" now active\n', "")
    assert (site.lvm.active("n1", "data"), site.lvm.active("n2", "data")) == ({"base", "logs"}, set())
    assert site.run("n2", "lvs --noheadings -o lv_attr data").stdout.split() == ["-wi-------"] * 2
    assert site.run("n2", "lvchange -ay data/base").returncode == 0
    assert site.lvm.nodes_with("data") == ("n1", "n2")


def test_volume_list_refuses_without_a_word(site: Site) -> None:
    site.lvm.configure("n2", volume_list=["@n2"])
    said = site.run("n2", "vgchange -ay data")
    assert (said.returncode, said.stdout, said.stderr) == (0, captured("activate-refused"), "")
    assert site.run("n2", "lvchange -ay data/base").stdout == ""
    assert site.run("n2", "lvmconfig activation/volume_list").stdout == captured("volume-list", "@n1", "@n2")
    assert site.run("n2", "vgchange --addtag n2 data").returncode == 0
    assert '2 logical volume(s) in volume group "data" now active' in site.run("n2", "vgchange -ay data").stdout


@pytest.mark.parametrize(
    ("entries", "active"),
    [
        (["data"], {"base", "logs"}),
        (["data/base"], {"base"}),
        (["other"], set()),
        ([], set()),
        (["@*"], {"base", "logs"}),
    ],
)
def test_what_an_entry_of_volume_list_lets_in(site: Site, entries: list[str], active: set[str]) -> None:
    site.lvm.configure("n1", volume_list=entries, host_tags=["n1"])
    site.run("n1", "vgchange -ay data")
    assert site.lvm.active("n1", "data") == active


def test_a_volume_that_is_to_be_skipped_comes_up_only_when_asked_so(site: Site) -> None:
    site.lvm.change_volume("data", "logs", skip=True)
    site.run("n1", "vgchange -ay data")
    assert site.lvm.active("n1", "data") == {"base"}
    assert site.run("n1", "lvs --noheadings -o lv_attr data/logs").stdout.split() == ["-wi------k"]
    site.run("n1", "vgchange -ay -K data")
    assert site.lvm.active("n1", "data") == {"base", "logs"}


def test_another_nodes_reservation_refuses_writes_and_nothing_else(site: Site) -> None:
    site.reserve("n1", 0xA)
    assert site.run("n1", "vgchange --addtag mine data").returncode == 0
    before = site.lvm.group("data")
    said = site.run("n2", "vgchange --addtag n2 data")
    assert said.returncode == 5
    assert "  Error writing device /dev/sdb at " in said.stderr
    assert said.stderr.endswith("  Failed to write VG data.\n")
    assert site.lvm.group("data") == before
    assert site.run("n2", "vgs data").returncode == 0
    assert site.run("n2", "vgchange -ay data").returncode == 0
    assert site.lvm.nodes_with("data") == ("n2",)


def test_a_tag_is_written_where_one_disk_takes_it_and_an_export_is_not(site: Site) -> None:
    """As the real one does: a group of which a node has reserved only a part is not protected by that."""
    with site.disks.cluster.opened() as world:
        reservations.register(world["disks"][TWO], ("n1", "/dev/sdc"), 0, 1)
        reservations.reserve(world["disks"][TWO], ("n1", "/dev/sdc"), 1, 5)
    refused = site.run("n2", "vgexport data")
    assert (refused.returncode, site.lvm.group("data")["exported"]) == (5, False)
    said = site.run("n2", "vgchange --addtag n2 data")
    assert said.returncode == 0
    assert "WARNING: Failed to write an MDA of VG data" in said.stderr
    assert site.lvm.tags("data") == {"n1", "n2"}
    assert "ignoring metadata seqno" in site.run("n1", "vgs data").stderr
    assert site.run("n1", "vgchange --deltag n2 data").returncode == 0
    assert site.run("n1", "vgs data").stderr == ""


def test_nothing_is_made_or_taken_away_where_the_disk_refuses(site: Site) -> None:
    site.disks.add("naa.6003", {"n1": ["/dev/sdp"], "n2": ["/dev/sdq"]})
    with site.disks.cluster.opened() as world:
        reservations.register(world["disks"]["naa.6003"], ("n1", "/dev/sdp"), 0, 1)
        reservations.reserve(world["disks"]["naa.6003"], ("n1", "/dev/sdp"), 1, 5)
    for line in ("pvcreate /dev/sdq", "vgcreate web /dev/sdq"):
        assert site.run("n2", line).returncode == 5
    site.reserve("n1", 0xA)
    before = site.lvm.group("data")
    for line in ("lvcreate -l 1 -n more data", "lvremove -y data/base", "vgremove -y data", "vgexport data"):
        assert site.run("n2", line).returncode == 5
    assert site.lvm.group("data") == before
    assert site.run("n1", "pvs --noheadings -o pv_name").stdout.split() == ["/dev/sda", "/dev/sdc"]


def test_a_reservation_for_exclusive_access_hides_the_disks(site: Site) -> None:
    for path in ("/dev/sda", "/dev/sdc"):
        site.run("n1", f"sg_persist -n -o -I -S 1 {path}")
        site.run("n1", f"sg_persist -n -o -R -T 6 -K 1 {path}")
    assert site.run("n2", "vgs data").returncode == 5
    assert site.run("n1", "vgs data").returncode == 0


def test_what_is_in_use_is_not_deactivated(site: Site) -> None:
    site.run("n1", "vgchange -ay data")
    site.lvm.change_active("n1", "data", "logs", open=-1)
    said = site.run("n1", "vgchange -an data")
    assert (said.returncode, said.stdout) == (5, "")
    assert said.stderr == captured("deactivate-open.stderr", "logs-1", "logs")
    assert site.run("n1", "lvs --noheadings -o lv_attr data/logs").stdout.split() == ["-wi-ao----"]
    assert site.run("n1", "vgexport data").stderr == '  Volume group "data" has active logical volumes\n'
    assert site.lvm.active("n1", "data") == {"base", "logs"}


def test_a_lost_disk_makes_the_group_partial_for_that_node(site: Site) -> None:
    site.disks.lose_path("n2", "/dev/sdd")
    said = site.run("n2", "vgchange -ay data")
    uuid = site.lvm.group("data")["disks"][1]["uuid"]
    assert said.returncode == 5
    assert said.stderr == (
        f"  WARNING: Couldn't find device with uuid {uuid}.\n"
        f"  WARNING: VG data is missing PV {uuid} (last written to /dev/sdc).\n"
        "  Refusing activation of partial LV data/logs.  Use '--activationmode partial' to override.\n"
    )
    assert site.lvm.active("n2", "data") == {"base"}
    assert site.run("n2", "vgs --noheadings -o vg_attr data").stdout.split() == ["wz-pn-"]
    assert site.run("n2", "lvs --noheadings -o lv_attr data/logs").stdout.split() == ["-wi-----p-"]
    assert site.run("n1", "vgs --noheadings -o vg_attr data").stdout.split() == ["wz--n-"]


def test_a_write_without_a_disk_marks_it_as_missing_for_good(site: Site) -> None:
    site.disks.lose_path("n2", "/dev/sdd")
    assert site.run("n2", "vgchange --addtag t data").returncode == 0
    site.disks.return_path("n2", "/dev/sdd")
    for node in ("n1", "n2"):
        assert site.run(node, "vgs --noheadings -o vg_attr data").stdout.split() == ["wz-pn-"]
    said = site.run("n1", "vgs --foreign data").stderr
    assert "was previously updated while PV /dev/sdc was missing" in said
    assert "ignoring metadata seqno" in said


def test_a_node_that_has_been_off_has_nothing_active(site: Site) -> None:
    sys = site.disks.show_sys("n1")
    site.run("n1", "vgchange -ay data")
    names = {path.read_text().strip() for path in sys.glob("block/dm-*/dm/name")}
    assert names == {"data-base", "data-logs"}
    site.disks.reboot_node("n1")
    assert site.lvm.active("n1", "data") == set()
    assert list(sys.glob("block/dm-*")) == []
    assert len(list(sys.glob("block/sd*"))) == 2


def test_two_paths_without_a_map_are_two_devices_with_one_identity(site: Site) -> None:
    site.disks.add_path(ONE, "n1", "/dev/sdz")
    said = site.run("n1", "vgchange --addtag t data")
    assert said.returncode == 5
    assert "Not using device /dev/sdz for PV" in said.stderr
    assert said.stderr.endswith("  Cannot update volume group data with duplicate PV devices.\n")
    site.disks.add_map("n1", "mpatha", ONE)
    assert site.run("n1", "vgchange --addtag t data").returncode == 0
    assert site.run("n1", "pvs --noheadings -o pv_name").stdout.split() == ["/dev/mapper/mpatha", "/dev/sdc"]


def test_groups_and_volumes_are_made_and_taken_away(site: Site) -> None:
    site.disks.add("naa.6003", {"n1": ["/dev/sdq"]}, size=64 << 20)
    for line in ("vgcreate --addtag n1 web /dev/sdq", "lvcreate -L 8M -n www web", "lvcreate -l 100%FREE -n rest web"):
        done = site.run("n1", line)
        assert done.returncode == 0, done
    assert site.run("n1", "lvs --noheadings -o lv_name,lv_attr,lv_size web").stdout.split() == [
        "rest", "-wi-a-----", "52.00m", "www", "-wi-a-----", "8.00m",
    ]  # fmt: skip
    assert "insufficient free space (0 extents): 1 required" in site.run("n1", "lvcreate -L 1M -n more web").stderr
    assert site.run("n1", "lvremove -y web/rest").stdout == '  Logical volume "rest" successfully removed.\n'
    assert (
        site.run("n1", "lvscan").stdout.splitlines()[-1] == "  inactive          '/dev/data/logs' [16.00 MiB] inherit"
    )
    assert site.run("n1", "vgremove -y web").returncode == 0
    assert site.run("n1", "vgs --noheadings -o vg_name").stdout.split() == ["data"]


@pytest.mark.parametrize(
    "line",
    ["vgchange --refresh data", "vgs -o seg_count", "vgremove data", "vgs --config x data"],
)
def test_what_is_not_simulated_says_so_aloud(site: Site, line: str) -> None:
    done = site.run("n1", line)
    assert (done.returncode, "not simulated" in done.stderr) == (70, True)


def captured(name: str, was: str = "", becomes: str = "") -> str:
    """What the real one said, of another group or volume perhaps."""
    text = (CAPTURES / f"{name}.txt").read_text()
    return text.replace(was, becomes) if was else text
