"""Has another node's agent act, or tell what it would do, and shows it as if it had been typed there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.cli.acting import print_preview, run_and_tell

if TYPE_CHECKING:
    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.on_node import Errand
    from opensvc_core.cli.manner import Limits, Manner
    from opensvc_core.cli.telling import Teller
    from opensvc_core.clock import Cancel
    from opensvc_core.run import Run


def act_there(agent: Agent, errand: Errand, limits: Limits, manner: Manner) -> int:
    """Have another node act, tell it as it goes, print the report, and give back its exit status.

    Args:
        agent: of this node.
        errand: what is to be done, and where.
        limits: what bounds the run there.
        manner: how it is told.

    Raises:
        OpenSVCError: nothing was begun; or the session was lost, and then the code is ``peer_lost``.
    """

    def run(cancel: Cancel, teller: Teller) -> Run:
        from opensvc_core.actions.execute import RunOptions
        from opensvc_core.actions.on_node import act_on

        options = RunOptions(
            permits=limits.permits,
            cancel=cancel,
            on_event=teller.on_event,
            wait=limits.wait,
            max_parallel=limits.max_parallel,
            time_limit=limits.time_limit,
        )
        return act_on(agent, errand, options)

    return run_and_tell(None, run, manner, f"{errand.verb} {', '.join(errand.names)} on {errand.node}")


def show_there(agent: Agent, errand: Errand, manner: Manner) -> int:
    """Print what another node would do, and give back 0; changes nothing. Raises OpenSVCError: no plan can be made."""
    from opensvc_core.actions.on_node import preview_on

    return print_preview(preview_on(agent, errand), manner)
