"""An operator's word that a node is dead: taken only where that node shows no sign of life."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from opensvc_core.errors import ActionError, Vetoed
from opensvc_core.fanout import side_by_side
from opensvc_core.model import Evidence, NodeState, Veto

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.model import Service

SSH_PORT = 22
SIGN_LIMIT = 2.0
"""Seconds to wait for a sign of life, of each kind."""


def declare_dead(agent: Agent, services: Iterable[Service], nodes: Sequence[str]) -> tuple[Evidence, ...]:
    """Evidence that nodes are fenced, by the operator's word.

    Args:
        agent: this node's.
        services: what is to be started.
        nodes: whom the operator declares dead.

    Raises:
        Vetoed: ``alive`` where a node answers ping or its ssh port, ``cannot_look`` where that cannot be found out,
            ``not_a_peer`` where no service knows the node; nothing lifts these.
    """
    peers = {name.lower() for service in services for name in service.all_nodes} - {agent.node.name.lower()}
    objections = dict(side_by_side(nodes, lambda node: _objection(agent, node, peers)))
    for objection in objections.values():
        if isinstance(objection, Exception):
            raise objection
    vetoes = [veto for node in nodes if isinstance(veto := objections[node], Veto)]
    if vetoes:
        raise Vetoed(vetoes)
    now = agent.clock.now()
    return tuple(Evidence(node, NodeState.FENCED, f"declared dead by {agent.user}", now) for node in nodes)


def _objection(agent: Agent, node: str, peers: set[str]) -> Veto | None:
    if node.lower() not in peers:
        return Veto(
            "not_a_peer", "is no other node of these services", node, "correct --declare-dead", is_liftable=False
        )
    try:
        addresses = agent.network.resolve(node)
        signs = [f"answers ping at {address}" for address in addresses if agent.network.ping(address, SIGN_LIMIT)]
    except ActionError as error:
        return _blind(agent, node, error.message)
    if not addresses:
        return _blind(agent, node, "its name has no address")
    signs += [f"answers on the ssh port of {address}" for address in addresses if is_port_open(address, SSH_PORT)]
    if signs:
        return Veto(
            "alive",
            f"is not dead: it {', and '.join(signs)}",
            node,
            "stop the service there, or cut that node's power, then try again",
            is_liftable=False,
        )
    return None


def _blind(agent: Agent, node: str, why: str) -> Veto:
    return Veto(
        "cannot_look",
        f"cannot look for signs of life: {why}",
        node,
        f"write its address into {agent.node.folders.etc / 'hosts'}",
        is_liftable=False,
    )


def is_port_open(address: str, port: int, timeout: float = SIGN_LIMIT) -> bool:
    """Whether anything accepts a connection there, or refuses one: both are signs of life."""
    with suppress(TimeoutError, OSError):
        try:
            socket.create_connection((address, port), timeout).close()
        except ConnectionRefusedError:
            return True
        return True
    return False
