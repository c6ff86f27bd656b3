"""Replication on real nodes, through the real gate: two for production, one for disaster recovery."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from tests.lab.cluster.cluster import ROOT, ROOT_MIB, Cluster, service_text
from tests.lab.cluster.trust import trust_by_hand
from tests.lab.nodes import Node

pytestmark = pytest.mark.timeout(300)
NAME = "gieprdweb01"
GROUND = "/srv/web"
"""A small file system of each node, that can be filled and unmounted."""
BIGGER = 4_000_000
"""Bytes of a file whose transfer is cut."""
SECTION = f"""
[sync#1]
src = {GROUND}/data/
dst = {GROUND}/data
dstfs = {GROUND}
target = nodes drpnodes
sync_min_delay = 0
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Three nodes that trust each other as they should, with one service that runs on the first."""
    with Cluster.up(3, small={ROOT: ROOT_MIB, GROUND: 16}) as cluster:
        *production, recovery = cluster.nodes
        trust_by_hand(cluster, [recovery])
        cluster.be_quick()
        cluster.define_guest(NAME)
        text = service_text([node.name for node in production], [recovery.name]) + SECTION
        cluster.write_service(NAME, text)
        for node in cluster.nodes:
            node.exec(["mkdir", "-p", f"{GROUND}/data"], check=True)
        cluster.told(production[0], "start", NAME)
        yield cluster


def shell(node: Node, line: str) -> str:
    """Run a line in a node; what it prints."""
    return node.exec(["sh", "-ec", line], check=True).stdout


def data(node: Node) -> str:
    """The names and sums of all that was copied to a node."""
    return shell(node, f"cd {GROUND}/data && find . -type f ! -path '*/.osvc-partial/*' -exec cksum {{}} + | sort -k3")


def states(cluster: Cluster, node: Node, *words: str) -> dict[str, str]:
    """Run `osvc sync` and give back how each of its steps ended, and what the first bad one says."""
    run = cluster.document(node, "sync", *words)
    found = {step["id"]: step["state"] for step in run["steps"]}
    said = next((step["text"] for step in run["steps"] if step["state"] not in {"done", "unchanged"}), "")
    return {**found, "said": said}


def await_text(node: Node, path: str) -> None:
    """Wait until a file in a node has come."""
    until = time.monotonic() + 30
    while node.exec(["sh", "-c", f"ls -d {path}"]).returncode:
        assert time.monotonic() < until, f"{path} never came"
        time.sleep(0.05)


def test_a_life_of_copies(cluster: Cluster) -> None:
    """Sent to both sites; a full disk, an unmounted place and a guest that runs there are refused, and told apart."""
    first, second, recovery = cluster.nodes
    shell(first, f"echo one >{GROUND}/data/page; mkdir {GROUND}/data/sub; echo deep >{GROUND}/data/sub/deep")
    shell(recovery, f"echo stale >{GROUND}/data/stale; echo kept >{GROUND}/beside")
    text = first.read(f"{ROOT}/etc/{NAME}.env").replace("service_type = PRD", "service_type = PRD\napp = web")
    first.write(f"{ROOT}/etc/{NAME}.env", text)

    cluster.told(first, "sync", "all", NAME)
    assert data(first) == data(second) == data(recovery)
    assert shell(recovery, f"cat {GROUND}/beside") == "kept\n"
    assert all("app = web" in node.read(f"{ROOT}/etc/{NAME}.env") for node in cluster.nodes)
    cache = f"{ROOT}/var/cache/{first.name}/etc"
    assert "root:" in recovery.read(f"{cache}/passwd")
    shell(recovery, f"test ! -e {cache}/shadow && test -z \"$(find {cache} -name '*key*')\"")

    shell(first, f"head -c 3000000 /dev/urandom >{GROUND}/data/big")
    shell(second, f"head -c 30000000 /dev/zero >{GROUND}/fill || true")
    ends = states(cluster, first, "all", NAME, "--rid", "sync#1")
    assert ends[f"sync {NAME}/sync#1 to {second.name}"] == "failed"
    assert ends[f"sync {NAME}/sync#1 to {recovery.name}"] == "done"
    shell(second, f"rm {GROUND}/fill")
    cluster.told(first, "sync", "nodes", NAME)
    assert data(first) == data(second)

    shell(second, f"umount {GROUND}")
    assert f"{GROUND} is not mounted on {second.name}" in cluster.refused(first, "sync", "nodes", NAME)
    shell(second, f"test ! -e {GROUND}/data")
    assert "replicates to nobody" in cluster.refused(recovery, "sync", "all", NAME)
    assert "not verified up" in cluster.refused(second, "sync", "all", NAME, "--rid", "sync#1")


def test_a_transfer_that_is_cut_goes_on_and_until_then_nothing_starts_on_it(cluster: Cluster) -> None:
    """The sender is killed in the middle; the copy is known as one of two times, and made whole by the next sync."""
    first, _, recovery = cluster.nodes
    slow = first.read(f"{ROOT}/etc/{NAME}.env").replace("[sync#1]", "[sync#1]\nbwlimit = 500")
    first.write(f"{ROOT}/etc/{NAME}.env", slow)
    shell(first, f"head -c {BIGGER} /dev/urandom >{GROUND}/data/bigger")
    sync = cluster.popen(first, "sync", "drp", NAME, "--rid", "sync#1")
    await_text(recovery, f"{GROUND}/data/.bigger.*")
    sync.kill()
    shell(first, "pkill -KILL -x rsync || true")
    # Where the connection ended, the receiver keeps what has come.
    await_text(recovery, f"{GROUND}/data/.osvc-partial/bigger")
    kept = int(shell(recovery, f"stat -c %s {GROUND}/data/.osvc-partial/bigger"))
    assert kept > 0
    assert "sync#1" in recovery.read(f"{ROOT}/var/sync/{NAME}.json")
    first.write(f"{ROOT}/etc/{NAME}.env", slow.replace("bwlimit = 500\n", ""))
    cluster.told(first, "sync", "drp", NAME, "--rid", "sync#1")
    assert data(first) == data(recovery)
    run = cluster.last_run(first, NAME)
    assert run is not None
    (said,) = [each["stdout"] for each in cluster.commands(first, run["id"], NAME) if each["argv"][0] == "rsync"]
    sent = int(re.findall(r"Literal data: ([\d,]+)", said)[0].replace(",", ""))
    assert sent < BIGGER - kept + 100_000, (sent, kept)
    assert '"incomplete": {}' in recovery.read(f"{ROOT}/var/sync/{NAME}.json")


def test_what_was_written_in_a_disaster_comes_back(cluster: Cluster) -> None:
    """Over to the other site, written there, and home again: the data come before the service."""
    first, _, recovery = cluster.nodes
    cluster.told(first, "failover", NAME)
    assert cluster.running(NAME) == [recovery.name]
    shell(recovery, f"echo 'written there' >{GROUND}/data/page; rm {GROUND}/data/sub/deep")
    assert "second history" in cluster.refused(first, "switch", NAME, "--to", first.name)
    cluster.told(first, "failback", NAME)
    assert cluster.running(NAME) == [first.name]
    assert shell(first, f"cat {GROUND}/data/page") == "written there\n"
    assert data(first) == data(recovery)
    cluster.told(first, "sync", "drp", NAME)
