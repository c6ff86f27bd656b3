"""What is done for all services of a node in one command: each trapped by itself, done or only shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import Factory, define, field

from opensvc_core.actions.execute import run_plan
from opensvc_core.actions.freeze import refuse_frozen
from opensvc_core.actions.preflight import refused
from opensvc_core.errors import Cancelled, ExitStatus, OpenSVCError, Vetoed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.execute import RunOptions
    from opensvc_core.actions.preview import Preview
    from opensvc_core.model import Note, Service
    from opensvc_core.plan import Plan
    from opensvc_core.run import Run


@define
class Rounds:
    """What was done for the services of a node in one command, and why it was not for others.

    Attributes:
        runs: that were made, in their order.
        refused: by service, why nothing was begun for it.
        notes: what an operator should know.
        is_dry: whether nothing is done but shown.
        previews: of a dry run, in place of runs.
    """

    runs: list[Run] = Factory(list)
    refused: dict[str, OpenSVCError] = field(factory=dict)
    notes: list[Note] = Factory(list)
    is_dry: bool = False
    previews: list[Preview] = Factory(list)

    @property
    def exit_status(self) -> ExitStatus:
        """0 if everything went well; else that of the first run, or refusal, that did not."""
        states = [run.exit_status for run in self.runs] + [error.exit_status for error in self.refused.values()]
        return next((state for state in states if state is not ExitStatus.OK), ExitStatus.OK)


def carry_out(agent: Agent, plan: Plan, options: RunOptions, rounds: Rounds) -> None:
    """Run a plan, or in a dry run look at what it meets; what came of it is added to the rounds.

    Raises:
        Locked, Frozen, Vetoed, JournalError, Cancelled: nothing was begun, or in a dry run would be.
    """
    if not rounds.is_dry:
        rounds.runs.append(run_plan(agent, plan, options))
        return
    if not options.even_frozen:
        refuse_frozen(agent.node, tuple(service.name for service in plan.services))
    shown = agent.preview(plan, evidence=options.evidence)
    standing = refused(shown.vetoes, options.permits)
    if standing:
        raise Vetoed(standing)
    rounds.previews.append(shown)


def run_trapped(
    agent: Agent,
    services: Sequence[Service],
    make: Callable[[Sequence[Service]], Plan],
    options: RunOptions,
    rounds: Rounds,
) -> None:
    """Run one plan for all services; those that are refused are left out, and the others run all the same.

    Args:
        agent: this node's.
        services: what is to be acted on.
        make: makes the plan of some of them.
        options: of the run.
        rounds: what was done is added to it.
    """
    left = list(services)
    while left:
        try:
            plan = make(left)
            if plan.steps:
                carry_out(agent, plan, options, rounds)
        except Cancelled as error:
            rounds.refused.update({service.name: error for service in left})
        except OpenSVCError as error:
            blamed = _blamed(error, [service.name for service in left])
            rounds.refused.update({name: _part(error, name) for name in blamed})
            left = [service for service in left if service.name not in blamed]
            continue
        return


def _blamed(error: OpenSVCError, names: Collection[str]) -> frozenset[str]:
    """The services that an error is about; all where it does not say."""
    if isinstance(error, Vetoed):
        found = {veto.subject.partition("/")[0].partition(" ")[0] for veto in error.vetoes} & set(names)
    else:
        words = {word.strip(":,") for word in error.message.split()}
        found = words & set(names)
    return frozenset(found or names)


def _part(error: OpenSVCError, name: str) -> OpenSVCError:
    """What of an error is about one service."""
    if not isinstance(error, Vetoed):
        return error
    mine = [veto for veto in error.vetoes if veto.subject.partition("/")[0].partition(" ")[0] == name]
    return Vetoed(mine or error.vetoes)


def load_trapped(agent: Agent, rounds: Rounds, names: Sequence[str] = ()) -> list[Service]:
    """The services of this node; one whose file cannot be used is in the report instead."""
    services = []
    for name in agent.find(names):
        try:
            service = agent.load(name)
            agent.graph(service)
        except OpenSVCError as error:
            rounds.refused[name] = error
        else:
            services.append(service)
    return services
