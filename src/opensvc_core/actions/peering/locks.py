"""Locks that a peer holds here for its run: flock's, in the process of its session, gone with it however that ends."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from opensvc_core.config.names import refuse_service_name
from opensvc_core.errors import ActionError, ConfigError, ServiceNotFound
from opensvc_core.lock import Holder, hold_lock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.actions.peering.operations import Call, Visit


def lock(visit: Visit, call: Call) -> Mapping[str, Any]:
    """Take the lock of a service for the session; one that it holds already is held on.

    A service without a file here has a lock all the same: nobody is to create and start it meanwhile.

    Raises:
        Locked: a run of this node, or of another peer, holds it.
        Cancelled: the peer no longer wants it.
        ActionError: no name of a service, or the peer is no node of it.
    """
    agent, name = visit.agent, check_name(visit, call.data["service"])
    held: dict[str, ExitStack]
    with visit.guard:
        held = visit.facts.setdefault("locks", {})
        if name in held:
            return {}
    given = call.data["holder"]
    holder = Holder(
        int(given["pid"]),
        f"{str(given['user'])[:80]} on {visit.peer}",
        str(given["action"])[:40],
        float(given["since"]),
        str(given["run_id"])[:40],
    )
    wait = min(float(call.data["wait"]), call.deadline.remaining())
    with ExitStack() as stack:
        stack.enter_context(
            hold_lock(agent.node.folders.lock, name, holder, wait=wait, clock=agent.clock, cancel=call.cancel)
        )
        own = stack.pop_all()
    with visit.guard:
        held[name] = own
        visit.holds.push(own)
    return {}


def unlock(visit: Visit, call: Call) -> Mapping[str, Any]:
    """Let go of the lock of a service; one that is not held is let go already."""
    name = check_name(visit, call.data["service"])
    with visit.guard:
        own = visit.facts.get("locks", {}).pop(name, None)
    if own is not None:
        own.close()
    return {}


def check_name(visit: Visit, given: Any) -> str:
    """The name of a service that the peer may ask about: by the file here it is a node of it, or there is no file.

    Raises:
        ActionError: it cannot be one, or the peer is no node of it.
    """
    name = str(given)
    refusal = refuse_service_name(name)
    if refusal:
        raise ActionError(f"{visit.agent.node.name}: {refusal}", code="peer_refused")
    try:
        service = visit.agent.load(name)
    except (ServiceNotFound, ConfigError):
        return name
    if visit.peer not in service.all_nodes:
        raise ActionError(
            f"{visit.peer} is no node of {name} by the service file on {visit.agent.node.name}",
            code="not_a_peer",
            hint=f"compare the files: osvc config diff {name} --node {visit.agent.node.name}",
        )
    return name
