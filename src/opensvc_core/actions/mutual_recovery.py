"""Tells of two nodes that are each other's disaster-recovery site: by the rules of trust neither lets the other in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.cluster.host_mode import is_only_drpnode
from opensvc_core.model import Note, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opensvc_core.model import Service

CODE = "trust_mutual"


def mutual_recovery(node: str, services: Sequence[Service], peers: Iterable[str] = ()) -> list[Note]:
    """One error a peer with which a node stands so, with both sides' services and the remedy.

    Args:
        node: this node.
        services: all that it has files of.
        peers: only these; by default every one that the services name.
    """
    wanted = {peer.lower() for peer in peers}
    named = {peer.lower(): peer for service in services for peer in service.all_nodes}
    return [
        _note(node, peer, out, back)
        for key, peer in sorted(named.items())
        if key != node.lower()
        and (not wanted or key in wanted)
        and (out := _recovered_by(peer, node, services))
        and (back := _recovered_by(node, peer, services))
    ]


def _recovered_by(site: str, node: str, services: Iterable[Service]) -> list[str]:
    """Services that a node produces and another one is there to recover."""
    return sorted(
        service.name
        for service in services
        if node.lower() in {name.lower() for name in service.nodes} and is_only_drpnode(service, site)
    )


def _note(node: str, peer: str, out: list[str], back: list[str]) -> Note:
    text = (
        f"{node} and {peer} are each other's disaster-recovery site: {peer} for {', '.join(out)}, {node} for "
        f"{', '.join(back)}; no production node lets in the key of its disaster-recovery node, so neither lets the "
        f"other in, and nothing is replicated or fails over between them: name another node in drpnodes of {out[0]} "
        f"or of {back[0]}, or both nodes in nodes of both services"
    )
    return Note(text, CODE, Severity.ERROR)
