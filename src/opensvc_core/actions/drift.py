"""Service files that differ from node to node, line by line, and which of them is newer."""

from __future__ import annotations

import base64
import difflib
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.actions.find import service_file
from opensvc_core.cluster import wire
from opensvc_core.generation import Order, compare, generation_in, read_config

if TYPE_CHECKING:
    from opensvc_core.actions.agent import Agent

CONFIG_LIMIT = 20.0
"""Seconds for a peer to send its service file."""


@frozen
class Drift:
    """How the service file here stands to that of another node.

    Attributes:
        service: name.
        order: ``same``, ``ahead``, ``behind`` or ``diverged``: where the one here stands.
        diff: unified, from the one here to the other's; empty if they are the same.
        advice: what to do about it.
    """

    service: str
    order: str
    diff: tuple[str, ...]
    advice: str


def compare_config(agent: Agent, name: str, node: str) -> Drift:
    """Compare a service file with another node's.

    Raises:
        PeerError: that node cannot be asked.
        OpenSVCError: it has no such service, or this node has none.
    """
    mine = service_file(agent.node, name).read_bytes()
    here = read_config(agent.node.folders, name, mine, agent.node.name)
    answer = agent.peers.link(node).request("config", {"service": name}, timeout=CONFIG_LIMIT)
    theirs, there = wire.reading(
        "its service file",
        answer,
        lambda a: (base64.b64decode(a["text"], validate=True), generation_in(a["marks"])),
    )
    order = Order.SAME if mine == theirs else compare(here, there)
    diff = difflib.unified_diff(_lines(mine), _lines(theirs), f"{agent.node.name}:{name}.env", f"{node}:{name}.env")
    return Drift(name, order.value, tuple(diff), _advice(order, name, node))


def _lines(text: bytes) -> list[str]:
    return [f"{line}\n" for line in text.decode("utf-8", "replace").splitlines()]


def _advice(order: Order, name: str, node: str) -> str:
    send = f"osvc sync all {name} --rid sync#i0"
    if order is Order.AHEAD:
        return f"the file here is newer: {send}"
    if order is Order.BEHIND:
        return f"the file on {node} is newer; there: {send}"
    if order is Order.SAME:
        return ""
    return (
        f"both were edited: put what is right into one of them; on the other node `osvc sync discard {name} --config`, "
        f"then, where it is right: {send}"
    )
