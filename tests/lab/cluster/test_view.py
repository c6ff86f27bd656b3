"""What one node shows of the others over real ssh: now, while one hangs and one is off, and a guest that runs twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.cluster.cluster import ROOT, Cluster, service_text
from tests.lab.cluster.trust import trust_by_hand
from tests.lab.nodes import Node

pytestmark = pytest.mark.timeout(300)
NAME = "unxdevweb01"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Three nodes, the last for disaster recovery, which enter one another; a guest on each."""
    with Cluster.up(3) as cluster:
        trust_by_hand(cluster, cluster.nodes[2:])
        cluster.define_guest(NAME)
        cluster.write_service(NAME, service_text(["node1", "node2"], ["node3"]))
        for node in cluster.nodes:
            node.write(f"{ROOT}/etc/node.conf", "[limits]\nview = 5\n")
        yield cluster


def seen(cluster: Cluster, node: Node) -> tuple[dict[str, Any], int]:
    """What `osvc mon` shows there, and its exit status."""
    done = cluster.osvc(node, "mon", "--format", "json")
    return json.loads(done.stdout), done.returncode


def states(document: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    """By other node the state of the service, and whether it is of now."""
    elsewhere = document["services"][NAME]["elsewhere"]
    return {name: (each["state"], each["current"]) for name, each in elsewhere.items()}


def notes(document: dict[str, Any]) -> list[str]:
    """Codes of the notes on the service."""
    return [note["code"] for note in document["services"][NAME]["notes"]]


def test_every_node_is_shown_whatever_happens_to_it(cluster: Cluster) -> None:
    first, second, third = cluster.nodes
    cluster.told(second, "start", NAME)
    # The jobs of a node: nobody has looked yet, and once they have run each knows of the others.
    # Whatever hour it is, each is due once.
    second.write(
        f"{ROOT}/etc/node.conf",
        "[limits]\nview = 5\n[node]\nsync_schedule = @1d\njournal_schedule = @1d\n[collector]\nurl =\n",
    )
    done = cluster.osvc(second, "schedule", "run", "-v")
    ended = [f"{name}: done" for name in ("checks", "journal", "monitor", f"sync.{NAME}")]
    assert (done.returncode, sorted(done.stderr.split("\n"))) == (0, ["", *ended])
    assert "node1" in second.read(f"{ROOT}/var/peers/node1.json")
    assert cluster.told(second, "schedule", "run", "-v") == ""
    jobs = {job["name"]: job for job in cluster.document(third, "schedule")["jobs"]}
    assert (jobs["monitor"]["off"], jobs[f"sync.{NAME}"]["next"]) == ("", "")

    document, status = seen(cluster, first)
    assert (states(document), status) == ({"node2": ("up", True), "node3": ("down", True)}, 0)
    assert document["nodes"]["node2"]["host_mode"] == "PRD"
    tree = cluster.told(first, "status", NAME)
    assert "disaster recovery" in tree
    # A node for disaster recovery enters no production node: it shows that, and that it was told nothing ever.
    document, _ = seen(cluster, third)
    assert states(document) == {"node1": ("unknown", False), "node2": ("unknown", False)}
    assert document["nodes"]["node1"]["error"]["code"] == "peer_refused"

    first.write(f"{ROOT}/etc/node.conf", "[limits]\nview = 1\n")
    second.freeze_sshd()
    third.off()
    document, status = seen(cluster, first)
    assert (states(document), status) == ({"node2": ("up", False), "node3": ("down", False)}, 0)
    table = cluster.told(first, "mon")
    assert "(up)" in table
    assert table.count("in brackets what it said") == 2
    assert "node2" not in cluster.told(first, "mon", "--local")

    first.write(f"{ROOT}/etc/node.conf", "[limits]\nview = 5\n")
    second.thaw_sshd()
    third.on()
    first.exec(["lxc-start", "-n", NAME], check=True)
    second.write(f"{ROOT}/etc/{NAME}.env", service_text(["node1", "node2"], ["node3"]) + "# edited\n")
    document, status = seen(cluster, first)
    assert cluster.running(NAME) == ["node1", "node2"]
    assert states(document)["node2"] == ("up", True)
    assert (notes(document)[:2], status) == (["up_twice", "config_drift"], 1)
