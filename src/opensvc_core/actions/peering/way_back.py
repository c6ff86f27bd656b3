"""``way_back``: this node opens a session with the peer that asks, and so proves that it can come to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.actions.peering.operations import Call, Visit

MARGIN = 2.0
"""Seconds before the peer gives up waiting, by which the answer must have come."""


def way_back(visit: Visit, call: Call) -> Mapping[str, Any]:
    """Say hello to the peer that this session is with; its answer is handed on.

    Raises:
        PeerError: it cannot be reached from here, or does not let this node in.
    """
    timeout = max(1.0, call.deadline.remaining() - MARGIN)
    link = visit.agent.peers.link(visit.peer)
    return {"node": visit.agent.node.name, "heard": link.request("hello", {}, timeout=timeout, cancel=call.cancel)}
