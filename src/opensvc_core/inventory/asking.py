"""Asking this node's tools: one context for all questions of an inventory, and answers that never fail the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.clock import Cancel, Deadline
from opensvc_core.context import Context
from opensvc_core.errors import CommandNotFound, OpenSVCError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.model import Service
    from opensvc_core.surroundings import Drivers

ACTION = "inventory"
"""What drivers see as ``context.action``: they may ask for all resources at once and remember the answers."""


def open_inquiry(agent: Agent, what: str, services: Sequence[Service] = (), drivers: Drivers | None = None) -> Context:
    """A context whose commands share the node's limit of an inventory.

    Args:
        agent: this node's.
        what: is asked, in words.
        services: that drivers are asked about.
        drivers: what drivers may ask of others; those of the agent by default.
    """
    return Context(
        node=agent.node,
        host=agent.host,
        services={service.name: service for service in services},
        statuses={},
        action=ACTION,
        cancel=Cancel(),
        deadline=Deadline.after(agent.limits.inventory, agent.clock, what),
        clock=agent.clock,
        network=agent.network,
        drivers=drivers or agent.dispatcher,
        reservations=agent.reservations,
    )


def whatever_of(context: Context, *argv: str, timeout: float = 20.0, is_optional: bool = False) -> str | None:
    """What a command prints, whatever it ends with: a table lacks what the tool could not ask, and a note says why.

    ``None`` if it hangs or is missing.
    """
    try:
        result = context.query(*argv, timeout=timeout, check=False)
    except CommandNotFound as error:
        if not is_optional:
            context.note(error.message, error.code)
        return None
    except OpenSVCError as error:
        context.note(error.message, error.code)
        return None
    if result.rc != 0:
        said = next((line.strip() for line in result.stderr.splitlines() if line.strip()), "it said nothing")
        context.note(f"{argv[0]} ended with status {result.rc}: {said[:200]}", "command_failed")
    return result.stdout


def answer_of(context: Context, *argv: str, timeout: float = 20.0, is_optional: bool = False) -> str | None:
    """What a command prints; ``None`` if it fails, hangs or is missing, with a note that says so.

    Args:
        context: of the inquiry.
        argv: the command.
        timeout: seconds.
        is_optional: a node may be without it: that it is not installed needs no note.
    """
    try:
        return context.query(*argv, timeout=timeout).stdout
    except CommandNotFound as error:
        if not is_optional:
            context.note(error.message, error.code)
    except OpenSVCError as error:
        context.note(error.message, error.code)
    return None
