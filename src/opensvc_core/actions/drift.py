"""Service files that differ from node to node: seen by their digests, shown line by line."""

from __future__ import annotations

import base64
import difflib
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.actions.find import service_file
from opensvc_core.cluster import wire
from opensvc_core.errors import OpenSVCError
from opensvc_core.generation import Generation, Order, compare, digest_of, generation_in, generation_out, read_config
from opensvc_core.model import Note, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def config_generation(agent: Agent, name: str) -> Generation | None:
    """The generation of the service file here; ``None`` if that cannot be told."""
    try:
        return read_config(agent.node.folders, name, service_file(agent.node, name).read_bytes(), agent.node.name)
    except (OpenSVCError, OSError):
        return None


def config_document(agent: Agent, name: str) -> dict[str, object]:
    """Digest and generation of the service file here, as JSON, for whoever looks at many nodes."""
    generation = config_generation(agent, name)
    return {
        "digest": "" if generation is None else _digest(agent, name),
        "marks": None if generation is None else generation_out(generation),
    }


def _digest(agent: Agent, name: str) -> str:
    try:
        return digest_of(service_file(agent.node, name).read_bytes())
    except (OpenSVCError, OSError):
        return ""


def drift_note(service: str, mine: str, others: Mapping[str, str]) -> Note | None:
    """A note if the service files of some nodes are not that of this one, by their digests. Pure.

    Args:
        service: name.
        mine: digest of the file here.
        others: digests by node; an empty one cannot be told, and says nothing.
    """
    differing = sorted(node for node, digest in others.items() if digest and digest != mine)
    if not differing or not mine:
        return None
    names = ", ".join(differing)
    text = f"the service file differs on {names}: osvc config diff {service} --node {differing[0]}"
    return Note(text, "config_drift", Severity.WARNING)


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
