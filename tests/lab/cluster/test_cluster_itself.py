"""The cluster of the lab proves itself: bare nodes, faults, standing still, and an oracle that sees a guest twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.cluster import faults
from tests.lab.cluster.cluster import ROOT, Cluster, service_text
from tests.lab.cluster.oracle import Watch
from tests.lab.cluster.standstill import NotReachedError, Standstill
from tests.lab.nodes import Node

SSH = ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=2"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Three nodes that know nobody, each with the guest `c1` and its service."""
    with Cluster.up(3) as cluster:
        cluster.define_guest("c1")
        cluster.write_service("c1", service_text(["node1"]))
        yield cluster


def test_bare_nodes_have_keys_of_their_own_and_enter_nobody(cluster: Cluster) -> None:
    first, second, _ = cluster.nodes
    for file in ("/root/.ssh/id_ed25519.pub", "/etc/ssh/lab_hostkey.pub", "/etc/machine-id"):
        source = file.removesuffix(".pub")
        show = ["ssh-keygen", "-y", "-f", source] if file.endswith(".pub") else ["cat", source]
        assert len({node.exec(show, check=True).stdout for node in cluster.nodes}) == len(cluster.nodes), file
    assert "Host key verification failed" in first.exec([*SSH, second.name, "true"]).stderr
    trusting = [*SSH, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    assert "Permission denied" in first.exec([*trusting, second.name, "true"]).stderr
    # Who is let in stays let in: a bare node keeps what it was taught when its power fails.
    key = first.exec(["ssh-keygen", "-y", "-f", "/root/.ssh/id_ed25519"], check=True).stdout
    second.write("/root/.ssh/authorized_keys", key, mode=0o600)
    second.write(f"{ROOT}/kept", "on disk\n")
    second.off()
    second.on()
    assert first.exec([*trusting, second.name, "cat", f"{ROOT}/kept"]).stdout == "on disk\n"


def test_one_way_loss_is_loss_one_way(cluster: Cluster) -> None:
    first, second, third = cluster.nodes
    ping = ["ping", "-q", "-c", "1", "-W", "1"]
    before = received(second)
    first.lose(second)
    try:
        assert first.exec([*ping, second.name]).returncode == 1
        assert received(second) > before, "what the deaf node sends must arrive"
        assert first.exec([*ping, third.name]).returncode == 0
    finally:
        first.hear(second)
    assert first.exec([*ping, second.name]).returncode == 0


def received(node: Node) -> int:
    """How many pings a node was sent."""
    lines = [line.split() for line in node.read("/proc/net/snmp").splitlines() if line.startswith("Icmp:")]
    return int(dict(zip(*lines, strict=True))["InEchos"])


def test_a_frozen_sshd_answers_nobody_and_goes_on(cluster: Cluster) -> None:
    first, second, _ = cluster.nodes
    scan = ["ssh-keyscan", "-t", "ed25519", "-T"]
    second.freeze_sshd()
    try:
        assert first.exec([*scan, "1", second.name]).stdout == ""
    finally:
        second.thaw_sshd()
    assert "ssh-ed25519" in first.exec([*scan, "20", second.name]).stdout


def test_a_full_disk_is_full_for_the_agent_only_and_nothing_but_a_stop_goes_on(cluster: Cluster) -> None:
    first = cluster.nodes[0]
    cluster.told(first, "start", "c1")
    faults.fill(first)
    try:
        assert "No space left" in first.exec(["cp", "/etc/hostname", ROOT]).stderr
        assert first.exec(["cp", "/etc/hostname", "/var"]).returncode == 0
        assert "this run is not journalled" in cluster.osvc(first, "stop", "c1").stderr
        assert cluster.running("c1") == []
        assert "the journal" in cluster.refused(first, "start", "c1")
    finally:
        faults.free(first)
    assert cluster.running("c1") == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_stands_still_where_it_is_asked_to_and_can_be_killed_there(cluster: Cluster, when: str) -> None:
    first = cluster.nodes[0]
    point = Standstill(first, when, "lxc-start")
    point.arm()
    with cluster.popen(first, "start", "c1") as start:
        assert "-n c1" in point.wait(lambda: start.poll() is not None)
        assert cluster.running("c1") == (["node1"] if when == "after" else [])
        start.kill()
        assert start.wait(20) == -9
    Standstill.clear(first)
    cluster.told(first, "recover", "c1")
    assert cluster.running("c1") == ["node1"]
    cluster.told(first, "stop", "c1")
    assert cluster.running("c1") == []


def test_a_point_that_nobody_comes_to_is_told(cluster: Cluster) -> None:
    first = cluster.nodes[0]
    point = Standstill(first, "before", "lxc-start", "no such word")
    point.arm()
    with cluster.popen(first, "start", "c1") as start, pytest.raises(NotReachedError):
        point.wait(lambda: start.poll() is not None)
    Standstill.clear(first)
    cluster.told(first, "stop", "c1")


def test_the_oracle_sees_a_guest_that_runs_twice_and_only_then(cluster: Cluster) -> None:
    first, second, _ = cluster.nodes
    with Watch(cluster.nodes, "c1") as watch:
        cluster.told(first, "start", "c1")
        cluster.told(first, "stop", "c1")
        second.exec(["lxc-start", "-n", "c1", "-d"], check=True)
        assert cluster.running("c1") == ["node2"]
    assert watch.twice == []
    assert watch.seen["c1"] == {"node1", "node2"}
    with Watch(cluster.nodes, "c1") as watch:
        first.exec(["lxc-start", "-n", "c1", "-d"], check=True)
        assert cluster.running("c1") == ["node1", "node2"]
        for node in (first, second):
            node.exec(["lxc-stop", "-n", "c1", "-k"], check=True)
    assert {sighting.nodes for sighting in watch.twice} == {("node1", "node2")}
