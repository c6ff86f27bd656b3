"""The cookbook from end to end on bare nodes: three for production, one for disaster recovery, which know nobody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.cluster.cluster import ROOT, Cluster, service_text
from tests.lab.cluster.oracle import Watch
from tests.lab.nodes import Node

pytestmark = pytest.mark.timeout(600)
NAME = "unxdevweb01"
GUEST = f"/var/lib/lxc/{NAME}"
LEDGER = f"{GUEST}/rootfs/srv/ledger"
DATA = f"""\

[sync#1]
src = {GUEST}/
dst = {GUEST}
target = nodes drpnodes
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Four nodes on which nothing was set up; the guest is made on the first one only."""
    with Cluster.up(4, small={}) as cluster:
        cluster.define_guest(NAME, cluster.nodes[:1])
        yield cluster


def write_ledger(node: Node, text: str) -> None:
    """Add a line to the data of the guest, from inside it."""
    script = f"echo '{text}' >>/srv/ledger"
    node.exec(["lxc-attach", "-n", NAME, "--", "sh", "-c", script], check=True)


def runs_on(cluster: Cluster, node: Node) -> None:
    """The service is up there, by its own word and by LXC's, and nowhere else."""
    assert cluster.running(NAME) == [node.name]
    assert cluster.status(node, NAME)["avail"] == "up"


def test_the_cookbook_from_end_to_end(cluster: Cluster) -> None:
    first, second, third, recovery = cluster.nodes
    production = [first, second, third]
    with Watch(cluster.nodes, NAME) as watch:
        install(cluster, production, recovery)
        trust(cluster)
        create(cluster)
        replicate_and_start(cluster)
        move_between_production_nodes(cluster)
        lose_production(cluster)
        come_home(cluster)
    assert watch.twice == []
