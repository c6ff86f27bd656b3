"""What this node is: asked of its own platform."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from opensvc_core.cluster.host_mode import read_host_mode
from opensvc_core.errors import ConfigError
from opensvc_core.inventory.asking import answer_of, open_inquiry
from opensvc_core.inventory.records import NodeFacts

if TYPE_CHECKING:
    from opensvc_core.actions.agent import Agent
    from opensvc_core.context import Context


def read_node_facts(agent: Agent, root: Path = Path("/")) -> NodeFacts:
    """Ask what this node is. Raises nothing that a tool does: what cannot be told is ``None``, with a note.

    Args:
        agent: this node's.
        root: below which ``/proc``, ``/sys`` and ``/etc`` of Linux lie.
    """
    context = open_inquiry(agent, "the facts of the node")
    try:
        mode = read_host_mode(agent.node.folders)
    except ConfigError as error:
        context.note(error.message, error.code)
        mode = None
    facts = NodeFacts(
        agent.node.name,
        agent.clock.now(),
        host_mode=None if mode is None else mode.value,
        os_name=agent.node.os_name or None,
    )
    facts = _ask_platform(facts, context, root)
    return evolve(facts, notes=tuple(context.notes))


def _ask_platform(facts: NodeFacts, context: Context, root: Path) -> NodeFacts:
    match facts.os_name:
        case "Linux":
            from opensvc_core.inventory.linux_facts import read_linux

            return read_linux(facts, context, root)
        case "HP-UX":
            from opensvc_core.inventory.hpux_facts import read_hpux

            return read_hpux(facts, context)
        case "SunOS":
            from opensvc_core.inventory.solaris_facts import read_solaris

            return read_solaris(facts, context)
    kernel, arch = answer_of(context, "uname", "-r"), answer_of(context, "uname", "-m")
    return evolve(facts, os_kernel=(kernel or "").strip() or None, os_arch=(arch or "").strip() or None)
