"""The lab proves itself: nodes with kernels of their own do what the tests that use them rely on."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import leftovers, requirements
from tests.lab.specification import REPOSITORY
from tests.lab.uml import disks
from tests.lab.uml.groups import full_thin_pool
from tests.lab.uml.lab import KernelLab
from tests.lab.uml.lio import Lio
from tests.lab.uml.node import KernelNode
from tests.lab.uml.san import Holder, Lun

CONFLICT = 24
KEYS = {"n1": 0x1111AAAA, "n2": 0x2222BBBB}
BLOCK = 4096
WHERE = 1000
"""The block that tests write, of `BLOCK` bytes."""


def persist(node: KernelNode, lun: Lun, *words: str, key: bool = True) -> subprocess.CompletedProcess[str]:
    """`sg_persist` with the node's own key as `-K`, through its first path."""
    mine = ["-K", f"{KEYS[node.name]:#x}"] if key else []
    return node.exec(["sg_persist", "-n", *words, *mine, node.devices(lun.serial)[0]])


def register(node: KernelNode, lun: Lun) -> None:
    """Register the node's key, whatever was registered before."""
    done = persist(node, lun, "-o", "-I", "-S", f"{KEYS[node.name]:#x}", key=False)
    assert done.returncode == 0, done.stderr


def reserve(node: KernelNode, lun: Lun) -> int:
    """Reserve Write Exclusive, Registrants Only; the exit status."""
    return persist(node, lun, "-o", "-R", "-T", "5").returncode


def preempt(node: KernelNode, lun: Lun, victim: KernelNode, how: str = "-P") -> int:
    """Take the reservation from another node; the exit status."""
    return persist(node, lun, "-o", how, "-T", "5", "-S", f"{KEYS[victim.name]:#x}").returncode


def write(node: KernelNode, lun: Lun, letter: str) -> bool:
    """Write a block full of a letter past all caches; whether the disk took it."""
    line = ["dd", f"of={node.devices(lun.serial)[0]}", f"bs={BLOCK}", "count=1", f"seek={WHERE}", "oflag=direct"]
    done = node.exec([*line, "iflag=fullblock"], input=letter * BLOCK)
    assert done.returncode == 0 or "Invalid exchange" in done.stderr, done.stderr
    return done.returncode == 0


def written(lun: Lun) -> str:
    """The letter that the disk holds, read behind the target's back."""
    (letter,) = set(lun.read(WHERE * BLOCK, BLOCK).decode())
    return letter


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    needs = requirements.KERNEL_LAB
    assert requirements.missing(packages=needs, files=requirements.KERNEL_LAB_FILES) == ""
    said = requirements.missing(path=str(tmp_path), packages=needs, files={str(tmp_path / "no.h"): "libiscsi-dev"})
    assert "user-mode-linux" in said
    assert "libiscsi-dev" in said


def test_nodes_have_kernels_names_and_identities_of_their_own(clean_kernel_lab: KernelLab) -> None:
    n1, n2 = clean_kernel_lab.nodes
    facts = [node.sh("hostname; uname -r; cat /etc/machine-id /proc/sys/kernel/random/boot_id") for node in (n1, n2)]
    (name1, release1, machine1, boot1), (name2, _, machine2, boot2) = (text.split() for text in facts)
    assert (name1, name2) == ("n1", "n2")
    assert release1 != os.uname().release
    assert machine1 != machine2
    assert boot1 != boot2
    assert n1.initiator != n2.initiator
    assert n1.exec(["ssh", "n2", "hostname"]).stdout == "n2\n"


def test_a_command_in_a_node_is_like_one_here(clean_kernel_lab: KernelLab) -> None:
    node = clean_kernel_lab.nodes[0]
    big = "".join(chr(33 + number % 90) for number in range(3_000_000))
    done = node.exec(
        ["sh", "-c", 'cat; echo "$WORD $PWD" >&2; exit 7'], env={"WORD": "two words"}, cwd="/etc", input=big
    )
    assert (done.returncode, done.stderr, done.stdout == big) == (7, "two words /etc\n", True)
    assert node.exec([sys.executable, "-c", "import attrs, sys; print(sys.prefix)"]).stdout.strip() == sys.prefix
    absent = node.exec(["no-such-command"])
    assert absent.returncode == 127
    assert "No such file" in absent.stderr
    assert node.exec(["sh", "-c", "kill -9 $$"]).returncode == -signal.SIGKILL
    with pytest.raises(subprocess.CalledProcessError):
        node.exec(["false"], check=True)


def test_signals_reach_the_command_and_a_time_limit_ends_its_group(clean_kernel_lab: KernelLab) -> None:
    node = clean_kernel_lab.nodes[0]
    with node.popen(["sh", "-c", "trap 'exit 42' TERM; echo on; while :; do sleep 0.1; done"]) as process:
        process.terminate()  # before it listens: the word goes after it
        assert process.wait(20) in {42, -signal.SIGTERM}
    with node.popen(["sh", "-c", "trap 'exit 42' TERM; echo on; while :; do sleep 0.1; done"]) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "on\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 42
    with pytest.raises(subprocess.TimeoutExpired):
        node.exec(["sh", "-c", "sleep 4242 & sleep 4242"], timeout=1)
    # The node kills when it hears that the client has hung up.
    node.sh("while pgrep -r S,R,D -f '^sleep 4242'; do :; done", timeout=20)


def test_osvc_runs_in_a_node_with_its_root_on_the_nodes_disk(clean_kernel_lab: KernelLab) -> None:
    node = clean_kernel_lab.nodes[0]
    done = node.exec(["osvc", "mon", "--format", "json"])
    assert done.returncode == 0, done.stderr
    assert node.sh('findmnt -n -o FSTYPE -T "$(dirname $OSVC_ROOT)"').strip() == "overlay"


def test_both_nodes_see_the_shared_disks_and_the_oracle_what_is_on_them(clean_kernel_lab: KernelLab) -> None:
    n1, n2 = clean_kernel_lab.nodes
    assert [disk.serial for disk in n1.list_disks()] == [lun.serial for lun in clean_kernel_lab.luns]
    assert [disk.wwid for disk in n1.list_disks()] == [disk.wwid for disk in n2.list_disks()]
    lun = clean_kernel_lab.luns[0]
    assert write(n1, lun, "a")
    assert written(lun) == "a"
    read = ["dd", f"if={n2.devices(lun.serial)[0]}", f"bs={BLOCK}", f"skip={WHERE}", "count=1", "iflag=direct"]
    assert set(n2.exec(read).stdout) == {"a"}


def test_a_reservation_keeps_the_other_node_from_writing(clean_kernel_lab: KernelLab) -> None:
    n1, n2 = clean_kernel_lab.nodes
    lun, san = clean_kernel_lab.luns[0], clean_kernel_lab.san
    register(n1, lun)
    assert reserve(n1, lun) == 0
    assert san.reservations(lun).holder == Holder(KEYS["n1"], 5)
    assert write(n1, lun, "a")
    assert not write(n2, lun, "b")
    assert reserve(n2, lun) == CONFLICT
    register(n2, lun)
    assert reserve(n2, lun) == CONFLICT
    assert preempt(n2, lun, n1) == 0
    assert not write(n1, lun, "c")
    assert written(lun) == "a"
    assert write(n2, lun, "d")
    now = san.reservations(lun)
    assert (now.keys, now.holder) == ((KEYS["n2"],), Holder(KEYS["n2"], 5))


def test_a_power_cut_keeps_disk_and_key_and_loses_the_right_to_write(clean_kernel_lab: KernelLab) -> None:
    n1, n2 = clean_kernel_lab.nodes
    lun, san = clean_kernel_lab.luns[0], clean_kernel_lab.san
    register(n1, lun)
    assert reserve(n1, lun) == 0
    before = n1.sh("cat /proc/sys/kernel/random/boot_id /etc/machine-id").split()
    n1.write("/opt/opensvc/var/kept", "on disk\n")
    n1.write("/run/lost", "in memory\n")
    with n1.popen(["sleep", "4242"]) as process:
        n1.kill()
        assert process.wait(20) != 0
    with pytest.raises(RuntimeError, match="n1 is off"):
        n1.exec(["true"])
    assert n2.exec(["ping", "-c", "1", "-W", "1", n1.address]).returncode == 1
    n1.on()
    after = n1.sh("cat /proc/sys/kernel/random/boot_id /etc/machine-id").split()
    assert (after[0] != before[0], after[1]) == (True, before[1])
    assert n1.read("/opt/opensvc/var/kept") == "on disk\n"
    assert n1.exec(["test", "-e", "/run/lost"]).returncode == 1
    # To tgt a new session is a new nexus: the old key is listed and holds, and is nobody's.
    assert san.reservations(lun).holder == Holder(KEYS["n1"], 5)
    assert not write(n1, lun, "a")
    register(n1, lun)
    assert write(n1, lun, "b")


def test_cables_are_cut_one_by_one(clean_kernel_lab: KernelLab) -> None:
    n1, n2 = clean_kernel_lab.nodes
    ping = ["ping", "-c", "1", "-W", "1"]
    n1.cut("pub")
    assert n2.exec([*ping, n1.address]).returncode == 1
    assert n1.exec([*ping, "10.79.0.254"]).returncode == 0
    n1.cut("san1")
    assert n1.exec([*ping, "10.79.0.254"]).returncode == 1
    n1.heal()
    assert n2.exec([*ping, n1.address]).returncode == 0
    assert write(n1, clean_kernel_lab.luns[0], "a")


def test_a_frozen_node_answers_nobody_and_goes_on_where_it_was(clean_kernel_lab: KernelLab) -> None:
    n1, n2 = clean_kernel_lab.nodes
    with n1.popen(["sh", "-c", "echo before; read line; echo after $line"], has_input=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "before\n"
        n1.freeze()
        assert n2.exec(["ping", "-c", "1", "-W", "1", n1.address]).returncode == 1
        process.stdin.write("all\n")
        process.stdin.flush()
        n1.thaw()
        assert process.stdout.readline() == "after all\n"


def test_volume_groups_are_real_and_tags_decide_who_activates(clean_kernel_lab: KernelLab) -> None:
    n1, n2 = clean_kernel_lab.nodes
    lun = clean_kernel_lab.luns[0]
    disk = n1.devices(lun.serial)[0]
    n1.sh(f"pvcreate -q {disk}; vgcreate -q data {disk}; lvcreate -q -an -Zn -Wn -L 16M -n one data")
    n1.sh("vgchange -q --addtag n1 data; vgchange -q -ay data; mkfs.ext4 -q /dev/data/one; mkdir -p /srv/a")
    n1.sh("mount /dev/data/one /srv/a; echo payload >/srv/a/file; sync")
    assert n1.sh("dmsetup info -c --noheadings -o open,name").strip() == "1:data-one"
    assert n2.sh("vgs --noheadings -o vg_name,vg_tags").split() == ["data", "n1"]
    assert "0 logical volume(s)" in n2.exec(["vgchange", "-ay", "data"]).stdout
    assert n2.sh("ls /sys/block | grep -c ^dm- || true").strip() == "0"
    n1.sh("umount /srv/a; vgchange -q -an data; vgchange -q --deltag n1 --addtag n2 data")
    n2.sh("vgchange -q -ay data; mkdir -p /srv/a; mount /dev/data/one /srv/a")
    assert n2.read("/srv/a/file") == "payload\n"


def test_a_clear_lab_has_nothing_left_of_a_test(clean_kernel_lab: KernelLab) -> None:
    n1, n2 = clean_kernel_lab.nodes
    lun, san = clean_kernel_lab.luns[0], clean_kernel_lab.san
    disk = n1.devices(lun.serial)[0]
    n1.sh(f"pvcreate -q {disk}; vgcreate -q --addtag n1 data {disk}; lvcreate -q -Zn -Wn -L 16M -n one data")
    n1.sh(
        "mkfs.ext4 -q /dev/data/one; mkdir -p /srv/a; mount /dev/data/one /srv/a; ip address add 10.77.0.99/24 dev eth0"
    )
    n1.write("/opt/opensvc/etc/svc.env", "[default]\n")
    register(n1, lun)
    assert reserve(n1, lun) == 0
    san.remove(clean_kernel_lab.luns[3])
    n1.cut("pub")
    n2.freeze()
    clean_kernel_lab.clear()
    assert n1.sh("ls /sys/block | grep -c ^dm- || true").strip() == "0"
    assert n1.sh("vgs --noheadings; ip -4 -o address show dev eth0; ls -d /opt/opensvc || true").count("\n") == 1
    assert san.reservations(lun).holder is None
    assert len(n2.list_disks()) == len(clean_kernel_lab.luns)


def test_a_frozen_target_hangs_those_who_ask_it(clean_kernel_lab: KernelLab) -> None:
    node, lun = clean_kernel_lab.nodes[0], clean_kernel_lab.luns[0]
    disk = node.devices(lun.serial)[0]
    clean_kernel_lab.san.freeze()
    with pytest.raises(subprocess.TimeoutExpired):
        node.exec(["sg_persist", "-n", "-k", disk], timeout=1)
    # No signal ends a process that waits for a disk.
    assert node.sh("ps -C sg_persist -o state=").strip() == "D"
    clean_kernel_lab.san.thaw()
    assert node.exec(["sg_persist", "-n", "-k", disk]).returncode == 0


def test_a_target_can_refuse_everything_to_everybody(clean_kernel_lab: KernelLab) -> None:
    node, lun = clean_kernel_lab.nodes[0], clean_kernel_lab.luns[0]
    disk = node.devices(lun.serial)[0]
    clean_kernel_lab.san.block(lun)
    assert node.exec(["sg_turs", disk]).returncode == CONFLICT
    assert not write(node, lun, "a")
    clean_kernel_lab.san.unblock(lun)
    assert write(node, lun, "a")


def test_a_disk_can_be_taken_away_and_brought_back(clean_kernel_lab: KernelLab) -> None:
    node, lun = clean_kernel_lab.nodes[0], clean_kernel_lab.luns[0]
    disk = node.devices(lun.serial)[0]
    assert write(node, lun, "a")
    read = ["dd", f"if={disk}", "of=/dev/null", "bs=4096", f"skip={WHERE}", "count=1", "iflag=direct"]
    clean_kernel_lab.san.remove(lun)
    assert "Input/output error" in node.exec(read).stderr
    clean_kernel_lab.san.restore(lun)
    assert node.exec(read).returncode == 0
    assert written(lun) == "a"


def test_a_disk_of_the_node_itself_knows_no_reservations(clean_kernel_lab: KernelLab) -> None:
    node = clean_kernel_lab.nodes[0]
    with node.plain_disk() as disk:
        done = node.exec(["sg_persist", "-n", "-k", disk])
        assert (done.returncode, done.stderr.splitlines()[0]) == (9, "PR in (Read keys): command not supported")
    assert len(node.list_disks()) == len(clean_kernel_lab.luns)


def test_a_node_loses_sight_of_one_of_a_groups_disks(clean_kernel_lab: KernelLab) -> None:
    node = clean_kernel_lab.nodes[0]
    first, second = clean_kernel_lab.luns[:2]
    node.sh("vgcreate -q --addtag n1 data " + " ".join(node.devices(lun.serial)[0] for lun in (first, second)))
    node.hide(second.serial)
    assert node.devices(second.serial) == []
    assert "wz-pn-" in node.sh("vgs --noheadings -o vg_attr data")
    node.look()
    assert "wz--n-" in node.sh("vgs --noheadings -o vg_attr data")


def test_a_thin_pool_that_is_full_takes_no_more(clean_kernel_lab: KernelLab) -> None:
    node, lun = clean_kernel_lab.nodes[0], clean_kernel_lab.luns[0]
    full_thin_pool(node, node.devices(lun.serial)[0], "data")
    assert node.sh("lvs --noheadings -o data_percent data/pool").strip() == "100.00"
    more = node.exec(["dd", "if=/dev/zero", "of=/dev/data/thin", "bs=1M", "seek=20", "count=1", "oflag=direct"])
    assert "No space left on device" in more.stderr


def test_a_delayed_cable_holds_commands_back_and_returns(clean_kernel_lab: KernelLab) -> None:
    node = clean_kernel_lab.nodes[0]
    disk = node.devices(clean_kernel_lab.luns[0].serial)[0]
    node.delay("san1", 100)
    with node.popen(["sg_turs", disk]) as slow:
        with pytest.raises(subprocess.TimeoutExpired):
            slow.wait(1)
        node.delay("san1", 0)
        assert slow.wait(60) == 0


@pytest.fixture(scope="module")
def lio_lab(kernel_requirements: None) -> Iterator[KernelLab]:
    """Two nodes and Linux's own target, two paths to each disk."""
    with KernelLab.up(2, san="lio", luns=2, paths=2) as lab:
        yield lab


@pytest.fixture
def lio(lio_lab: KernelLab) -> Iterator[tuple[KernelLab, Lio]]:
    """The lab and its target, clean."""
    lio_lab.clear()
    assert isinstance(lio_lab.san, Lio)
    yield lio_lab, lio_lab.san
    lio_lab.clear()


def test_lio_preempts_and_aborts_and_names_the_registrants(lio: tuple[KernelLab, Lio]) -> None:
    lab, san = lio
    n1, n2 = lab.nodes
    lun = lab.luns[0]
    assert [disk.portal for disk in n1.list_disks() if disk.serial == lun.serial] == ["10.79.0.200", "10.80.0.200"]
    for node in (n1, n2):
        for path in node.devices(lun.serial):
            node.exec(["sg_persist", "-n", "-o", "-I", "-S", f"{KEYS[node.name]:#x}", path], check=True)
    assert reserve(n1, lun) == 0
    assert sorted(san.registrants(lun).values()) == [KEYS["n1"]] * 2 + [KEYS["n2"]] * 2
    assert {name.partition(",")[0] for name in san.registrants(lun)} == {n1.initiator, n2.initiator}
    assert preempt(n2, lun, n1, "-A") == 0
    assert san.reservations(lun).keys == (KEYS["n2"], KEYS["n2"])
    assert not write(n1, lun, "a")
    assert write(n2, lun, "b")
    assert written(lun) == "b"


def test_lio_knows_a_node_again_after_a_power_cut(lio: tuple[KernelLab, Lio]) -> None:
    lab, _ = lio
    n1, lun = lab.nodes[0], lab.luns[0]
    register(n1, lun)
    assert reserve(n1, lun) == 0
    n1.kill()
    n1.on()
    # The same ports in the same order are the same nexuses: what was registered still writes.
    assert write(n1, lun, "a")


def test_one_of_two_paths_is_lost_and_returns(lio: tuple[KernelLab, Lio]) -> None:
    lab, _ = lio
    n1, lun = lab.nodes[0], lab.luns[0]
    first, second = n1.devices(lun.serial)
    n1.cut("san1")
    read = ["of=/dev/null", "count=1", "iflag=direct"]
    assert n1.exec(["dd", f"if={second}", *read]).returncode == 0
    assert n1.exec(["dd", f"if={first}", *read]).returncode == 1
    assert n1.exec(["sg_persist", "-n", "-k", first]).returncode == 56
    n1.heal("san1")
    n1.wait_disks()
    assert n1.exec(["dd", f"if={first}", *read]).returncode == 0


def test_lio_refuses_all_or_knows_no_reservations(lio: tuple[KernelLab, Lio]) -> None:
    lab, san = lio
    n1, lun = lab.nodes[0], lab.luns[0]
    san.block(lun)
    assert persist(n1, lun, "-i", "-k", key=False).returncode == CONFLICT
    assert persist(n1, lun, "-o", "-I", "-S", "0x1", key=False).returncode == CONFLICT
    san.unblock(lun)
    san.set_reservations(lun, is_able=False)
    assert persist(n1, lun, "-i", "-k", key=False).returncode == 9


def test_disks_are_read_from_what_a_node_prints() -> None:
    assert disks.parse("") == []
    text = (
        "sda 0:0:0:1 10.79.0.254 naa.6000ab000001\nsdb 1:0:0:0 - t10.LAB     DISK  x \n"
        "==> /sys/block/sda/device/vpd_pg80 <==\nlab-lun01\0\n==> /sys/block/sdb/device/vpd_pg80 <==\n"
    )
    first, second = disks.parse(text)
    assert (first.path, first.portal, first.serial) == ("/dev/sda", "10.79.0.254", "lab-lun01")
    assert (second.wwid, second.portal, second.serial) == ("t10.LAB     DISK  x", "-", "")
    with pytest.raises(ValueError, match="unpack"):
        disks.parse("garbage\n")


def processes_of(folder: Path) -> list[str]:
    """The command lines of processes that name a folder."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            text = line.read_text(errors="replace")
            if str(folder) in text:
                found.append(text.replace("\0", " "))
    return found


def test_a_killed_session_is_swept_away_by_the_next(kernel_requirements: None, tmp_path: Path) -> None:
    code = (
        "import os, signal; from tests.lab.uml.lab import KernelLab; lab = KernelLab.up(1);"
        "print(lab.folder.path, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    line, env = [sys.executable, "-c", code], {**os.environ, "TMPDIR": str(tmp_path)}
    killed = subprocess.run(line, cwd=REPOSITORY, env=env, capture_output=True, text=True, timeout=90, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    folder = Path(killed.stdout.strip())
    assert (folder / "disk").is_mount()
    assert leftovers.sweep(tmp_path) == [folder]
    assert list(tmp_path.iterdir()) == []
    deadline = time.monotonic() + 30
    while processes_of(folder):
        assert time.monotonic() < deadline, processes_of(folder)
