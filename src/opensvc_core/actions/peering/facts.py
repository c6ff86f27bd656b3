"""What this node tells a peer of itself, and of a service that it may run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opensvc_core import __version__
from opensvc_core.actions.evidence import evidence_here
from opensvc_core.actions.peering.locks import check_name
from opensvc_core.actions.status import ask
from opensvc_core.cluster import wire
from opensvc_core.cluster.host_mode import mode_file
from opensvc_core.errors import OpenSVCError
from opensvc_core.model import Evidence, NodeState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.actions.peering.operations import Call, Visit

ON_TIME = 1.0
"""Seconds before the peer gives up waiting, by which drivers have answered."""


def hello(visit: Visit, call: Call) -> Mapping[str, Any]:
    """Who this node is."""
    del call
    node = visit.agent.node
    return {
        "version": __version__,
        "node": node.name,
        "os": node.os_name,
        "boot_id": node.boot_id,
        "host_mode": _host_mode(visit),
        "time": visit.agent.clock.now(),
    }


def _host_mode(visit: Visit) -> str:
    """The word in ``var/host_mode``, empty if there is none that can be read."""
    try:
        text = mode_file(visit.agent.node.folders).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return next(iter(text.split()), "")[:20]


def evidence(visit: Visit, call: Call) -> Mapping[str, Any]:
    """Whether a service is up here, by what its drivers answer now.

    A node that has no usable file of it cannot tell: such a guest may run here all the same.

    Raises:
        ActionError: the peer is no node of the service.
    """
    agent, name = visit.agent, check_name(visit, call.data["service"])
    here = agent.node.name
    try:
        graph = agent.graph(agent.load(name))
    except OpenSVCError as error:
        brings = f"from a node that has it: osvc sync all {name} --rid sync#i0"
        text = f"{error.message.splitlines()[0]} (on {here}; {brings})"
        known = Evidence(here, NodeState.UNKNOWN, here, agent.clock.now(), text)
    else:
        reports = ask(agent, [graph], timeout=max(0.5, min(agent.limits.status, call.deadline.remaining() - ON_TIME)))
        known = evidence_here(agent, graph, reports)
    return {"evidence": wire.evidence_out(known)}
