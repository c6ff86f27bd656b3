"""Moves services between nodes, or shows how, and tells how it went: what `osvc switch` and its kin share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.cli.acting import (
    evidence_of,
    load_or_fail,
    print_preview,
    print_run,
    run_plan_and_tell,
    run_plan_told,
)
from opensvc_core.cli.options import Format
from opensvc_core.errors import ExitStatus, Vetoed
from opensvc_core.run import RunOutcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.cli.manner import Limits, Manner
    from opensvc_core.model import Evidence, Service
    from opensvc_core.run import Run


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
        or_restart: whether a service that cannot be migrated, or whose migration fails and is taken back, is switched.

    Raises:
        OpenSVCError: nothing was begun; or, of a switch after a migration, nothing more was.
    """
    services = load_or_fail(agent, names)
    evidence = evidence_of(agent, services, dead)
    if or_restart:
        services, status = _migrate(agent, services, to, evidence, limits, manner)
        if not services:
            return status
        verb = "switch"
    return run_plan_and_tell(agent, agent.plan_move(verb, services, to, dead=dead), evidence, limits, manner)


def _migrate(
    agent: Agent, services: list[Service], to: str, evidence: Sequence[Evidence], limits: Limits, manner: Manner
) -> tuple[list[Service], int]:
    """Migrate services: those that are to be switched instead, and the exit status if there are none.

    Raises:
        Vetoed: by what forbids a switch too.
    """
    try:
        plan = agent.plan_move("migrate", services, to)
        run = run_plan_told(agent, plan, evidence, limits, manner)
    except Vetoed as error:
        if not _may_restart(error):
            raise
        tell_instead(error)
        return services, 0
    left = [service for service in services if service.name in _taken_back(run)]
    if manner.form is not Format.JSON or not left:
        print_run(run, manner, told=plan.notes)
    if left:
        from opensvc_core.cli.output import say

        say(f"the migration failed and was taken back: switched instead: {', '.join(each.name for each in left)}")
    return left, int(run.exit_status)


def _taken_back(run: Run) -> frozenset[str]:
    """The services whose migration failed, if every one is verified to be where it was, and nobody cancelled."""
    if run.exit_status is not ExitStatus.FAILED:
        return frozenset()
    return frozenset(name for name, outcome in run.outcomes.items() if outcome is RunOutcome.FAILED)


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
