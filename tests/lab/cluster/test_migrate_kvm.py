"""Live migration of a KVM guest between two bare nodes: a ping runs through it, and what is cut is put right."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from tests.lab.cluster.cluster import ROOT, Cluster
from tests.lab.cluster.trust import trust_by_hand
from tests.lab.domain_xml import Disk, Kind
from tests.lab.libvirt import Hypervisor
from tests.lab.nodes import Node

pytestmark = pytest.mark.timeout(300)
ADDRESS = "10.77.0.101"
SOURCE = Path(__file__).with_name("shared_folder.c")
PING = ["ping", "-i", "0.01", "-q", "-w", "60", ADDRESS]


@attrs.define
class Pair:
    """Two nodes with libvirt and the agent, which trust each other.

    Attributes:
        cluster: they are.
        hypervisors: in their order.
    """

    cluster: Cluster
    hypervisors: list[Hypervisor]

    @property
    def nodes(self) -> list[Node]:
        """The nodes."""
        return self.cluster.nodes

    def states(self, name: str) -> list[str]:
        """What both libvirts say of a guest."""
        return [each.state(name) for each in self.hypervisors]

    @property
    def images(self) -> Path:
        """A folder that both nodes see at the same path."""
        folder = self.cluster.lab.shared / "images"
        folder.mkdir(exist_ok=True)
        return folder

    def make(self, name: str, kind: Kind, *, image: str = "", is_shared: bool = False, more: str = "") -> None:
        """A guest on both nodes and its service; with an image it has a disk there, each node its own, or one."""
        disks = []
        if is_shared:
            path = self.images / f"{name}.img"
            path.write_bytes(bytes(1 << 20))
            disks = [Disk(path, "vdb", is_shared=True)]
        if image:
            for node in self.nodes:
                node.exec(["sh", "-ec", f"mkdir -p $(dirname {image}); truncate -s 1M {image}"], check=True)
            disks = [Disk(Path(image), "vdb")]
        first = self.hypervisors[0]
        xml = first.domain_xml(name, kind, ip=ADDRESS if kind.is_linux else None, disks=disks)
        text = f"[default]\nnodes = node1 node2\nservice_type = PRD\n[container#0]\ntype = kvm\nshell = false\n{more}"
        for node in self.nodes:
            node.write(f"/etc/libvirt/qemu/{name}.xml", xml)
        self.cluster.write_service(name, text)


@pytest.fixture(scope="module")
def whole() -> Iterator[Pair]:
    """The nodes, once for all tests."""
    with Cluster.up(2, small={}) as cluster:
        trust_by_hand(cluster)
        cluster.be_quick()
        hypervisors = [Hypervisor(node, cluster.lab.shared, cluster.lab.public_key) for node in cluster.nodes]
        pair = Pair(cluster, hypervisors)
        library = cluster.lab.shared / "shared_folder.so"
        macro = f'-DFOLDER="{pair.images}"'
        subprocess.run(["gcc", "-shared", "-fPIC", macro, "-o", library, SOURCE, "-ldl"], check=True, timeout=60)
        for each in hypervisors:
            each.preload = library
            each.start()
        yield pair


@pytest.fixture
def pair(whole: Pair) -> Iterator[Pair]:
    """The same, and without a guest after the test."""
    yield whole
    for each in whole.hypervisors:
        each.clear()
    for node in whole.nodes:
        node.exec(["sh", "-c", f"rm -f {ROOT}/etc/*.env {ROOT}/var/journal*"])


def test_a_guest_goes_there_and_back_and_a_ping_runs_through_it(pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = pair.nodes
    pair.make("vm1", Kind.LINUX, is_shared=True)
    pair.cluster.told(first, "start", "vm1")
    pair.hypervisors[0].wait_booted("vm1")
    ping = first.popen(PING)
    pair.cluster.told(first, "migrate", "vm1", "--to", "node2")
    assert pair.states("vm1") == ["shut off", "running"]
    pair.cluster.told(second, "migrate", "vm1", "--to", "node1")
    assert pair.states("vm1") == ["running", "shut off"]
    first.exec(["kill", "-INT", str(pid_of(first, "ping"))])
    with ping:
        said, _ = ping.communicate(timeout=20)
    sent, got = (int(number) for number in re.findall(r"(\d+) (?:packets transmitted|received)", said))
    with capsys.disabled():
        sys.stdout.write(f"\nlive migration there and back: {sent - got} of {sent} pings lost, one each 10 ms\n")
    assert got > 100
    assert sent - got < 300
    for node, word in ((first, "migrate"), (second, "migrate")):
        run = pair.cluster.last_run(node, "vm1")
        assert run is not None
        assert (run["action"], run["outcome"]) == (word, "done")
    # The folder of its disk was marked and seen, so that it is proven shared, and nothing of that is left.
    run = pair.cluster.last_run(second, "vm1")
    assert run is not None
    assert "1 folders of images marked" in {step["text"] for step in run["steps"]}
    assert [path.name for path in pair.images.iterdir()] == ["vm1.img"]
    # Nothing of the channels is left, and no ticket is good for anything any more.
    for node in pair.nodes:
        left = node.exec(["sh", "-c", f"ls /run/opensvc {ROOT}/var/tickets"]).stdout.split()
        assert [each for each in left if not each.endswith(":")] == []


def pid_of(node: Node, program: str) -> int:
    """Process id, in the node, of the one process of that program."""
    return int(node.exec(["pgrep", "-n", "-x", program], check=True).stdout)


def test_what_cannot_go_over_stays_and_says_why(pair: Pair) -> None:
    first, _ = pair.nodes
    pair.make("own", Kind.BOOT, image="/srv/own.img")
    assert "does not run on this node" in pair.cluster.refused(first, "migrate", "own", "--to", "node2")
    pair.cluster.told(first, "start", "own")
    # The image lies at the same path on both, and is not the same.
    assert "are not shared" in pair.cluster.refused(first, "migrate", "own", "--to", "node2")
    assert first.exec(["sh", "-c", "ls -A /srv/.opensvc-migrate*"]).stdout == ""
    assert pair.states("own") == ["running", ""]
    assert pair.cluster.last_run(first, "own")["outcome"] == "failed"  # type: ignore[index]
    pair.cluster.told(first, "migrate", "own", "--to", "node2", "--dry-run")
    assert pair.states("own") == ["running", ""]
    told = pair.cluster.told(first, "migrate", "own", "--to", "node2", "--or-restart")
    assert "own: switch done" in told
    assert pair.states("own") == ["shut off", "running"]
    # And by the word of this node that one stops it.
    assert "own: stop done" in pair.cluster.told(first, "stop", "own", "--node", "node2")
    assert pair.states("own") == ["shut off", "shut off"]


REFUSING = """\
#!/bin/sh
# libvirt's hook: no guest comes in while it runs; to start one here is another thing
[ "$2" != migrate ]
"""


def test_a_drain_goes_live_and_a_migration_that_libvirt_refuses_is_a_switch_only_when_asked_for(pair: Pair) -> None:
    first, second = pair.nodes
    pair.make("vm3", Kind.LINUX, is_shared=True)
    pair.cluster.told(first, "start", "vm3")
    pair.hypervisors[0].wait_booted("vm3")
    assert "switch" not in pair.cluster.told(first, "node", "drain", "--live")
    assert pair.states("vm3") == ["shut off", "running"]
    assert pair.cluster.last_run(first, "vm3")["action"] == "migrate"  # type: ignore[index]
    pair.cluster.told(first, "node", "undrain")
    pair.hypervisors[0].set_hook(REFUSING)
    try:
        assert "hook" in pair.cluster.refused(second, "migrate", "vm3", "--to", "node1")
        assert pair.states("vm3") == ["shut off", "running"]
        told = pair.cluster.told(second, "migrate", "vm3", "--to", "node1", "--or-restart")
    finally:
        pair.hypervisors[0].set_hook(None)
    assert "vm3: migrate failed" in told
    assert "vm3: switch done" in told
    assert pair.states("vm3") == ["running", "shut off"]


def test_of_a_migration_and_a_takeover_at_the_same_instant_one_wins_and_the_other_is_told(
    pair: Pair, osvc_random: random.Random
) -> None:
    first, second = pair.nodes
    pair.make("vm3", Kind.LINUX, more="stop_timeout = 2\n")
    pair.cluster.told(first, "start", "vm3")
    migration = pair.cluster.popen(first, "migrate", "vm3", "--to", "node2")
    time.sleep(osvc_random.uniform(0.0, 1.0))  # the instant is what chance has dealt
    takeover = pair.cluster.popen(second, "takeover", "vm3", "--wait", "0")
    said = ["".join(each.communicate(timeout=60)) for each in (migration, takeover)]
    assert pair.states("vm3") == ["shut off", "running"], said
    ends = sorted(zip((migration.returncode, takeover.returncode), said, strict=True))
    assert ends[0][0] == 0, said
    assert ends[1][0] in {3, 4, 5}, said
    assert any(words in ends[1][1] for words in ("lock", "already", "does not run on this node")), said


@pytest.mark.parametrize("how", ["driver killed", "libvirtd there killed"])
def test_a_migration_that_is_cut_leaves_one_guest_and_is_put_right(pair: Pair, how: str) -> None:
    first, second = pair.nodes
    pair.make("vm2", Kind.LINUX)
    pair.cluster.told(first, "start", "vm2")
    pair.hypervisors[0].wait_booted("vm2")
    # A slow line, so that the cut comes while the memory goes over.
    first.exec(["virsh", "migrate-setspeed", "vm2", "1"], check=True)
    run = pair.cluster.popen(first, "migrate", "vm2", "--to", "node2")
    pair.hypervisors[1].wait_state("vm2", "paused")
    if how == "driver killed":
        run.kill()
    else:
        pair.hypervisors[1].kill()
    with run:
        run.communicate(timeout=120)
    pair.hypervisors[1].start()
    first.exec(["virsh", "migrate-setspeed", "vm2", "8796093022207"])
    if how == "driver killed":
        # As libvirt leaves it where it can neither finish a migration nor take it back.
        first.exec(["virsh", "suspend", "vm2"], check=True)
        assert pair.states("vm2")[0] == "paused"
    told = pair.cluster.osvc(first, "recover", "vm2")
    assert told.returncode == 0, told.stdout + told.stderr
    running = [state == "running" for state in pair.states("vm2")]
    assert running == [True, False], told.stdout
    pair.cluster.told(first, "migrate", "vm2", "--to", "node2")
    assert pair.states("vm2") == ["shut off", "running"]
    assert first.name != second.name
