"""Tells and renews this node's reservation key."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from opensvc_core.cli.options import Format
from opensvc_core.cli.output import write, write_json

if TYPE_CHECKING:
    from opensvc_core.actions.agent import Agent


def tell_key(form: Format, *, is_new: bool) -> int:
    """Print the key, made anew if so wished.

    Raises:
        Vetoed: a new one is wished while this node's old key may be on a disk: a service is not down.
        ReservationError: the key was made on another node or machine, or cannot be read.
    """
    from opensvc_core.cli.environment import open_here
    from opensvc_core.prkey import SECTION, forget_key, format_key, own_key

    agent = open_here()
    if is_new:
        _refuse_while_up(agent)
        forget_key(agent.node)
    key = format_key(own_key(agent.node, secrets.randbits))
    if form is Format.JSON:
        write_json({"schema": 1, "node": agent.node.name, "key": key})
    elif form is Format.PLAIN:
        write(f"{key}\n")
    else:
        write(f"{key}\n# for etc/node.conf of the other nodes:\n[{SECTION}]\n{agent.node.name} = {key}\n")
    return 0


def _refuse_while_up(agent: Agent) -> None:
    """A key that is registered somewhere must not be forgotten while what it protects may run."""
    from opensvc_core.errors import Vetoed
    from opensvc_core.model import Phase, Status, Veto

    services = [agent.load(name) for name in agent.find()]
    vetoes = [
        Veto("in_use", f"is {item.report.status.value}", str(item.resource.id), "stop it first", is_liftable=False)
        for status in agent.status(services).values()
        for item in status.resources
        if item.resource.phase <= Phase.CONTAINER
        and item.resource.phase is not Phase.RESERVATION
        and not (item.report.status.is_down or item.report.status is Status.NA)
    ]
    if vetoes:
        raise Vetoed(vetoes)
