"""What replications that were killed have left on this node is taken away before anything else is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.actions.perform import Performer
from opensvc_core.errors import OpenSVCError
from opensvc_core.model import Note, Phase, Severity
from opensvc_core.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Collection

    from opensvc_core.actions.agent import Agent

CODE = "left_over"


def clear_away(agent: Agent, name: str, run_id: str, rids: Collection[str] = ()) -> list[Note]:
    """Have the drivers of a service's replications take away what killed runs have left; raises nothing.

    Args:
        agent: of this node, which holds the lock of the service.
        name: of the service.
        run_id: of the run that does it.
        rids: only these; all replications by default.

    Returns:
        What was taken away, and what could not be: a snapshot that stays keeps a volume group from being let go.
    """
    notes: list[Note] = []
    try:
        service = agent.load(name)
    except OpenSVCError as error:
        return [Note(f"what a cut replication left is not looked for: {error.message}", CODE, Severity.WARNING)]
    context = Performer(agent, Plan("sync", (service,), {}, ()), {}, run_id, lambda _: None).reading_context("sync")
    for resource in service.resources:
        if resource.phase is not Phase.REPLICATION or resource.problem or (rids and resource.rid not in rids):
            continue
        try:
            outcome = agent.dispatcher.clear_away(resource, context)
        except OpenSVCError as error:
            text = f"{resource.id}: what a cut replication left could not be taken away: {error.message}"
            notes.append(Note(text, CODE, Severity.WARNING))
            continue
        if outcome.is_changed:
            notes.append(Note(f"{resource.id}: took away what a cut replication had left: {outcome.text}", CODE))
    return [*notes, *context.notes]
