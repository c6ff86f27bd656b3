"""One transfer: what both nodes agree to before it, how the driver reaches the place, what is told when it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opensvc_core.cluster.host_mode import read_host_mode
from opensvc_core.errors import ActionError, OpenSVCError
from opensvc_core.generation import Generation, generation_out, read_data
from opensvc_core.replication import Transfer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.replications import Way
    from opensvc_core.context import Context
    from opensvc_core.model import Outcome, Resource

AGREE_LIMIT = 60.0
"""Seconds for a peer to look at everything that may forbid a transfer."""


def send_copy(agent: Agent, way: Way, context: Context) -> tuple[Outcome, int]:
    """Send one copy through the gate of its target: the outcome, and the number of the generation that it is of.

    Raises:
        ActionError: the peer refused it, or it failed; what has come there is kept, and marked as incomplete.
    """
    generation = read_data(agent.node.folders, way.service.name).generation if way.copy.carries_data else Generation()
    link = agent.peers.link(way.target)
    mode = read_host_mode(agent.node.folders)
    about = {
        "service": way.service.name,
        "rid": way.resource.rid,
        "is_pull": False,
        "mode": "" if mode is None else mode.value,
        "marks": generation_out(generation),
    }
    answer = link.request("receive", about, timeout=AGREE_LIMIT, cancel=context.cancel)
    is_good = False
    try:
        transfer = transfer_to(agent, way.target, answer, way.resource)
        outcome = agent.dispatcher.replicate(way.resource, transfer, context)
        is_good = True
    finally:
        end_transfer(link, {**about, "is_good": is_good}, is_good=is_good)
    return outcome, generation.number


def end_transfer(link: Any, about: Mapping[str, Any], *, is_good: bool) -> None:
    """Tell a peer how a transfer ended; that one failed may stay untold, as its session ends soon. Raises PeerError."""
    try:
        link.request("received", about, timeout=AGREE_LIMIT)
    except OpenSVCError:
        if is_good:
            raise


def transfer_to(agent: Agent, node: str, answer: Mapping[str, Any], resource: Resource) -> Transfer:
    """How a driver reaches the place that a peer has agreed to. Raises ActionError for an answer that is none."""
    ticket, path = answer.get("ticket"), answer.get("path")
    if not isinstance(ticket, str) or not ticket.isalnum() or not isinstance(path, str) or not path.startswith("/"):
        raise ActionError(f"{node} agreed to a transfer with an answer that cannot be read", code="peer_garbage")
    shell, address = agent.peers.remote_shell(node)
    bandwidth = resource.options.get("bwlimit")
    return Transfer(node, shell, address, f"osvc peer receive {ticket}", path, int(bandwidth or 0))
