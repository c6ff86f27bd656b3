"""The simulated LVM of HP-UX, and the special files that it needs, asked as an operator or a driver would ask them."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_testkit.simulated import FaultKind, SimulatedCluster
from tests.opensvc_testkit.simulated_hpux_site import DISK, LEGS, NODES, OTHER, OTHER_LEGS, Site, make_site

pytestmark = pytest.mark.simulated
HERE, THERE = NODES
GROUP = "/dev/vg01"
BLOCKS = ("/dev/disk/disk18", "/dev/disk/disk19")


@pytest.fixture
def site(simulated_cluster: SimulatedCluster, tmp_path: Path) -> Site:
    site = make_site(simulated_cluster, tmp_path)
    site.hpux.define_group("vg01", [site.lun, site.other], volumes={"data": 32, "logs": 8}, nodes=[HERE])
    return site


def refusal(site: Site, *argv: str, node: str = HERE) -> str:
    """Standard error of a command that must fail with status 1 and print nothing else."""
    done = site.run(*argv, node=node)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


def reserve(site: Site, node: str, *legs: str) -> None:
    """Reserve disks for a node, as a driver does: register each path, reserve by one."""
    site.said("scsimgr", "save_attr", "-a", "leg_mpath_enable=false", node=node)
    for leg in legs:
        assert site.run("scu", "-f", leg, "preserve", "register", "skey", "0x9", node=node).returncode == 0
    for leg in legs[:: len(LEGS)]:
        words = ("preserve", "reserve", "key", "0x9", "type", "wero")
        assert site.run("scu", "-f", leg, *words, node=node).returncode == 0


# -- vgdisplay -------------------------------------------------------------------------------------------------------


def test_a_group_that_is_not_active_is_not_displayed(site: Site) -> None:
    assert refusal(site, "vgdisplay", "vg01") == (
        'vgdisplay: Volume group not activated.\nvgdisplay: Cannot display volume group "/dev/vg01".\n'
    )


def test_a_group_that_is_not_imported_is_not_displayed(site: Site) -> None:
    assert refusal(site, "vgdisplay", GROUP, node=THERE) == (
        'vgdisplay: Volume group "/dev/vg01" does not exist in the "/etc/lvmtab" file.\n'
        'vgdisplay: Cannot display volume group "/dev/vg01".\n'
    )


def test_the_block_of_an_active_group(site: Site) -> None:
    site.said("vgchange", "-a", "y", "vg01")
    lines = site.said("vgdisplay", "vg01").splitlines()
    assert lines[0] == "--- Volume groups ---"
    assert lines[1] == f"{'VG Name':<28}/dev/vg01"
    rows = {line[:28].rstrip(): line[28:] for line in lines[1:] if line}
    shown = ("VG Write Access", "VG Status", "Cur LV", "Cur PV", "Act PV", "PE Size (Mbytes)", "Total PE", "Free PE")
    assert [rows[label] for label in shown] == ["read/write", "available", "2", "2", "2", "4", "512", "472"]
    assert (rows["VG Version"], "VG Max Size" in rows) == ("1.0", True)


def test_volumes_and_disks_with_v(site: Site) -> None:
    site.said("vgchange", "-a", "y", "vg01")
    lines = site.said("vgdisplay", "-v", "vg01").splitlines()
    assert [line.strip() for line in lines if "---" in line] == [
        "--- Volume groups ---",
        "--- Logical volumes ---",
        "--- Physical volumes ---",
    ]
    assert f"   {'LV Name':<28}/dev/vg01/logs" in lines
    assert f"   {'LV Status':<28}available/syncd" in lines
    assert [line[31:] for line in lines if line.startswith("   PV Name")] == list(BLOCKS)


def test_fields_with_f(site: Site) -> None:
    site.said("vgchange", "-a", "y", "vg01")
    (line,) = site.said("vgdisplay", "-F", "vg01").splitlines()
    assert line.startswith("vg_name=/dev/vg01:vg_write_access=read,write:vg_status=available:max_lv=255:cur_lv=2:")
    more = site.said("vgdisplay", "-vF", "vg01").splitlines()
    assert more[1] == (
        "lv_name=/dev/vg01/data:lv_status=available,syncd:lv_size=128:current_le=32:allocated_pe=32:used_pv=1"
    )
    assert more[-1].startswith("pv_name=/dev/disk/disk19:pv_status=available:total_pe=256:free_pe=256")


def test_several_groups_in_one_call(site: Site) -> None:
    done = site.run("vgdisplay")
    assert done.returncode == 1
    assert [line[28:] for line in done.stdout.splitlines() if line.startswith("VG Name")] == ["/dev/vg00"]
    assert "not activated" in done.stderr
    site.said("vgchange", "-a", "y", "vg01")
    names = [line[28:] for line in site.said("vgdisplay").splitlines() if line.startswith("VG Name")]
    assert names == ["/dev/vg00", GROUP]


# -- vgchange --------------------------------------------------------------------------------------------------------


def test_activation_and_deactivation(site: Site) -> None:
    assert site.said("vgchange", "-a", "y", "vg01") == (
        'Activated volume group.\nVolume group "vg01" has been successfully changed.\n'
    )
    assert site.hpux.groups.active_on("vg01") == (HERE,)
    assert site.said("vgchange", "-a", "y", GROUP) == 'vgchange: Volume group "/dev/vg01" is already active.\n'
    assert site.said("vgchange", "-a", "n", GROUP) == 'Volume group "/dev/vg01" has been successfully changed.\n'
    assert site.hpux.groups.active_on("vg01") == ()


def test_an_open_volume_keeps_its_group_active(site: Site) -> None:
    site.said("vgchange", "-a", "y", "vg01")
    site.hpux.groups.open_volume(HERE, "vg01", "data")
    assert refusal(site, "vgchange", "-a", "n", "vg01") == (
        'vgchange: Couldn\'t deactivate volume group "/dev/vg01":\nDevice busy\n'
    )
    assert "/dev/vg01/data" in site.said("bdf", "-l")
    site.hpux.groups.open_volume(HERE, "vg01", "data", is_open=False)
    site.said("vgchange", "-a", "n", "vg01")


def test_without_a_mark_two_nodes_can_activate_a_group(site: Site) -> None:
    """Nothing in LVM keeps two nodes from it: the driver and the reservations must."""
    site.hpux.define_group("vg01", [site.lun, site.other], nodes=NODES)
    for node in NODES:
        site.said("vgchange", "-a", "y", "vg01", node=node)
    assert site.hpux.groups.active_on("vg01") == NODES


def test_exclusive_mode_is_for_groups_of_a_cluster_and_for_one_node(site: Site) -> None:
    site.hpux.define_group("vg01", [site.lun, site.other], nodes=NODES)
    conflict = 'vgchange: Activation mode requested for the volume group "/dev/vg01" conflicts with configured mode.\n'
    assert refusal(site, "vgchange", "-a", "e", "vg01") == conflict
    assert site.said("vgchange", "-c", "y", "vg01") == 'Volume group "vg01" has been successfully changed.\n'
    assert site.hpux.groups.is_clustered(site.other)
    assert refusal(site, "vgchange", "-a", "y", "vg01", node=THERE) == conflict
    site.said("vgchange", "-a", "e", "vg01")
    (line,) = site.said("vgdisplay", "-F", "vg01").splitlines()
    assert "vg_status=available,exclusive" in line.split(":")
    assert f"{'VG Status':<28}available, exclusive" in site.said("vgdisplay", "vg01").splitlines()
    assert "denied by another node in the cluster" in refusal(site, "vgchange", "-a", "e", "vg01", node=THERE)
    assert site.hpux.groups.active_on("vg01") == (HERE,)


def test_the_mark_is_changed_while_the_group_is_not_active(site: Site) -> None:
    site.said("vgchange", "-a", "y", "vg01")
    assert "is still active" in refusal(site, "vgchange", "-c", "y", "vg01")
    site.said("vgchange", "-a", "n", "vg01")
    site.said("vgchange", "-c", "y", "vg01")
    site.said("vgchange", "-c", "n", "vg01")
    assert not site.hpux.groups.is_clustered(site.lun)


def test_without_names_it_means_all_those_of_a_cluster_in_exclusive_mode(site: Site) -> None:
    site.said("vgchange", "-c", "y", "vg01")
    site.said("vgchange", "-a", "y")
    assert site.hpux.groups.mode_of(HERE, "vg01") == "e"


def test_more_than_half_of_the_disks_must_be_there(site: Site) -> None:
    for leg in OTHER_LEGS:
        site.hpux.disks.lose_path(HERE, leg)
    assert refusal(site, "vgchange", "-a", "y", "vg01").endswith(
        "Quorum not present, or some physical volume(s) are missing.\n"
    )
    weak = site.run("vgchange", "-a", "y", "-q", "n", "vg01")
    assert (weak.returncode, weak.stdout.splitlines()[0]) == (0, "Activated volume group.")
    assert f'Couldn\'t attach to the volume group physical volume "{BLOCKS[1]}"' in weak.stderr
    assert f"{'Act PV':<28}1" in site.said("vgdisplay", "vg01").splitlines()


def test_a_group_that_another_node_has_reserved_cannot_be_activated(site: Site) -> None:
    reserve(site, THERE, *LEGS, *OTHER_LEGS)
    said = refusal(site, "vgchange", "-a", "y", "vg01")
    assert "no valid VGDAs were found" in said
    assert site.hpux.groups.active_on("vg01") == ()
    site.said("vgchange", "-a", "r", "vg01")
    assert "vg_write_access=read:" in site.said("vgdisplay", "-F", "vg01")


def test_a_group_that_is_not_on_the_table_is_refused(site: Site) -> None:
    assert 'does not exist in the "/etc/lvmtab" file' in refusal(site, "vgchange", "-a", "y", "vg01", node=THERE)
    assert site.run("vgchange", "vg01").returncode == 1


def test_a_node_that_was_off_has_its_groups_imported_and_not_active(site: Site) -> None:
    site.said("vgchange", "-a", "y", "vg01")
    site.hpux.reboot_node(HERE)
    assert (site.hpux.groups.imported_on("vg01"), site.hpux.groups.active_on("vg01")) == ((HERE,), ())
    site.hpux.reboot_node(HERE, activates_groups=True)
    assert site.hpux.groups.active_on("vg01") == (HERE,)


# -- vgexport, vgimport, lvmtab --------------------------------------------------------------------------------------


def test_a_preview_writes_the_map_of_an_active_group(site: Site, tmp_path: Path) -> None:
    site.said("vgchange", "-a", "y", "vg01")
    done = site.run("vgexport", "-m", str(tmp_path / "map"), "-p", "-s", "vg01")
    assert (done.returncode, done.stderr) == (0, 'vgexport: Volume group "/dev/vg01" is still active.\n')
    lines = (tmp_path / "map").read_text().splitlines()
    assert lines[0].split()[0] == "VGID"
    assert int(lines[0].split()[1], 16)
    assert lines[1:] == ["1 data", "2 logs"]
    assert site.hpux.groups.imported_on("vg01") == (HERE,)


def test_an_active_group_is_not_exported(site: Site, tmp_path: Path) -> None:
    site.said("vgchange", "-a", "y", "vg01")
    said = refusal(site, "vgexport", "-m", str(tmp_path / "map"), "-s", "vg01")
    assert said == 'vgexport: Volume group "/dev/vg01" is still active.\n'
    assert not (tmp_path / "map").exists()


def test_a_group_goes_from_node_to_node_by_its_map(site: Site, tmp_path: Path) -> None:
    path = str(tmp_path / "map")
    assert "has been successfully removed" in site.said("vgexport", "-m", path, "-s", "vg01")
    assert GROUP not in site.said("strings", "/etc/lvmtab")
    said = site.said("vgimport", "-m", path, "-N", "-s", "vg01", node=THERE).splitlines()
    assert said[0] == 'vgimport: Volume group "/dev/vg01" has been successfully created.'
    table = site.said("strings", "/etc/lvmtab", node=THERE).splitlines()
    assert table == ["/dev/vg00", "/dev/disk/disk2_p2", GROUP, *BLOCKS]
    assert site.hpux.groups.active_on("vg01") == ()
    site.said("vgchange", "-a", "y", "vg01", node=THERE)
    assert "/dev/vg01/logs" in site.said("vgdisplay", "-v", "vg01", node=THERE)


def test_without_n_the_table_has_the_legacy_special_files(site: Site, tmp_path: Path) -> None:
    path = str(tmp_path / "map")
    site.said("vgexport", "-m", path, "-s", "vg01")
    site.said("vgimport", "-m", path, "-s", "vg01", node=THERE)
    legacy = [leg.replace("rdsk", "dsk") for leg in (*LEGS, *OTHER_LEGS)]
    assert list(site.hpux.groups.files_of(THERE, "vg01")) == legacy
    site.said("vgchange", "-a", "y", "vg01", node=THERE)


def test_a_second_import_is_refused(site: Site, tmp_path: Path) -> None:
    path = str(tmp_path / "map")
    site.run("vgexport", "-m", path, "-p", "-s", "vg01")
    for words in (("-p",), ()):
        assert "already exists" in refusal(site, "vgimport", *words, "-m", path, "-s", "vg01")
    assert "belongs to volume group" in refusal(site, "vgimport", "-m", path, "-s", "vg77")


def test_a_preview_of_an_import_changes_nothing(site: Site, tmp_path: Path) -> None:
    path = str(tmp_path / "map")
    site.run("vgexport", "-m", path, "-p", "-s", "vg01")
    site.said("vgimport", "-p", "-m", path, "-s", "vg01", node=THERE)
    assert site.hpux.groups.imported_on("vg01") == (HERE,)


def test_a_group_file_of_an_earlier_import_is_in_the_way(site: Site, tmp_path: Path) -> None:
    path = str(tmp_path / "map")
    site.run("vgexport", "-m", path, "-p", "-s", "vg01")
    site.hpux.groups.leave_group_file(THERE, "vg01")
    assert "/dev/vg01/group" in refusal(site, "vgimport", "-m", path, "-s", "vg01", node=THERE)
    site.said("rmsf", "/dev/vg01/group", node=THERE)
    site.said("vgimport", "-m", path, "-s", "vg01", node=THERE)


def test_a_disk_that_cannot_be_read_is_warned_of_and_the_import_succeeds(site: Site, tmp_path: Path) -> None:
    path = str(tmp_path / "map")
    site.run("vgexport", "-m", path, "-p", "-s", "vg01")
    stranger = site.hpux.add_disk(94, {THERE: ["/dev/rdsk/c9t0d0"]})
    site.hpux.disks.lose_all_paths(THERE)
    for leg in (*LEGS, *OTHER_LEGS):
        site.hpux.disks.return_path(THERE, leg)
    done = site.run("vgimport", "-m", path, "-N", "-s", "vg01", node=THERE)
    assert done.returncode == 0
    assert [line.rstrip() for line in done.stderr.splitlines()] == [
        'Warning: Cannot determine block size of Physical Volume "/dev/rdisk/disk94".',
        "Assuming a default value of 1024 bytes. Continuing.",
        "vgimport:",
    ]
    assert site.hpux.groups.imported_on("vg01") == NODES
    assert stranger


def test_without_the_disks_there_is_nothing_to_import(site: Site, tmp_path: Path) -> None:
    path = str(tmp_path / "map")
    site.run("vgexport", "-m", path, "-p", "-s", "vg01")
    for lun in (site.lun, site.other):
        site.hpux.disks.remove(lun)
    assert "Cannot find any physical volume" in refusal(site, "vgimport", "-m", path, "-s", "vg01", node=THERE)


def test_maps_that_are_none(site: Site, tmp_path: Path) -> None:
    (tmp_path / "map").write_text("1 data\n")
    assert "has no VGID" in refusal(site, "vgimport", "-m", str(tmp_path / "map"), "-s", "vg01", node=THERE)
    (tmp_path / "map").write_text("what is this?\n")
    assert "is not valid" in refusal(site, "vgimport", "-m", str(tmp_path / "map"), "-s", "vg01", node=THERE)
    assert "Cannot open map file" in refusal(site, "vgimport", "-m", str(tmp_path / "no"), "-s", "vg01", node=THERE)
    assert "Cannot open" in refusal(site, "vgexport", "-m", str(tmp_path / "no" / "map"), "-p", "-s", "vg01")


def test_a_map_that_does_not_fit_on_the_disk(site: Site) -> None:
    assert "No space left on device" in refusal(site, "vgexport", "-m", "/dev/full", "-s", "vg01")
    assert site.hpux.groups.imported_on("vg01") == (HERE,)


def test_disks_can_be_named(site: Site) -> None:
    stranger = site.hpux.special_files(THERE, site.hpux.add_disk(30, {THERE: ["/dev/rdsk/c9t0d1"]}))[0]
    assert "does not belong" in refusal(site, "vgimport", "vg01", stranger, node=THERE)
    site.said("vgimport", "vg01", *BLOCKS, node=THERE)
    assert site.hpux.groups.files_of(THERE, "vg01") == BLOCKS
    site.said("vgchange", "-a", "y", "vg01", node=THERE)
    assert "/dev/vg01/lvol2" in site.said("vgdisplay", "-v", "vg01", node=THERE)


def test_groups_of_version_2_are_on_a_table_of_their_own(site: Site) -> None:
    missing = site.run("strings", "/etc/lvmtab_p")
    assert (missing.returncode, missing.stdout) == (1, "")
    lun = site.hpux.add_disk(30, {HERE: ["/dev/rdsk/c9t0d1"]})
    site.hpux.define_group("vg02", [lun], nodes=[HERE], version="2.1")
    assert site.said("strings", "/etc/lvmtab_p").splitlines() == ["/dev/vg02", "/dev/disk/disk30"]
    assert "/dev/vg02" not in site.said("strings", "/etc/lvmtab")


def test_faults_strike_lvm_too(site: Site) -> None:
    site.said("vgchange", "-a", "y", "vg01")
    whole = site.said("vgdisplay", "vg01")
    site.cluster.set_fault("vgdisplay", FaultKind.PARTIAL, times=1)
    assert site.run("vgdisplay", "vg01").stdout == whole[: len(whole) // 2]
    site.cluster.set_fault("vgchange", FaultKind.FAIL, text="vgchange: No space left on device\n", times=1)
    assert refusal(site, "vgchange", "-a", "n", "vg01") == "vgchange: No space left on device\n"
    assert site.hpux.groups.active_on("vg01") == (HERE,)


# -- special files ---------------------------------------------------------------------------------------------------


def test_persistent_and_legacy_special_files(site: Site) -> None:
    assert site.said("ioscan", "-F", "-m", "dsf").splitlines() == [
        f"{DISK}:{LEGS[0]} {LEGS[1]}",
        f"{OTHER}:{OTHER_LEGS[0]} {OTHER_LEGS[1]}",
    ]
    assert site.said("ioscan", "-F", "-m", "dsf", DISK) == f"{DISK}:{LEGS[0]} {LEGS[1]}\n"
    block = "/dev/disk/disk18:/dev/dsk/c2t0d6 /dev/dsk/c5t0d6\n"
    assert site.said("ioscan", "-F", "-m", "dsf", "/dev/disk/disk18") == block
    assert site.said("ioscan", "-m", "dsf").splitlines()[:4] == [
        "Persistent DSF           Legacy DSF(s)",
        "=" * 40,
        f"{DISK:<25}{LEGS[0]}",
        f"{'':<25}{LEGS[1]}",
    ]
    assert refusal(site, "ioscan", "-F", "-m", "dsf", "/dev/rdisk/disk99")


def test_ioscan_shows_paths_and_luns(site: Site) -> None:
    site.hpux.disks.lose_path(HERE, LEGS[1])
    legacy = [line.split(":") for line in site.said("ioscan", "-kFC", "disk").splitlines()]
    assert [(fields[8], fields[9], fields[15]) for fields in legacy] == [
        ("disk", "sdisk", "CLAIMED"),
        ("disk", "sdisk", "NO_HW"),
        ("disk", "sdisk", "CLAIMED"),
        ("disk", "sdisk", "CLAIMED"),
    ]
    agile = [line.split(":") for line in site.said("ioscan", "-kFNC", "disk").splitlines()]
    assert [(fields[9], fields[12], fields[15], fields[17], fields[-1]) for fields in agile] == [
        ("esdisk", "18", "CLAIMED", "HP      HSV210", "online"),
        ("esdisk", "19", "CLAIMED", "HP      HSV210", "online"),
    ]
    table = site.said("ioscan", "-kfnC", "disk").splitlines()
    assert table[0].startswith("Class     I  H/W Path")
    assert table[3].split() == [LEGS[0].replace("rdsk", "dsk"), LEGS[0]]
    assert "0x60060e80" in site.said("ioscan", "-P", "wwid")


def test_before_11_31_there_is_no_agile_view(site: Site) -> None:
    site.hpux.define_node(HERE, release="B.11.23")
    assert "illegal option -- N" in refusal(site, "ioscan", "-kFNC", "disk")


def test_attributes_of_luns(site: Site) -> None:
    words = ("-a", "wwid", "-a", "device_file", "-a", "vid", "-a", "pid", "-a", "capacity")
    first = site.said("scsimgr", "-p", "get_attr", "all_lun", *words).splitlines()[0]
    wwid = "0x" + site.lun.removeprefix("naa.")
    assert first == f'{wwid}:{DISK}:"HP      ":"HSV210          ":2097152'
    assert site.said("scsimgr", "get_attr", "-D", DISK, "-a", "wwid", "-a", "instance", "-p") == f"{wwid}:18\n"
    assert "Cannot open" in refusal(site, "scsimgr", "get_attr", "-D", "/dev/rdisk/disk99", "-a", "wwid", "-p")
    assert "Invalid attribute" in refusal(site, "scsimgr", "get_attr", "-D", DISK, "-a", "nothing", "-p")


def test_leg_mpath_enable(site: Site) -> None:
    ask = ("scsimgr", "get_attr", "-p", "-a", "leg_mpath_enable")
    assert site.said(*ask) == "true\n"
    site.said("scsimgr", "save_attr", "-a", "leg_mpath_enable=false")
    assert (site.said(*ask), site.said(*ask, node=THERE)) == ("false\n", "true\n")
    assert "Invalid value" in refusal(site, "scsimgr", "save_attr", "-a", "leg_mpath_enable=perhaps")


def test_lun_map_tells_the_state_of_paths(site: Site) -> None:
    site.hpux.disks.lose_path(HERE, LEGS[1])
    lines = site.said("scsimgr", "lun_map", "-D", DISK).splitlines()
    states = [line.split(" = ")[1] for line in lines if line.startswith(("State", "Last Open"))]
    assert states == ["ACTIVE", "ACTIVE", "FAILED", "FAILED"]


def test_special_files_come_and_go(site: Site) -> None:
    site.hpux.remove_special_files(HERE, site.lun)
    assert DISK not in site.said("ioscan", "-F", "-m", "dsf")
    site.said("mksf", "-r", "-C", "disk", "-I", "18", DISK)
    assert site.hpux.special_files(HERE, site.lun) == (DISK,)
    assert "Couldn't find" in refusal(site, "mksf", "-r", "-C", "disk", "-I", "99", "/dev/rdisk/disk99")
    assert "File exists" in refusal(site, "mksf", "-r", "-C", "disk", "-I", "19", DISK)
    site.said("insf", "-e")
    assert set(site.hpux.special_files(HERE, site.lun)) == {DISK, BLOCKS[0]}
    site.said("rmsf", DISK)
    assert site.hpux.special_files(HERE, site.lun) == (BLOCKS[0],)
    assert "No such special file" in refusal(site, "rmsf", DISK)
