"""Moves services between nodes, or shows how, and tells how it went: what `osvc switch` and its kin share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.cli.acting import evidence_of, load_or_fail, print_preview, run_plan_and_tell
from opensvc_core.errors import Vetoed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.cli.manner import Limits, Manner


def move_services(
    agent: Agent,
    verb: str,
    names: Sequence[str],
    to: str,
    limits: Limits,
    manner: Manner,
    *,
    dead: Sequence[str] = (),
    or_restart: bool = False,
) -> int:
    """Move services, all in one run, and give back the exit status.

    Args:
        agent: of this node.
        verb: ``switch``, ``takeover``, ``giveback``, ``failover`` or ``migrate``.
        names: names or globs, at least one.
        to: the node to move to, for ``switch``, ``failover`` and ``migrate``.
        limits: what bounds the run.
        manner: how it is told.
        dead: nodes that the operator declares dead.
        or_restart: whether a service that cannot be migrated is switched.

    Raises:
        OpenSVCError: nothing was begun.
    """
    services = load_or_fail(agent, names)
    evidence = evidence_of(agent, services, dead)
    try:
        plan = agent.plan_move(verb, services, to, dead=dead)
        return run_plan_and_tell(agent, plan, evidence, limits, manner)
    except Vetoed as error:
        if not (or_restart and _may_restart(error)):
            raise
        tell_instead(error)
    return run_plan_and_tell(agent, agent.plan_move("switch", services, to, dead=dead), evidence, limits, manner)


def _may_restart(error: Vetoed) -> bool:
    from opensvc_core.actions.migrate import may_restart_instead

    return may_restart_instead(error.vetoes)


def tell_instead(error: Vetoed) -> None:
    """Say on standard error why a service is switched that should be migrated."""
    from opensvc_core.cli.output import say

    for veto in error.vetoes:
        say(f"not migrated but switched: {veto.reason}")


def show_move(
    agent: Agent,
    verb: str,
    names: Sequence[str],
    to: str,
    dead: Sequence[str],
    manner: Manner,
    *,
    or_restart: bool = False,
) -> int:
    """Print what a move would do, on both nodes, and give back 0; changes nothing.

    Raises:
        OpenSVCError: no plan can be made.
    """
    services = load_or_fail(agent, names)
    evidence = evidence_of(agent, services, dead)
    try:
        plan = agent.plan_move(verb, services, to, dead=dead)
    except Vetoed as error:
        if not (or_restart and _may_restart(error)):
            raise
        tell_instead(error)
        plan = agent.plan_move("switch", services, to, dead=dead)
    return print_preview(agent.preview(plan, evidence=evidence), manner)


def fail_back(agent: Agent, names: Sequence[str], source: str, limits: Limits, manner: Manner, *, is_dry: bool) -> int:
    """Take data and services back from a disaster-recovery node, or show how; give back the exit status.

    Raises:
        OpenSVCError: nothing was begun.
    """
    from opensvc_core.actions.failback import failback_plan

    plan = failback_plan(agent, load_or_fail(agent, names), source)
    if is_dry:
        return print_preview(agent.preview(plan), manner)
    return run_plan_and_tell(agent, plan, (), limits, manner)
