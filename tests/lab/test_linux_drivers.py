"""`ip.host` and `fs.mount` on real interfaces and real file systems, through `osvc`: services without a guest."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lab.agent import Osvc
from tests.lab.nodes import Lab, Node
from tests.lab.processes import OutputWatch

ADDRESS = "10.77.0.50"
ADDRESS6 = "fd00:77::50"
NAME = "erp01"
MNT = "/srv/erp"

LAUNCHER = """\
#!/bin/sh
case "$1" in
start) cp /proc/self/mountinfo {mnt}/mounts-at-start; ip -4 addr show br0 >{mnt}/addresses-at-start ;;
stop) rm {mnt}/addresses-at-start ;;
status) [ -e {mnt}/addresses-at-start ] ;;
esac
"""


class Site:
    """Two nodes of one segment, and what the tests put on them."""

    def __init__(self, lab: Lab, osvc: Osvc, undo: ExitStack) -> None:
        self.one, self.two = lab.nodes[:2]
        self._osvc = osvc
        self._undo = undo

    def service(self, *sections: str, node: Node | None = None, name: str = NAME) -> None:
        """A service of both nodes, on one of them or on both."""
        text = "\n\n".join(["[default]\nnodes = node1 node2", *sections]) + "\n"
        for each in (node,) if node else (self.one, self.two):
            self._osvc.write_service(each, name, text)

    def launcher(self, node: Node) -> None:
        folder = f"{self._osvc.root}/etc/{NAME}.d"
        for word in ("S10erp", "K10erp", "C10erp"):
            node.write(f"{folder}/{word}", LAUNCHER.format(mnt=MNT), mode=0o755)

    def osvc(self, node: Node, *args: str, **more: Any) -> subprocess.CompletedProcess[str]:
        return self._osvc(node, *args, **more)

    def popen(self, node: Node, *args: str) -> Any:
        return self._osvc.popen(node, *args)

    def done(self, node: Node, *args: str) -> str:
        """The output of a command of the agent that must succeed."""
        done = self.osvc(node, *args)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def refused(self, node: Node, *args: str, rc: int) -> str:
        """The output of one that must end with that status."""
        done = self.osvc(node, *args)
        assert done.returncode == rc, done.stdout + done.stderr
        return done.stdout + done.stderr

    def status(self, node: Node, name: str = NAME) -> dict[str, tuple[str, str]]:
        """By rid: state, and its notes on one line; without replication, which no start or stop is about."""
        said = json.loads(self.osvc(node, "status", name, "--format", "json").stdout)["services"][name]
        return {
            rid: (each["status"], "; ".join(f"{note['code']}: {note['text']}" for note in each["notes"]))
            for rid, each in said["resources"].items()
            if not rid.startswith("sync#")
        }

    def states(self, node: Node) -> dict[str, str]:
        return {rid: state for rid, (state, _) in self.status(node).items()}

    def on_exit(self, node: Node, *argv: str) -> None:
        """Run a command in a node when the test is over, whatever it did."""
        self._undo.callback(lambda: node.exec(list(argv)) if node.is_on else None)

    def run(self, node: Node, *argv: str) -> str:
        return node.exec(list(argv), check=True).stdout

    def image(self, node: Node, name: str, *, label: str = "", size: str = "16M") -> str:
        """A file with an ext4 file system in a node."""
        if not Path("/dev/loop-control").exists():
            pytest.skip("this kernel has no loop devices (modprobe loop)")
        path = f"/srv/{name}.img"
        self.run(node, "mkdir", "-p", "/srv")
        self.run(node, "truncate", "-s", size, path)
        self.run(node, "mkfs.ext4", "-q", *(("-L", label) if label else ()), path)
        self.on_exit(node, "rm", "-f", path)
        return path

    def disk(self, node: Node, name: str, *, label: str = "") -> str:
        """A block device with an ext4 file system: a loop device, which all nodes of this machine share."""
        device = self.run(node, "losetup", "-f", "--show", self.image(node, name, label=label)).strip()
        self.on_exit(node, "losetup", "-d", device)
        return device

    def addresses(self, node: Node, device: str = "br0") -> list[str]:
        (link,) = json.loads(self.run(node, "ip", "-j", "addr", "show", "dev", device))
        return [each["local"] for each in link["addr_info"]]

    def mac(self, node: Node) -> str:
        (link,) = json.loads(self.run(node, "ip", "-j", "link", "show", "dev", "br0"))
        return str(link["address"])

    def neighbour(self, node: Node, address: str) -> str:
        """The MAC address that a node takes to be behind an address."""
        found = json.loads(self.run(node, "ip", "-j", "neigh", "show", address, "dev", "br0"))
        return str(found[0].get("lladdr", "")) if found else ""

    def mounted(self, node: Node, point: str = MNT) -> bool:
        return any(line.split()[4] == point for line in node.read("/proc/self/mountinfo").splitlines())


@pytest.fixture
def site(lab: Lab, osvc: Osvc) -> Iterator[Site]:
    with ExitStack() as undo:
        site = Site(lab, osvc, undo)
        before = {node.name: site.addresses(node) for node in (site.one, site.two)}
        yield site
        undo.close()
        for node in (site.one, site.two):
            for address in set(site.addresses(node)) - set(before[node.name]):
                node.exec(["ip", "addr", "del", f"{address}/{64 if ':' in address else 24}", "dev", "br0"])
            for point in (MNT + "/sub", MNT, "/srv/shown"):
                node.exec(["umount", point])


def ip(address: str = ADDRESS, rid: str = "ip#0", *lines: str) -> str:
    return "\n".join([f"[{rid}]", f"ipname = {address}", "ipdev = br0", *lines])


def fs(dev: str, *lines: str, mnt: str = MNT, rid: str = "fs#0") -> str:
    return "\n".join([f"[{rid}]", f"dev = {dev}", f"mnt = {mnt}", *lines])


# -- the whole ------------------------------------------------------------------------------------------------------


def test_a_service_without_a_guest_starts_and_stops(site: Site) -> None:
    device = site.disk(site.one, "data")
    site.service(fs(device, "type = ext4"), ip(), "[app#0]", node=site.one)
    site.launcher(site.one)
    assert set(site.states(site.one).values()) == {"down"}
    site.done(site.one, "start", NAME)
    assert site.states(site.one) == {"fs#0": "up", "ip#0": "up", "app#0": "up"}
    assert ADDRESS in site.addresses(site.one)
    assert f" {MNT} " in site.run(site.one, "cat", f"{MNT}/mounts-at-start"), "mounted before the application"
    assert ADDRESS in site.run(site.one, "cat", f"{MNT}/addresses-at-start"), "there before the application"
    assert "nothing" not in site.done(site.one, "start", NAME)
    told = json.loads(site.done(site.one, "inventory", NAME, "--format", "json"))["services"][NAME]
    (disk,) = told["disks"]
    assert (disk["path"], disk["size"]) == (device, int(site.run(site.one, "blockdev", "--getsize64", device)))
    assert told["addresses"] == [ADDRESS]
    checks = json.loads(site.done(site.one, "node", "checks", "--format", "json"))["checks"]
    assert {each["type"]: each["service"] for each in checks if each["instance"] == MNT} == {"fs_u": NAME, "fs_i": NAME}
    site.done(site.one, "stop", NAME)
    assert set(site.states(site.one).values()) == {"down"}
    assert ADDRESS not in site.addresses(site.one)
    assert not site.mounted(site.one)


def test_a_later_failure_takes_back_what_was_brought_up(site: Site) -> None:
    device = site.disk(site.one, "data")
    site.service(fs(device), fs("/dev/nothing", mnt=MNT + "/sub", rid="fs#1"), ip(), node=site.one)
    assert "there is no /dev/nothing" in site.refused(site.one, "start", NAME, rc=1)
    assert not site.mounted(site.one)
    assert ADDRESS not in site.addresses(site.one)


# -- addresses ------------------------------------------------------------------------------------------------------


@contextmanager
def ipv6(*nodes: Node) -> Iterator[None]:
    """IPv6 on `br0` of nodes, with addresses of one network; the lab has it switched off."""
    for node in nodes:
        node.exec(["sysctl", "-qw", "net.ipv6.conf.br0.disable_ipv6=0"], check=True)
        node.exec(["ip", "addr", "add", f"fd00:77::{node.number}/64", "dev", "br0", "nodad"], check=True)
    try:
        yield
    finally:
        for node in nodes:
            node.exec(["sysctl", "-qw", "net.ipv6.conf.br0.disable_ipv6=1"])


def test_a_duplicate_on_another_node_is_refused_and_named(site: Site) -> None:
    site.service(ip())
    site.done(site.one, "start", NAME)
    # It need not answer ping to be there.
    site.run(site.one, "sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=1")
    site.on_exit(site.one, "sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=0")
    said = site.refused(site.two, "start", NAME, rc=4)
    assert "duplicate_address" in said
    assert site.mac(site.one) in said
    assert ADDRESS not in site.addresses(site.two)
    assert site.states(site.two) == {"ip#0": "down"}
    site.done(site.one, "stop", NAME)
    site.done(site.two, "start", NAME)
    assert ADDRESS in site.addresses(site.two)


def test_an_operator_can_permit_a_duplicate(site: Site) -> None:
    site.service(ip())
    site.done(site.one, "start", NAME)
    assert "taken all the same" in site.done(site.two, "start", NAME, "--permit", "duplicate_address")


def test_neighbours_learn_where_the_address_lies_now(site: Site) -> None:
    site.service(ip())
    site.run(site.two, "sysctl", "-qw", "net.ipv4.neigh.br0.locktime=0")
    site.run(site.two, "ip", "neigh", "replace", ADDRESS, "lladdr", "02:00:00:00:00:01", "dev", "br0", "nud", "stale")
    site.on_exit(site.two, "ip", "neigh", "del", ADDRESS, "dev", "br0")
    site.done(site.one, "start", NAME)
    assert site.neighbour(site.two, ADDRESS) == site.mac(site.one)


def test_an_ipv6_address_has_one_owner_whom_neighbours_know(site: Site) -> None:
    site.service(ip(ADDRESS6))
    with ipv6(site.one, site.two):
        site.run(
            site.two, "ip", "neigh", "replace", ADDRESS6, "lladdr", "02:00:00:00:00:01", "dev", "br0", "nud", "stale"
        )
        site.done(site.one, "start", NAME)
        assert site.states(site.one) == {"ip#0": "up"}
        assert site.neighbour(site.two, ADDRESS6) == site.mac(site.one)
        said = site.refused(site.two, "start", NAME, rc=4)
        assert "duplicate_address" in said
        assert site.mac(site.one) in said
        site.done(site.one, "stop", NAME)
        assert ADDRESS6 not in site.addresses(site.one)
        site.done(site.two, "start", NAME)


def test_the_kernel_s_own_finding_of_a_duplicate_fails_the_start(site: Site) -> None:
    site.service(ip(ADDRESS6))
    with ipv6(site.one, site.two):
        site.done(site.one, "start", NAME)
        said = site.refused(site.two, "start", NAME, "--permit", "duplicate_address", rc=1)
        assert "duplicate_address" in said or "in use by another machine" in said
        assert site.mac(site.one) in said
        assert ADDRESS6 not in site.addresses(site.two), "the way back takes it away again"


def test_an_ipv6_address_where_ipv6_is_off_says_so(site: Site) -> None:
    site.service(ip(ADDRESS6, "ip#0", "netmask = 64"), node=site.one)
    assert "IPv6 is switched off on br0" in site.refused(site.one, "start", NAME, rc=1)


def test_a_stop_leaves_the_addresses_of_others(site: Site) -> None:
    site.service(ip("10.99.0.50", "ip#0", "netmask = 24"), node=site.one)
    site.on_exit(site.one, "ip", "addr", "del", "10.99.0.51/24", "dev", "br0")
    site.on_exit(site.one, "sysctl", "-qw", "net.ipv4.conf.br0.promote_secondaries=0")
    site.done(site.one, "start", NAME)
    site.run(site.one, "ip", "addr", "add", "10.99.0.51/24", "dev", "br0")
    assert "10.99.0.51 would go with it" in site.done(site.one, "stop", NAME)
    found = site.addresses(site.one)
    assert "10.99.0.51" in found
    assert "10.99.0.50" not in found


def test_a_lost_cable_is_a_warning_and_forbids_a_start(site: Site) -> None:
    site.service(ip())
    site.done(site.one, "start", NAME)
    for node in (site.one, site.two):
        node.cut("pub")
    try:
        # The bridge takes note of a lost port in its own time.
        for node in (site.one, site.two):
            node.exec(["sh", "-c", "until ip -o link show br0 | grep -q NO-CARRIER; do sleep 0.05; done"], check=True)
        state, notes = site.status(site.one)["ip#0"]
        assert state == "warn"
        assert "no_carrier" in notes
        assert "no_carrier" in site.refused(site.two, "start", NAME, rc=4)
    finally:
        for node in (site.one, site.two):
            node.plug("pub")
    assert site.states(site.one) == {"ip#0": "up"}


PROBER = """
import socket, sys, time
from opensvc_drivers_linux.packets import ARP, question
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as opened:
    opened.bind(("br0", ARP))
    print("probing", flush=True)
    while True:
        opened.send(question(sys.argv[1], sys.argv[2]))
        time.sleep(0.05)
"""
ASKER = """
import sys
from opensvc_core.clock import Cancel, SystemClock
from opensvc_drivers_linux.links import parse_links
from opensvc_drivers_linux.segment import EthernetSegment
(link,) = (each for each in parse_links(sys.stdin.read()) if each.name == "br0")
print(EthernetSegment().find_owner(sys.argv[1], link, {link.mac}, SystemClock(), Cancel(), sys.argv[2]))
"""


@pytest.mark.parametrize(
    ("mac", "sender", "is_heard"),
    [
        ("02:00:00:00:00:01", "", True),
        ("fe:ff:ff:ff:ff:ff", "", False),
        ("02:00:00:00:00:01", "10.77.0.1", False),
    ],
    ids=["a lower one goes first", "a higher one waits", "who only asks is not disturbed"],
)
def test_of_two_that_probe_at_once_the_lower_goes_on(site: Site, mac: str, sender: str, is_heard: bool) -> None:
    with OutputWatch(site.two.popen([sys.executable, "-c", PROBER, ADDRESS, mac])) as prober:
        prober.wait_for("probing", 20)
        links = site.run(site.one, "ip", "-j", "addr", "show")
        said = site.one.exec([sys.executable, "-c", ASKER, ADDRESS, sender], input=links, check=True).stdout
    assert (mac in said) == is_heard, said


def test_two_nodes_at_once_never_both_have_it(site: Site, osvc_runs: int) -> None:
    site.service(ip())
    for _ in range(2 * osvc_runs):
        runs = [site.popen(node, "start", NAME) for node in (site.one, site.two)]
        for run in runs:
            run.communicate(timeout=60)
        bearers = [node for node in (site.one, site.two) if ADDRESS in site.addresses(node)]
        assert len(bearers) == 1, [run.returncode for run in runs]
        assert sorted(run.returncode for run in runs) in ([0, 1], [0, 4])
        site.done(bearers[0], "stop", NAME)


# -- file systems ---------------------------------------------------------------------------------------------------


def test_each_way_to_name_what_is_mounted(site: Site) -> None:
    image = site.image(site.one, "image")
    site.disk(site.one, "labelled", label="erp-lab")
    site.run(site.one, "mkdir", "-p", "/srv/from/here")
    for section in (
        fs(image, "mnt_opt = loop"),
        fs("LABEL=erp-lab"),
        fs("tmpfs", "type = tmpfs", "mnt_opt = size=1m"),
        fs("/srv/from/here", "mnt_opt = bind"),
    ):
        site.service(section, node=site.one)
        site.done(site.one, "start", NAME)
        assert site.status(site.one) == {"fs#0": ("up", "")}, section
        site.done(site.one, "stop", NAME)
        assert site.states(site.one) == {"fs#0": "down"}, section


def test_file_systems_that_lie_on_each_other_start_in_that_order(site: Site) -> None:
    device = site.disk(site.one, "data")
    upper = fs("tmpfs", "type = tmpfs", mnt=MNT + "/sub", rid="fs#0")
    shown = fs(MNT + "/sub", "mnt_opt = bind", mnt="/srv/shown", rid="fs#1")
    site.service(upper, shown, fs(device, rid="fs#2"), node=site.one)
    site.done(site.one, "start", NAME)
    assert set(site.states(site.one).values()) == {"up"}
    said = site.refused(site.one, "stop", NAME, "--rid", "fs#2", rc=4)
    assert "in_use" in said
    site.done(site.one, "stop", NAME)
    assert set(site.states(site.one).values()) == {"down"}


def test_who_keeps_a_mount_busy_is_named(site: Site) -> None:
    device = site.disk(site.one, "data")
    site.service(fs(device, "stop_timeout = 1"), node=site.one)
    site.done(site.one, "start", NAME)
    with site.one.popen(["sleep", "600"], cwd=MNT) as sleeper:
        try:
            said = site.refused(site.one, "stop", NAME, rc=6)
            assert "(sleep: its current folder)" in said
            assert site.states(site.one) == {"fs#0": "up"}, "never unmounted lazily"
        finally:
            sleeper.kill()
    site.done(site.one, "stop", NAME)


def test_a_mount_of_somebody_else_on_top_is_named_and_left(site: Site) -> None:
    device = site.disk(site.one, "data")
    site.service(fs(device), node=site.one)
    site.done(site.one, "start", NAME)
    site.run(site.one, "mkdir", f"{MNT}/sub")
    site.run(site.one, "mount", "-t", "tmpfs", "tmpfs", f"{MNT}/sub")
    assert f"{MNT}/sub is mounted on it" in site.refused(site.one, "stop", NAME, rc=6)
    assert site.mounted(site.one, f"{MNT}/sub")


def test_a_device_that_is_mounted_elsewhere_is_in_use(site: Site) -> None:
    device = site.disk(site.one, "data")
    site.service(fs(device), node=site.one)
    site.run(site.one, "mkdir", "-p", "/srv/shown")
    site.run(site.one, "mount", device, "/srv/shown")
    state, notes = site.status(site.one)["fs#0"]
    assert state == "warn"
    assert "mounted_elsewhere" in notes
    assert "/srv/shown" in site.refused(site.one, "start", NAME, rc=4)
    assert not site.mounted(site.one)


def test_a_file_system_that_became_read_only_is_a_warning(site: Site) -> None:
    device = site.disk(site.one, "data")
    site.service(fs(device), node=site.one)
    site.done(site.one, "start", NAME)
    site.run(site.one, "mount", "-o", "remount,ro", MNT)
    state, notes = site.status(site.one)["fs#0"]
    assert state == "warn"
    assert "read_only" in notes
    site.done(site.one, "stop", NAME)


def test_a_file_system_beyond_safe_repair_is_not_mounted(site: Site) -> None:
    device = site.disk(site.one, "data")
    # The root folder's inode, which a check repairs only when somebody says yes.
    site.run(site.one, "debugfs", "-w", "-R", "clri <2>", device)
    site.run(site.one, "debugfs", "-w", "-R", "ssv state 2", device)
    site.service(fs(device, "type = ext4"), node=site.one)
    said = site.refused(site.one, "start", NAME, rc=1)
    assert "its check ended with status 4" in said
    assert f"fsck {device}" in said
    assert not site.mounted(site.one)


# -- storage that hangs -----------------------------------------------------------------------------------------------


@pytest.fixture
def frozen(site: Site) -> Iterator[str]:
    """A disk on which every write hangs in the kernel until the test is over: its file lies on a frozen file system."""
    image = site.image(site.one, "below", size="128M")
    site.run(site.one, "mkdir", "-p", "/srv/below")
    site.run(site.one, "mount", "-o", "loop", image, "/srv/below")
    site.run(site.one, "truncate", "-s", "32M", "/srv/below/disk")
    site.run(site.one, "mkfs.ext4", "-q", "/srv/below/disk")
    device = site.run(site.one, "losetup", "-f", "--show", "/srv/below/disk").strip()
    site.run(site.one, "sync")
    site.run(site.one, "fsfreeze", "-f", "/srv/below")
    yield device
    site.one.exec(["fsfreeze", "-u", "/srv/below"])
    for line in (["umount", MNT], ["losetup", "-d", device], ["umount", "/srv/below"]):
        site.one.exec(line)


def test_a_mount_that_cannot_even_be_killed_ends_its_step_and_not_the_agent(site: Site, frozen: str) -> None:
    site.service(fs(frozen, "fsck = never", "start_timeout = 1"), ip(), node=site.one)
    said = site.refused(site.one, "start", NAME, rc=6)
    assert "cannot be killed" in said
    assert "state D" in said
    assert ADDRESS not in site.addresses(site.one), "nothing that stands on it was started"
    assert site.states(site.one)["ip#0"] == "down", "the agent still answers"
    site.run(site.one, "fsfreeze", "-u", "/srv/below")
    # The effect comes late: the kernel ends the mount now.
    site.one.exec(["sh", "-c", f"until grep -q ' {MNT} ' /proc/self/mountinfo; do sleep 0.05; done"], check=True)
    assert site.states(site.one)["fs#0"] == "up"
    site.done(site.one, "stop", NAME)
    assert not site.mounted(site.one)
