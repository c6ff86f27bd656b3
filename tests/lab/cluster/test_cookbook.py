"""The cookbook from end to end on bare nodes: three for production, one for disaster recovery, which know nobody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.cluster.cluster import ROOT, Cluster, service_text
from tests.lab.cluster.oracle import Watch
from tests.lab.nodes import Node

pytestmark = pytest.mark.timeout(600)
NAME = "unxdevweb01"
REPLICATION = f"""
[sync#1]
src = /var/lib/lxc/{NAME}/
dst = /var/lib/lxc/{NAME}
target = nodes drpnodes
"""
LEDGER = f"/var/lib/lxc/{NAME}/rootfs/srv/ledger"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Four nodes on which nothing was set up."""
    with Cluster.up(4, small={}) as cluster:
        yield cluster


def write_ledger(node: Node, text: str) -> None:
    """Add a line to the data of the guest, from inside it."""
    node.exec(["lxc-attach", "-n", NAME, "--", "sh", "-c", f"echo '{text}' >>/srv/ledger"], check=True)


def verify_runs_on(cluster: Cluster, node: Node) -> None:
    """The service is up there, by its own word and by LXC's, and nowhere else."""
    assert cluster.running(NAME) == [node.name]
    assert cluster.status(node, NAME)["avail"] == "up"


def install(cluster: Cluster) -> None:
    """The tree, the commands, the key and the jobs: told before, made once, and left alone from then on."""
    first = cluster.nodes[0]
    cluster.told(first, "node", "install", "--dry-run")
    assert first.exec(["test", "-e", f"{ROOT}/bin/osvc"]).returncode == 1
    cluster.side_by_side(lambda node: cluster.told(node, "node", "install"))
    key = first.read(f"{ROOT}/etc/ssh/id_ed25519")
    cluster.told(first, "node", "install")
    assert first.read(f"{ROOT}/etc/ssh/id_ed25519") == key
    for node in cluster.nodes:
        node.exec(["test", "-x", f"{ROOT}/bin/osvc"], check=True)
    assert first.exec([f"{ROOT}/bin/osvc", "version"]).returncode == 0
    cluster.be_quick("[sync]\nroots = /var/lib/lxc\n")


def trust(cluster: Cluster) -> None:
    """Modes and cards: production nodes enter every node, the one for disaster recovery enters none of them."""
    *production, recovery = cluster.nodes
    cluster.side_by_side(lambda node: cluster.told(node, "node", "host-mode", "DEV" if node is recovery else "PRD"))
    cards = cluster.side_by_side(lambda node: cluster.told(node, "node", "card"))

    def exchange(node: Node) -> None:
        words = []
        for other in cluster.others(node):
            file = f"/root/{other.name}.card"
            node.write(file, cards[other.name])
            words += ["--card", file]
        cluster.told(node, "node", "trust", *words)

    cluster.side_by_side(exchange)
    for node in production:
        assert f"opensvc:{recovery.name}" not in node.read("/root/.ssh/authorized_keys")
    others = [node.name for node in production[1:]]
    cluster.told(production[0], "node", "trust", "--check", *others)


def create(cluster: Cluster) -> None:
    """The guest and the service, on the first node; the others learn of the service from it."""
    first, *_ = cluster.nodes
    *production, recovery = (node.name for node in cluster.nodes)
    cluster.define_guest(NAME, [first])
    cluster.write_service(NAME, service_text(production, [recovery]) + REPLICATION, [first])
    assert "osvc sync all" in cluster.refused(first, "start", NAME)
    cluster.told(first, "sync", "all", NAME, "--rid", "sync#i0")
    for node in cluster.nodes:
        assert node.read(f"{ROOT}/etc/{NAME}.env") == first.read(f"{ROOT}/etc/{NAME}.env")
    # The data of a service that is up nowhere are sent to nobody.
    assert cluster.nodes[1].exec(["test", "-e", LEDGER]).returncode == 1


def start_and_replicate(cluster: Cluster) -> None:
    """What is written in the guest is on every node after a replication, and goes to none that has the service."""
    first, second, *_ = cluster.nodes
    cluster.told(first, "start", NAME)
    verify_runs_on(cluster, first)
    write_ledger(first, "written on the first node")
    cluster.told(first, "sync", "all", NAME, "--force-delay")
    for node in cluster.nodes:
        assert node.read(LEDGER) == "written on the first node\n", node.name
    # From where it does not run no data go out.
    second.write(LEDGER, "nothing good\n")
    cluster.told(second, "sync", "all", NAME, "--force-delay")
    for node in cluster.others(second):
        assert node.read(LEDGER) == "written on the first node\n", node.name
    second.write(LEDGER, "written on the first node\n")
    assert f"runs on {first.name}" in cluster.refused(second, "start", NAME)


def move_between_production_nodes(cluster: Cluster) -> None:
    """Switch from a third node, takeover, giveback: each leaves it on one node."""
    first, second, third, _ = cluster.nodes
    cluster.told(third, "switch", NAME, "--to", second.name)
    verify_runs_on(cluster, second)
    assert "already" in cluster.refused(second, "takeover", NAME)
    # It ran on the second one since the others had their copies: no second history begins by mistake.
    assert "copy_stale" in cluster.refused(third, "takeover", NAME)
    assert "copy_stale" in cluster.refused(second, "giveback", NAME)
    verify_runs_on(cluster, second)
    write_ledger(second, "written on the second node")
    cluster.told(second, "sync", "all", NAME, "--force-delay")
    cluster.told(third, "takeover", NAME)
    verify_runs_on(cluster, third)
    assert third.read(LEDGER).splitlines() == ["written on the first node", "written on the second node"]
    cluster.told(third, "sync", "all", NAME, "--force-delay")
    cluster.told(second, "giveback", NAME)
    verify_runs_on(cluster, first)
    cluster.told(first, "sync", "all", NAME, "--force-delay")


def fail_over_as_planned(cluster: Cluster) -> None:
    """A production node brings it to the other site; it comes home with what was written there, and not without."""
    first, second, _, recovery = cluster.nodes
    assert "disaster-recovery" in cluster.refused(first, "switch", NAME, "--to", recovery.name)
    cluster.told(second, "failover", NAME)
    verify_runs_on(cluster, recovery)
    write_ledger(recovery, "written at the other site")
    assert f"runs on {recovery.name}" in cluster.refused(first, "start", NAME)
    cluster.refused(recovery, "sync", "all", NAME, "--force-delay")
    assert "copy_stale" in cluster.refused(first, "giveback", NAME)
    come_home(cluster, "written at the other site")


def come_home(cluster: Cluster, last: str) -> None:
    """The data are fetched from the other site, where it is stopped, and the service starts on the first node."""
    first, second, third, recovery = cluster.nodes
    cluster.told(first, "failback", NAME)
    verify_runs_on(cluster, first)
    assert first.read(LEDGER).splitlines()[-1] == last
    cluster.told(first, "sync", "all", NAME, "--force-delay")
    for node in (second, third, recovery):
        assert node.read(LEDGER) == first.read(LEDGER)


def lose_production(cluster: Cluster) -> None:
    """Every production node loses its power: the operator's word brings the service up at the other site, alone."""
    *production, recovery = cluster.nodes
    dead = [word for node in production for word in ("--declare-dead", node.name)]
    assert "is not dead" in cluster.refused(recovery, "failover", NAME, *dead)
    for node in production:
        node.off()
    cluster.refused(recovery, "failover", NAME)
    cluster.told(recovery, "failover", NAME, *dead)
    verify_runs_on(cluster, recovery)
    write_ledger(recovery, "written during the disaster")
    for node in production:
        node.on()
    # What starts at boot does not start beside it.
    cluster.refused(production[0], "boot")
    verify_runs_on(cluster, recovery)
    come_home(cluster, "written during the disaster")
    cluster.told(production[0], "stop", NAME)


STAGES = (
    install,
    trust,
    create,
    start_and_replicate,
    move_between_production_nodes,
    fail_over_as_planned,
    lose_production,
)


def test_the_cookbook_from_end_to_end(cluster: Cluster) -> None:
    with Watch(cluster.nodes, NAME) as watch:
        for stage in STAGES:
            print(stage.__name__)  # noqa: T201 - how far it came, if it fails
            stage(cluster)
    assert watch.twice == []
