"""Freezes, thaws, drains and undrains this node, and prints what it is then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.actions.freeze import freeze_node, is_drained, is_node_frozen, thaw_node, unmark_drained
from opensvc_core.cli.options import Format
from opensvc_core.cli.output import write, write_json

if TYPE_CHECKING:
    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.execute import RunOptions
    from opensvc_core.actions.rounds import Rounds
    from opensvc_core.cli.manner import Limits, Manner

CHANGES = {"freeze": freeze_node, "thaw": thaw_node, "undrain": unmark_drained}


def change_node(verb: str, form: Format) -> int:
    """Freeze, thaw or undrain this node, print its state and give back 0. Raises OSError."""
    from opensvc_core.cli.environment import open_here

    agent = open_here()
    CHANGES[verb](agent.node)
    if verb != "undrain":
        from opensvc_core.actions.recording import record_frozen

        record_frozen(agent, agent.find())
    return tell_node(agent, form)


def tell_node(agent: Agent, form: Format) -> int:
    """Print whether this node is frozen or drained, and give back 0."""
    frozen, drained = is_node_frozen(agent.node), is_drained(agent.node)
    if form is Format.JSON:
        write_json({"schema": 1, "node": agent.node.name, "frozen": frozen, "drained": drained})
        return 0
    words = [word for word, is_so in (("frozen", frozen), ("drained", drained)) if is_so] or ["open"]
    if form is Format.PLAIN:
        from opensvc_core.cli.plain import line

        write(line(agent.node.name, ",".join(words)))
    else:
        meaning = {
            "frozen": "refuses every action but status and thaw",
            "drained": "starts nothing new",
            "open": "neither frozen nor drained",
        }
        write("".join(f"{agent.node.name}: {word}: {meaning[word]}\n" for word in words))
    return 0


def drain_node(
    to: str, limits: Limits, manner: Manner, *, is_stop: bool, is_live: bool = False, is_dry: bool = False
) -> int:
    """Drain this node, tell it and give back the exit status.

    Args:
        to: the only node to move services to, or empty.
        limits: what bounds each run.
        manner: how it is told.
        is_stop: whether services are stopped rather than moved.
        is_live: whether what can be migrated is.
        is_dry: whether it is only shown.
    """
    from opensvc_core.actions.drain import drain
    from opensvc_core.cli.booting import tell_rounds

    def work(agent: Agent, options: RunOptions) -> Rounds:
        return drain(agent, options, to=to, is_stop=is_stop, is_live=is_live, is_dry=is_dry)

    return tell_rounds("drain", limits, manner, work)
