"""Nodes with kernels of their own become a cluster, as its operator makes it one: by verbs, and no file by hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.lab.uml.node import KernelNode
from tests.lab.uml.site import Site


def join(site: Site) -> None:
    """Install every node of a site as one for production, exchange their cards, and have them prove each other."""
    nodes = site.lab.nodes

    def install(node: KernelNode) -> str:
        assert node.read("/root/.ssh/authorized_keys") + node.read("/root/.ssh/known_hosts") == ""
        site.told(node, "node", "install")
        site.told(node, "node", "host-mode", "PRD")
        return site.told(node, "node", "card")

    def trust(node: KernelNode) -> None:
        words = []
        for other, card in zip(nodes, cards, strict=True):
            if other is not node:
                node.write(f"/root/{other.name}.card", card)
                words += ["--card", f"/root/{other.name}.card"]
        site.told(node, "node", "trust", *words)

    with ThreadPoolExecutor() as side_by_side:
        cards = list(side_by_side.map(install, nodes))
        list(side_by_side.map(trust, nodes))
    site.told(nodes[0], "node", "trust", "--check")
