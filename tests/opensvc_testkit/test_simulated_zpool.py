"""Simulated ZFS pools on disks that two nodes see: who may import what, and what is said. [R]: known from memory."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from opensvc_testkit.simulated import FaultKind, SimulatedCluster
from tests.opensvc_testkit.solaris_pair import DISK, FIRST, OTHER_DISK, SECOND, Pair, ok, said

pytestmark = pytest.mark.simulated


@pytest.fixture
def pair(simulated_cluster: SimulatedCluster, tmp_path: Path) -> Pair:
    """Two nodes that see the exported pool ``tank`` on one disk."""
    made = Pair.make(simulated_cluster, tmp_path)
    made.solaris.define_pool("tank", [DISK], datasets={"web": ""})
    return made


def zpool(pair: Pair, *words: str) -> subprocess.CompletedProcess[str]:
    return pair.first.run("zpool", *words)


def second(pair: Pair, *words: str) -> subprocess.CompletedProcess[str]:
    return pair.second.run("zpool", *words)


# -- what there is --------------------------------------------------------------------------------------------------


def test_no_pool_at_all(simulated_cluster: SimulatedCluster, tmp_path: Path) -> None:
    pair = Pair.make(simulated_cluster, tmp_path)
    assert said(zpool(pair, "list")) == (0, "no pools available\n", "")
    assert said(zpool(pair, "list", "-H", "-o", "name,health")) == (0, "", "")
    assert said(zpool(pair, "status")) == (0, "no pools available\n", "")
    # Solaris' exit status is [R].
    assert said(zpool(pair, "import")) == (0, "no pools available to import\n", "")
    assert said(zpool(pair, "import", "p")) == (1, "", "cannot import 'p': no such pool available\n")
    for words in (["list", "p"], ["list", "-H", "-o", "health", "p"], ["status", "p"], ["export", "p"]):
        assert said(zpool(pair, *words)) == (1, "", "cannot open 'p': no such pool\n")


def test_an_unknown_pool_beside_a_known_one(pair: Pair) -> None:
    ok(zpool(pair, "import", "tank"))
    done = zpool(pair, "list", "-H", "-o", "name,health", "tank", "nosuch")
    assert said(done) == (1, "tank\tONLINE\n", "cannot open 'nosuch': no such pool\n")


def test_the_list_of_what_can_be_imported(pair: Pair) -> None:
    shown = ok(zpool(pair, "import")).splitlines()
    guid = shown[1].split()[1]
    assert shown == [
        "  pool: tank",
        f"    id: {guid}",
        " state: ONLINE",
        "action: The pool can be imported using its name or numeric identifier.",
        "config:",
        "",
        "\ttank      ONLINE",
        "\t  c0t1d0  ONLINE",
    ]
    assert ok(zpool(pair, "import", guid)) == ""
    assert pair.solaris.imported_on("tank") == (FIRST,)


def test_columns_of_a_list(pair: Pair) -> None:
    ok(zpool(pair, "import", "tank"))
    header, row = ok(zpool(pair, "list")).splitlines()
    # Solaris' own columns are [R].
    assert header.split() == ["NAME", "SIZE", "ALLOC", "FREE", "CAP", "DEDUP", "HEALTH", "ALTROOT"]
    assert row.split() == ["tank", "1G", "102M", "922M", "10%", "1.00x", "ONLINE", "-"]
    assert ok(zpool(pair, "list", "-H", "-o", "name,health", "tank")) == "tank\tONLINE\n"
    assert ok(zpool(pair, "list", "-Hp", "-o", "size,allocated")) == "1073741824\t107374182\n"
    unknown = zpool(pair, "list", "-o", "colour")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "invalid property 'colour'" in unknown.stderr
    pair.solaris.define_node(FIRST, release="illumos")
    assert "CKPOINT  EXPANDSZ  FRAG" in ok(zpool(pair, "list"))


def test_status_of_a_pool(pair: Pair) -> None:
    ok(zpool(pair, "import", "tank"))
    # The table is [R].
    assert ok(zpool(pair, "status", "tank")).splitlines() == [
        "  pool: tank",
        " state: ONLINE",
        "  scan: none requested",
        "config:",
        "",
        "\tNAME      STATE     READ WRITE CKSUM",
        "\ttank      ONLINE       0     0     0",
        "\t  c0t1d0  ONLINE       0     0     0",
        "",
        "errors: No known data errors",
    ]
    assert ok(zpool(pair, "status", "-x")) == "all pools are healthy\n"
    assert ok(zpool(pair, "status", "-x", "tank")) == "pool 'tank' is healthy\n"


# -- import and export ----------------------------------------------------------------------------------------------


def test_a_pool_goes_from_node_to_node(pair: Pair) -> None:
    for here, there in ((zpool, second), (second, zpool)):
        ok(here(pair, "import", "tank"))
        assert ok(here(pair, "list", "-H", "-o", "health", "tank")) == "ONLINE\n"
        assert there(pair, "list", "tank").returncode == 1
        ok(here(pair, "export", "tank"))
    assert pair.solaris.imported_on("tank") == ()


def in_use(pair: Pair, release: str) -> str:
    hostid, accessed = label(pair)
    date = time.ctime(accessed)
    if release == "illumos":
        return (
            "cannot import 'tank': pool was previously in use from another system.\n"
            f"Last accessed by sol1 (hostid={hostid:x}) at {date}\n"
            "The pool can be imported, use 'zpool import -f' to import the pool.\n"
        )
    return (
        "cannot import 'tank': pool may be in use from other system, it was last accessed by sol1"
        f" (hostid: 0x{hostid:x}) on {date}\nuse '-f' to import anyway\n"
    )


def label(pair: Pair) -> tuple[int, float]:
    found = pair.disks.disk(DISK)["label"]["zfs"]
    return found["hostid"], found["accessed_at"]


@pytest.mark.parametrize("release", ["10", "11.4", "illumos"])
def test_a_pool_of_another_system_is_refused_unless_forced(
    release: str, simulated_cluster: SimulatedCluster, tmp_path: Path
) -> None:
    pair = Pair.make(simulated_cluster, tmp_path, release)
    pair.solaris.define_pool("tank", [DISK], imported_on=FIRST)
    assert said(second(pair, "import", "tank")) == (1, "", in_use(pair, release))
    assert pair.solaris.imported_on("tank") == (FIRST,)
    shown = ok(second(pair, "import"))
    assert "status: The pool was last accessed by another system.\n" in shown
    assert "\tthe '-f' flag.\n" in shown
    # Force believes its user: this is how a pool is destroyed.
    ok(second(pair, "import", "-f", "tank"))
    assert pair.solaris.imported_on("tank") == (FIRST, SECOND)


def test_a_node_that_died_leaves_its_pool_in_use(pair: Pair) -> None:
    ok(zpool(pair, "import", "-o", "cachefile=/nonexistent/cache", "tank"))
    pair.solaris.reboot_node(FIRST)
    assert pair.solaris.imported_on("tank") == ()
    assert second(pair, "import", "tank").returncode == 1
    # The node itself may have it back.
    ok(zpool(pair, "import", "tank"))


def test_pools_of_the_usual_cache_file_come_back_unless_taken(pair: Pair) -> None:
    ok(zpool(pair, "import", "tank"))
    pair.solaris.reboot_node(FIRST)
    assert pair.solaris.imported_on("tank") == (FIRST,)
    ok(second(pair, "import", "-f", "tank"))
    pair.solaris.reboot_node(FIRST)
    assert pair.solaris.imported_on("tank") == (SECOND,)


def test_multihost_is_not_forced(simulated_cluster: SimulatedCluster, tmp_path: Path) -> None:
    pair = Pair.make(simulated_cluster, tmp_path)
    pair.solaris.define_pool("tank", [DISK], imported_on=FIRST, multihost=True)
    hostid, _ = label(pair)
    text = (
        f"cannot import 'tank': pool is imported on sol1 (hostid: 0x{hostid:x})\n"
        "Export the pool on the other system, then run 'zpool import'.\n"
    )
    for words in (["tank"], ["-f", "tank"]):
        assert said(second(pair, "import", *words)) == (1, "", text)


def test_a_reservation_keeps_a_pool_from_being_imported(pair: Pair) -> None:
    with pair.cluster.opened() as world:
        disk = world["disks"][DISK]
        disk["registrations"] = [{"node": FIRST, "path": "/dev/rdsk/c0t1d0s2", "key": 1}]
        disk["holder"], disk["type"] = (FIRST, "/dev/rdsk/c0t1d0s2"), 5
    done = second(pair, "import", "-f", "tank")
    # The text is [R].
    assert done.returncode == 1
    assert done.stderr.startswith("cannot import 'tank': I/O error\n")
    ok(zpool(pair, "import", "tank"))


def test_a_pool_that_is_here_already(pair: Pair) -> None:
    ok(zpool(pair, "import", "tank"))
    text = (
        "cannot import 'tank': a pool with that name already exists\n"
        "use the form 'zpool import <pool | id> <newpool>' to give it a new name\n"
    )
    assert said(zpool(pair, "import", "tank")) == (1, "", text)
    pair.solaris.define_pool("tank", [OTHER_DISK])
    guid = ok(zpool(pair, "import")).splitlines()[1].split()[1]
    assert said(zpool(pair, "import", guid)) == (1, "", text)
    ok(zpool(pair, "import", guid, "other"))
    assert ok(zpool(pair, "list", "-H", "-o", "name")) == "other\ntank\n"


def test_export_refuses_while_busy(pair: Pair) -> None:
    ok(zpool(pair, "import", "tank"))
    pair.solaris.set_busy(FIRST, "tank", "/tank/web")
    solaris = "cannot unmount '/tank/web': Device busy\ncannot export 'tank': pool is busy\n"
    assert said(zpool(pair, "export", "tank")) == (1, "", solaris)
    pair.solaris.define_node(FIRST, release="illumos")
    assert said(zpool(pair, "export", "tank")) == (1, "", "cannot export 'tank': pool is busy\n")
    ok(zpool(pair, "export", "-f", "tank"))
    assert pair.solaris.imported_on("tank") == ()


def test_a_zone_holds_its_pool(pair: Pair) -> None:
    ok(zpool(pair, "import", "tank"))
    pair.solaris.define_zone("z1", [FIRST], installed_on=FIRST, zonepath="/tank/web/z1")
    ok(pair.first.run("zoneadm", "-z", "z1", "ready"))
    # That force does not help against a zone is [R].
    for words in (["export", "tank"], ["export", "-f", "tank"]):
        assert zpool(pair, *words).returncode == 1
    ok(pair.first.run("zoneadm", "-z", "z1", "halt"))
    ok(zpool(pair, "export", "tank"))


def test_missing_arguments(pair: Pair) -> None:
    done = zpool(pair, "export")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("missing pool name argument\nusage:\n")
    assert zpool(pair).returncode == 2
    assert zpool(pair, "nonsense").returncode == 2
    assert zpool(pair, "list", "-Q").returncode == 2


def test_a_cache_file_of_its_own(pair: Pair, tmp_path: Path) -> None:
    cache = tmp_path / "zpool.cache"
    ok(zpool(pair, "import", "-f", "-o", f"cachefile={cache}", "-d", "/dev/rdsk", "tank"))
    assert "tank\n" in cache.read_text()
    assert ok(zpool(pair, "get", "-H", "-o", "value", "cachefile", "tank")) == f"{cache}\n"
    ok(zpool(pair, "export", "tank"))
    assert not cache.exists()


def test_a_folder_without_the_disks(pair: Pair) -> None:
    done = zpool(pair, "import", "-d", "/nowhere", "tank")
    assert said(done) == (1, "", "cannot import 'tank': no such pool available\n")
    ok(zpool(pair, "import", "-d", "/dev/dsk", "tank"))


def test_all_pools_at_once(pair: Pair) -> None:
    pair.solaris.define_pool("dozer", [OTHER_DISK])
    ok(zpool(pair, "import", "-a"))
    assert ok(zpool(pair, "list", "-H", "-o", "name")) == "dozer\ntank\n"


# -- health ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("health", ["DEGRADED", "FAULTED", "UNAVAIL"])
def test_health_is_told(health: str, simulated_cluster: SimulatedCluster, tmp_path: Path) -> None:
    pair = Pair.make(simulated_cluster, tmp_path)
    if health == "DEGRADED":
        pair.solaris.define_pool("tank", [DISK, OTHER_DISK], kind="mirror", imported_on=FIRST)
        pair.solaris.fail_device("tank", DISK)
    else:
        pair.solaris.define_pool("tank", [DISK], imported_on=FIRST)
        pair.solaris.fail_device("tank", DISK, health)
    assert ok(zpool(pair, "list", "-H", "-o", "health", "tank")) == f"{health}\n"
    assert f" state: {health}\n" in ok(zpool(pair, "status", "tank"))
    assert "is healthy" not in ok(zpool(pair, "status", "-x", "tank"))
    assert pair.solaris.pool_health(FIRST, "tank") == health


def test_a_lost_path_makes_a_mirror_degraded_and_a_single_disk_unavailable(
    simulated_cluster: SimulatedCluster, tmp_path: Path
) -> None:
    pair = Pair.make(simulated_cluster, tmp_path)
    pair.solaris.define_pool("tank", [DISK, OTHER_DISK], kind="mirror")
    pair.disks.lose_path(FIRST, "/dev/rdsk/c0t1d0s2")
    assert " state: DEGRADED\n" in ok(zpool(pair, "import"))
    ok(zpool(pair, "import", "tank"))
    pair.disks.lose_all_paths(FIRST)
    assert ok(zpool(pair, "list", "-H", "-o", "health", "tank")) == "UNAVAIL\n"
    assert ok(second(pair, "import")).count("ONLINE") == 5


def test_a_pool_without_its_devices_is_not_imported(simulated_cluster: SimulatedCluster, tmp_path: Path) -> None:
    pair = Pair.make(simulated_cluster, tmp_path)
    pair.solaris.define_pool("tank", [DISK, OTHER_DISK])
    pair.disks.lose_path(FIRST, "/dev/rdsk/c0t1d0s2")
    assert " state: UNAVAIL\n" in ok(zpool(pair, "import"))
    done = zpool(pair, "import", "tank")
    # The text is [R].
    assert done.returncode == 1
    assert done.stderr.startswith("cannot import 'tank': one or more devices is currently unavailable\n")


def test_a_suspended_pool(pair: Pair) -> None:
    ok(zpool(pair, "import", "tank"))
    pair.solaris.suspend_pool(FIRST, "tank")
    assert ok(zpool(pair, "list", "-H", "-o", "health", "tank")) == "SUSPENDED\n"
    assert "pool I/O is currently suspended" in ok(zpool(pair, "status", "tank"))
    # That it is refused like this is [R].
    assert said(zpool(pair, "export", "tank")) == (
        1,
        "",
        "cannot export 'tank': pool I/O is currently suspended\n",
    )
    ok(zpool(pair, "clear", "tank"))
    ok(zpool(pair, "export", "tank"))


# -- making and taking apart ----------------------------------------------------------------------------------------


def test_create_and_destroy(simulated_cluster: SimulatedCluster, tmp_path: Path) -> None:
    pair = Pair.make(simulated_cluster, tmp_path)
    ok(zpool(pair, "create", "tank", "mirror", "c0t1d0", "c0t2d0"))
    assert "\t  mirror-0  ONLINE" in ok(zpool(pair, "status", "tank"))
    used = second(pair, "create", "mine", "c0t1d0")
    assert used.returncode == 1
    assert "is part of exported or potentially active ZFS pool tank." in used.stderr
    ok(zpool(pair, "set", "multihost=on", "tank"))
    assert second(pair, "import", "-f", "tank").returncode == 1
    ok(zpool(pair, "destroy", "tank"))
    assert ok(second(pair, "import")) == "no pools available to import\n"


# -- file systems ---------------------------------------------------------------------------------------------------


def test_file_systems_are_mounted_with_their_pool(pair: Pair) -> None:
    ok(zpool(pair, "import", "tank"))
    assert pair.solaris.mounts_of(FIRST) == {"tank": "/tank", "tank/web": "/tank/web"}
    assert ok(pair.first.run("zfs", "list", "-H", "-o", "name,mountpoint")) == "tank\t/tank\ntank/web\t/tank/web\n"
    assert ok(pair.first.run("zfs", "get", "-H", "-o", "value", "mounted", "tank/web")) == "yes\n"
    ok(zpool(pair, "export", "tank"))
    assert pair.solaris.mounts_of(FIRST) == {}
    ok(zpool(pair, "import", "-N", "-R", "/mnt", "tank"))
    assert pair.solaris.mounts_of(FIRST) == {}
    ok(pair.first.run("zfs", "mount", "tank/web"))
    assert pair.solaris.mounts_of(FIRST) == {"tank/web": "/mnt/tank/web"}


def test_mounting_by_hand(pair: Pair) -> None:
    ok(zpool(pair, "import", "tank"))
    zfs = pair.first.run
    unknown = "cannot open 'tank/x': dataset does not exist\n"
    # The text is [R].
    assert said(zfs("zfs", "list", "-H", "-o", "name,used", "tank/x")) == (1, "", unknown)
    again = said(zfs("zfs", "mount", "tank/web"))
    assert again == (1, "", "cannot mount 'tank/web': filesystem already mounted\n")
    ok(zfs("zfs", "umount", "/tank/web"))
    assert said(zfs("zfs", "unmount", "tank/web")) == (1, "", "cannot unmount 'tank/web': not currently mounted\n")
    ok(zfs("zfs", "set", "mountpoint=legacy", "tank/web"))
    assert "legacy mountpoint" in zfs("zfs", "mount", "tank/web").stderr
    ok(zfs("zfs", "create", "-o", "mountpoint=/srv", "tank/srv"))
    assert ok(zfs("zfs", "mount")).split() == ["tank", "/tank", "tank/srv", "/srv"]
    pair.solaris.set_busy(FIRST, "tank", "/srv")
    assert said(zfs("zfs", "umount", "/srv")) == (1, "", "cannot unmount '/srv': Device busy\n")
    ok(zfs("zfs", "umount", "-f", "/srv"))


# -- faults ---------------------------------------------------------------------------------------------------------


FAULTS: list[tuple[FaultKind, Callable[[subprocess.CompletedProcess[str]], bool], bool]] = [
    (FaultKind.FAIL, lambda done: said(done) == (1, "", "no way\n"), False),
    (FaultKind.GARBAGE, lambda done: said(done) == (0, "no way\n", ""), False),
    (FaultKind.CRASH, lambda done: done.returncode == -9, True),
    (FaultKind.PARTIAL, lambda done: said(done) == (0, "", ""), True),
    (FaultKind.SLOW, lambda done: said(done) == (0, "", ""), True),
]


@pytest.mark.parametrize(("kind", "fits", "is_done"), FAULTS, ids=[row[0].value for row in FAULTS])
def test_faults_of_an_import(
    kind: FaultKind, fits: Callable[[subprocess.CompletedProcess[str]], bool], is_done: bool, pair: Pair
) -> None:
    pair.cluster.set_fault("zpool", kind, words=["import"], text="no way\n", seconds=0.05, times=1)
    assert fits(zpool(pair, "import", "tank"))
    assert pair.solaris.imported_on("tank") == ((FIRST,) if is_done else ())


def test_an_import_that_hangs_after_its_work(pair: Pair) -> None:
    pair.cluster.set_fault("zpool", FaultKind.HANG, words=["import"], after=True)
    process = pair.first.popen("zpool", "import", "tank")
    while not pair.solaris.imported_on("tank"):
        assert process.poll() is None
    pair.cluster.clear_faults()
    assert process.communicate(timeout=20) == ("", "")


def test_half_of_a_status(pair: Pair) -> None:
    ok(zpool(pair, "import", "tank"))
    whole = ok(zpool(pair, "status"))
    pair.cluster.set_fault("zpool", FaultKind.PARTIAL, words=["status"], times=1)
    assert ok(zpool(pair, "status")) == whole[: len(whole) // 2]


def test_what_is_not_simulated_says_so(pair: Pair) -> None:
    assert said(zpool(pair, "scrub", "tank")) == (70, "", "simulated zpool: not simulated: scrub tank\n")
