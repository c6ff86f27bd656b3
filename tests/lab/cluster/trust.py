"""Who enters whom in a cluster, set up by hand, file by file: what `osvc node install` and `osvc node trust` do."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from tests.lab.cluster.cluster import ROOT, Cluster
from tests.lab.nodes import Node

KEY = f"{ROOT}/etc/ssh/id_ed25519"
KNOWN = f"{ROOT}/etc/ssh/known_hosts"


def install(node: Node, mode: str) -> str:
    """Give a node its command, its key and its host mode; the public key."""
    script = (
        f"umask 077; mkdir -p {ROOT}/etc/ssh {ROOT}/bin {ROOT}/var; ln -sfn {Path(sys.executable).with_name('osvc')}"
        f" {ROOT}/bin/osvc; ssh-keygen -q -t ed25519 -N '' -C opensvc:{node.name} -f {KEY}"
    )
    node.exec(["sh", "-ec", script], check=True)
    node.write(f"{ROOT}/var/host_mode", f"{mode}\n")
    return node.read(f"{KEY}.pub")


def trust_by_hand(cluster: Cluster, recovery: Iterable[Node] = ()) -> None:
    """Set up all nodes of a cluster: production nodes enter every node, those for recovery enter one another only."""
    recovering = list(recovery)
    keys = {node.name: install(node, "DEV" if node in recovering else "PRD") for node in cluster.nodes}
    known = "".join(
        f"{node.name},{node.address} {node.exec(['ssh-keygen', '-y', '-f', '/etc/ssh/lab_hostkey'], check=True).stdout}"
        for node in cluster.nodes
    )
    for node in cluster.nodes:
        node.write(KNOWN, known, mode=0o600)
        let_in = [
            f'restrict,command="{ROOT}/bin/osvc peer --from {other.name}" {keys[other.name].strip()}\n'
            for other in cluster.others(node)
            if other not in recovering or node in recovering
        ]
        node.write("/root/.ssh/authorized_keys", "".join(let_in), mode=0o600)
