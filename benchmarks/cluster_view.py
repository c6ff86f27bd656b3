"""`osvc mon` on one of five nodes of the lab that share 200 services, while one of them hangs."""

from __future__ import annotations

import json
from collections.abc import Iterator

from benchmarks.figures import Figure
from benchmarks.measure import in_turn
from tests.lab.cluster.cluster import ROOT, Cluster
from tests.lab.cluster.trust import trust_by_hand

NODES = 5
SERVICES = 200
ROUNDS = 7
LIMIT = 2.0
"""Seconds, with a limit of one second for each node."""
SERVICE = "[default]\nnodes = {nodes}\n\n[fs#1]\ndev = /dev/loop9\nmnt = /srv/NAME\ntype = ext4\n"


def mon_with_one_hung() -> Iterator[Figure]:
    """How long the table takes with all nodes well, and with one whose sshd takes connections and answers nobody."""
    with Cluster.up(NODES) as cluster:
        trust_by_hand(cluster)
        names = " ".join(node.name for node in cluster.nodes)
        text = SERVICE.format(nodes=names)
        make = f"for n in $(seq -w {SERVICES}); do sed s/NAME/s$n/ <$0 >{ROOT}/etc/s$n.env; done"
        for node in cluster.nodes:
            node.write("/srv/service", text)
            node.exec(["sh", "-ec", make, "/srv/service"], check=True)
        first, *_, last = cluster.nodes

        def look() -> None:
            cluster.osvc(first, "mon")

        for is_hung in (False, True):
            if is_hung:
                last.freeze_sshd()
            told = json.loads(cluster.osvc(first, "mon", "--format", "json").stdout)
            current = sum(node["current"] for node in told["nodes"].values())
            if len(told["services"]) != SERVICES or current != NODES - 1 - is_hung:
                raise AssertionError(f"{len(told['services'])} services, {current} nodes answered: {told['nodes']}")
            took = in_turn({"local": lambda: cluster.osvc(first, "mon", "--local"), "all": look}, ROUNDS)
            detail = f"osvc mon --local {took.median('local'):.2f} s; limit 1 s a node"
            what = f"osvc mon of {SERVICES} services on {NODES} nodes" + (", one hung" if is_hung else "")
            yield Figure(what, took.median("all"), LIMIT, "s", detail)
