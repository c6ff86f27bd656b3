"""The lab proves itself: nodes, libvirtd and every kind of guest do what the tests that use them rely on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab import cgroups, leftovers, requirements
from tests.lab.agent import Osvc
from tests.lab.domain_xml import Kind
from tests.lab.libvirt import URI, Hypervisor
from tests.lab.nodes import Lab
from tests.lab.processes import OutputWatch
from tests.lab.specification import REPOSITORY

LINUX = "10.77.0.101"


V1_AND_V2 = """\
31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate
42 31 0:39 / /mnt/cgroup/pids rw,relatime - cgroup cgroup rw,pids
"""
V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"


def test_control_groups_are_found_in_both_layouts() -> None:
    found = {(str(tree.path), tree.filesystem, tree.options) for tree in cgroups.list_hierarchies(V1_AND_V2)}
    assert found == {
        ("/sys/fs/cgroup/cpu,cpuacct", "cgroup", "cpu,cpuacct"),
        ("/sys/fs/cgroup/systemd", "cgroup", "none,name=systemd"),
        ("/sys/fs/cgroup/unified", "cgroup2", ""),
    }
    assert [(str(tree.path), tree.filesystem) for tree in cgroups.list_hierarchies(V2)] == [
        ("/sys/fs/cgroup", "cgroup2")
    ]


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    assert requirements.missing() == ""
    assert "root" in requirements.missing(user=1000)
    (tmp_path / "virsh").symlink_to("/bin/true")
    said = requirements.missing(path=str(tmp_path))
    assert "libvirt-daemon-system" in said
    assert "libvirt-clients" not in said


def test_nodes_have_their_own_name_processes_and_addresses(lab: Lab) -> None:
    first, second = lab.nodes
    assert first.exec(["hostname"]).stdout == "node1\n"
    assert first.exec(["cat", "/proc/1/comm"]).stdout != Path("/proc/1/comm").read_text()
    assert "10.77.0.1/24" in first.exec(["ip", "-brief", "address", "show", "br0"]).stdout
    assert first.exec(["ssh", second.address, "hostname"]).stdout == "node2\n"


def test_a_node_writes_to_its_own_disk_only(lab: Lab) -> None:
    first, second = lab.nodes
    first.write("/etc/opensvc-lab-probe", "mine\n")
    assert first.read("/etc/opensvc-lab-probe") == "mine\n"
    assert second.exec(["test", "-e", "/etc/opensvc-lab-probe"]).returncode == 1
    assert not Path("/etc/opensvc-lab-probe").exists()


def test_a_node_runs_the_interpreter_of_the_tests(lab: Lab) -> None:
    done = lab.nodes[0].exec([sys.executable, "-c", "import attrs, sys; print(sys.prefix)"])
    assert done.stdout.strip() == sys.prefix, done.stderr


def test_osvc_runs_in_a_node_with_a_root_of_its_own(lab: Lab, osvc: Osvc) -> None:
    assert osvc(lab.nodes[0], "--help").returncode == 0
    osvc.write_service(lab.nodes[0], "svc1", "[default]\n")
    assert lab.nodes[0].read(f"{osvc.root}/etc/svc1.env") == "[default]\n"


def test_what_takes_too_long_is_killed_and_says_so(lab: Lab) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        lab.nodes[0].exec(["sh", "-c", "sleep 4242 & sleep 4242"], timeout=0.5)
    assert lab.nodes[0].exec(["pgrep", "-r", "S,R,D", "-f", "sleep 4242"]).stdout == ""


def test_a_signal_reaches_the_command_and_its_status_comes_back(lab: Lab) -> None:
    with lab.nodes[0].popen(["sh", "-c", "trap 'exit 42' TERM; echo on; while :; do sleep 0.01; done"]) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "on\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 42


def test_a_power_cut_ends_all_and_keeps_the_disk(lab: Lab) -> None:
    node = lab.nodes[1]
    before = node.read("/proc/sys/kernel/random/boot_id")
    node.write("/var/kept", "on disk\n")
    node.write("/run/lost", "in memory\n")
    with node.popen(["sleep", "4242"]) as process:
        node.off()
        assert process.wait(10) != 0
    with pytest.raises(RuntimeError, match="node2 is off"):
        node.exec(["true"])
    assert lab.nodes[0].exec(["ping", "-c", "1", "-W", "1", node.address]).returncode == 1
    node.on()
    assert node.read("/var/kept") == "on disk\n"
    assert node.exec(["test", "-e", "/run/lost"]).returncode == 1
    assert node.read("/proc/sys/kernel/random/boot_id") != before


def test_a_cut_cable_silences_one_segment(lab: Lab) -> None:
    first, second = lab.nodes
    ping = ["ping", "-c", "1", "-W", "1"]
    second.cut("pub")
    try:
        assert first.exec([*ping, "10.77.0.2"]).returncode == 1
        assert first.exec([*ping, "10.78.0.2"]).returncode == 0
    finally:
        second.plug("pub")
    assert first.exec([*ping, "10.77.0.2"]).returncode == 0


def test_a_killed_session_is_swept_away_by_the_next(tmp_path: Path) -> None:
    code = (
        "import os, signal; from tests.lab.nodes import Lab; lab = Lab.up(1);"
        "print(lab.folder.path, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    line, env = [sys.executable, "-c", code], {**os.environ, "TMPDIR": str(tmp_path)}
    killed = subprocess.run(line, cwd=REPOSITORY, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    folder = Path(killed.stdout.strip())
    assert (folder / "disk").is_mount()
    assert leftovers.sweep(tmp_path) == [folder]
    assert list(tmp_path.iterdir()) == []
    assert not [path for tree in cgroups.list_hierarchies() for path in tree.path.glob(f"{folder.name}*")]


def test_a_running_session_is_not_swept_away(lab: Lab) -> None:
    assert lab.folder.path not in leftovers.sweep(lab.folder.path.parent)
    assert lab.nodes[0].exec(["true"]).returncode == 0


def test_a_boot_guest_starts_and_obeys_the_power_button(clean_hypervisor: Hypervisor) -> None:
    clean_hypervisor.add("plain")
    assert clean_hypervisor.state("plain") == "shut off"
    clean_hypervisor.virsh("start", "plain", check=True)
    clean_hypervisor.wait_booted("plain")
    assert clean_hypervisor.state("plain") == "running"
    clean_hypervisor.virsh("shutdown", "plain", check=True)
    clean_hypervisor.wait_state("plain", "shut off")


def test_a_stubborn_guest_ignores_the_button_and_can_be_destroyed(clean_hypervisor: Hypervisor) -> None:
    clean_hypervisor.add("mule", Kind.STUBBORN)
    clean_hypervisor.add("plain")
    for name in ("mule", "plain"):
        clean_hypervisor.virsh("start", name, check=True)
        clean_hypervisor.wait_booted(name)
    clean_hypervisor.virsh("shutdown", "mule", check=True)
    clean_hypervisor.virsh("shutdown", "plain", check=True)
    clean_hypervisor.wait_state("plain", "shut off")
    # The other one, told later, is down: this one has had its time.
    assert clean_hypervisor.state("mule") == "running"
    clean_hypervisor.virsh("destroy", "mule", check=True)
    assert clean_hypervisor.state("mule") == "shut off"


@pytest.mark.parametrize(
    ("kind", "state"), [(Kind.SLEEPER, "pmsuspended"), (Kind.PANICKED, "crashed")], ids=["suspends", "panics"]
)
def test_guests_reach_the_rarer_states(clean_hypervisor: Hypervisor, kind: Kind, state: str) -> None:
    clean_hypervisor.add("odd", kind)
    clean_hypervisor.virsh("start", "odd", check=True)
    clean_hypervisor.wait_state("odd", state)


def test_many_guests_are_defined_and_cleared(clean_hypervisor: Hypervisor) -> None:
    names = [f"many{number:03}" for number in range(200)]
    clean_hypervisor.add_many(names)
    assert clean_hypervisor.virsh("list", "--all", "--name", check=True).stdout.split() == names
    clean_hypervisor.clear()
    assert clean_hypervisor.virsh("list", "--all", "--name", check=True).stdout.split() == []


def test_a_definition_that_libvirt_refuses_is_an_error(clean_hypervisor: Hypervisor) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        clean_hypervisor.define("broken", "<domain/>")


def test_a_slow_hook_hangs_who_asks_for_its_guest_and_is_ended_by_clear(clean_hypervisor: Hypervisor) -> None:
    clean_hypervisor.add("slow")
    clean_hypervisor.add("other")
    clean_hypervisor.set_hook('#!/bin/sh\n[ "$1/$2" != slow/prepare ] || { echo begun >/run/hook; sleep 4242; }\n')
    node = clean_hypervisor.node
    node.exec(["rm", "-f", "/run/hook"])  # another test's word must not be taken for this one's
    with node.popen(["virsh", "-c", URI, "start", "slow"]) as start:
        with OutputWatch(node.popen(["tail", "-n", "+1", "-F", "/run/hook"])) as hook:
            hook.wait_for("begun", 30)
        with pytest.raises(subprocess.TimeoutExpired):
            clean_hypervisor.virsh("domstats", "--state", timeout=1)
        assert "state.state=5" in clean_hypervisor.virsh("domstats", "--state", "other").stdout
        clean_hypervisor.clear()
        assert start.wait(30) == 1
    assert node.exec(["pgrep", "-f", "sleep 4242"]).returncode == 1


def test_a_linux_guest_answers_and_runs_its_launchers_and_so_does_its_agent(clean_hypervisor: Hypervisor) -> None:
    launcher = '#!/bin/sh\necho "$(hostname) $1"\nexit 7\n'
    xml = clean_hypervisor.domain_xml("penguin", Kind.AGENT, ip=LINUX, launchers={"S10db": launcher})
    clean_hypervisor.define("penguin", xml)
    clean_hypervisor.virsh("start", "penguin", check=True)
    clean_hypervisor.wait_booted("penguin")
    assert clean_hypervisor.node.exec(["ping", "-c", "1", "-W", "5", LINUX]).returncode == 0
    done = clean_hypervisor.ssh(LINUX, "/svc/etc/init.d/S10db", "start")
    assert (done.returncode, done.stdout) == (7, "penguin start\n")
    assert clean_hypervisor.ssh(LINUX, "/bin/pwd").stdout == "/root\n"
    assert clean_hypervisor.ssh(LINUX, "/usr/bin/find /svc/etc/init.d -name 'S*'").stdout == "/svc/etc/init.d/S10db\n"
    assert clean_hypervisor.ssh(LINUX, "touch", "/svc/etc/init.d/S20web").returncode == 0
    key, other = (clean_hypervisor.host_key(number) for number in (1, 2))
    scan = clean_hypervisor.node.exec(["ssh-keyscan", "-t", "ed25519", LINUX]).stdout
    assert key in scan
    assert other not in scan
    # busybox knows no JSON: the address must be read from ifconfig.
    assert clean_hypervisor.ssh(LINUX, "ip -j addr").returncode != 0
    assert LINUX in clean_hypervisor.ssh(LINUX, "ifconfig eth0").stdout
    done = clean_hypervisor.virsh("qemu-agent-command", "penguin", '{"execute": "guest-ping"}')
    assert done.stdout.strip() == '{"return":{}}', done.stderr
    asked = clean_hypervisor.virsh("shutdown", "penguin", "--mode", "agent")
    # A guest that is quick has no power any more before libvirt hears its answer (seen with libvirt 9.0).
    assert asked.returncode == 0 or "End of file from agent socket" in asked.stderr, asked.stderr
    clean_hypervisor.wait_state("penguin", "shut off")


def test_a_deaf_linux_guest_shows_its_other_host_key_and_ignores_the_button(clean_hypervisor: Hypervisor) -> None:
    xml = clean_hypervisor.domain_xml("deaf", Kind.DEAF_LINUX, ip=LINUX, host_key=2)
    clean_hypervisor.define("deaf", xml)
    clean_hypervisor.add("plain")
    for name in ("deaf", "plain"):
        clean_hypervisor.virsh("start", name, check=True)
        clean_hypervisor.wait_booted(name)
    assert clean_hypervisor.host_key(2) in clean_hypervisor.node.exec(["ssh-keyscan", "-t", "ed25519", LINUX]).stdout
    for name in ("deaf", "plain"):
        clean_hypervisor.virsh("shutdown", name, check=True)
    clean_hypervisor.wait_state("plain", "shut off")
    assert clean_hypervisor.state("deaf") == "running"


def test_a_frozen_libvirtd_hangs_its_clients(clean_hypervisor: Hypervisor) -> None:
    clean_hypervisor.freeze()
    with pytest.raises(subprocess.TimeoutExpired):
        clean_hypervisor.virsh("list", timeout=1)
    clean_hypervisor.thaw()
    assert clean_hypervisor.virsh("list").returncode == 0


def test_guests_outlive_a_killed_libvirtd(clean_hypervisor: Hypervisor) -> None:
    clean_hypervisor.add("mule", Kind.STUBBORN)
    clean_hypervisor.virsh("start", "mule", check=True)
    qemu = clean_hypervisor.qemu_pid("mule")
    clean_hypervisor.kill()
    refused = clean_hypervisor.virsh("list")
    assert refused.returncode == 1
    assert "failed to connect to the hypervisor" in refused.stderr
    clean_hypervisor.start()
    assert clean_hypervisor.state("mule") == "running"
    assert clean_hypervisor.qemu_pid("mule") == qemu


def test_a_clear_hypervisor_has_no_guest_whatever_was_done(clean_hypervisor: Hypervisor) -> None:
    clean_hypervisor.set_hook("#!/bin/sh\nexit 0\n")
    clean_hypervisor.add("mule", Kind.STUBBORN)
    clean_hypervisor.virsh("start", "mule", check=True)
    clean_hypervisor.signal_guest("mule", "STOP")
    clean_hypervisor.freeze()
    clean_hypervisor.clear()
    assert clean_hypervisor.virsh("list", "--all", "--name", check=True).stdout.split() == []
    assert list(clean_hypervisor.files.glob("mule*")) == []


def test_a_hypervisor_comes_back_after_a_power_cut(clean_hypervisor: Hypervisor) -> None:
    clean_hypervisor.add("plain")
    clean_hypervisor.virsh("start", "plain", check=True)
    clean_hypervisor.node.off()
    clean_hypervisor.node.on()
    assert clean_hypervisor.pid is None
    clean_hypervisor.start()
    assert clean_hypervisor.state("plain") == "shut off"
