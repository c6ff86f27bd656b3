"""Makes a plan, shows it or runs it, and tells how it went: what start, stop, restart, recover and svcmgr share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.cli.options import Format
from opensvc_core.cli.output import say, write, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.preview import Preview
    from opensvc_core.cli.manner import Limits, Manner
    from opensvc_core.cli.telling import Teller
    from opensvc_core.clock import Cancel
    from opensvc_core.model import Evidence, Note, Service
    from opensvc_core.plan import Plan, Selection
    from opensvc_core.run import Run


def load_or_fail(agent: Agent, names: Sequence[str]) -> list[Service]:
    """Read service files: nothing is begun unless all of them can be used.

    Raises:
        ConfigError: with the problems of all files.
        OpenSVCError: the first other error.
    """
    from opensvc_core.cli.asking import load_all
    from opensvc_core.errors import ConfigError

    services, broken = load_all(agent, agent.find(names))
    for error in broken.values():
        if not isinstance(error, ConfigError):
            raise error
    if broken:
        raise ConfigError([p for error in broken.values() if isinstance(error, ConfigError) for p in error.problems])
    return services


def act(
    agent: Agent,
    action: str,
    names: Sequence[str],
    selection: Selection,
    limits: Limits,
    manner: Manner,
    *,
    dead: Sequence[str] = (),
) -> int:
    """Run an action on services and give back the exit status.

    Args:
        agent: of this node.
        action: ``start``, ``stop`` or ``restart``.
        names: names or globs, at least one.
        selection: which resources.
        limits: what bounds the run.
        manner: how it is told.
        dead: nodes that the operator declares dead.

    Raises:
        OpenSVCError: nothing was begun.
    """
    services = load_or_fail(agent, names)
    plan = agent.plan(action, services, selection)
    return run_plan_and_tell(agent, plan, evidence_of(agent, services, dead), limits, manner)


def run_plan_and_tell(agent: Agent, plan: Plan, evidence: Sequence[Evidence], limits: Limits, manner: Manner) -> int:
    """Run a plan, tell it, print its report, give back its exit status.

    Args:
        agent: of this node.
        plan: the plan.
        evidence: what is known of other nodes beyond what they answer.
        limits: what bounds the run.
        manner: how it is told.

    Raises:
        OpenSVCError: nothing was begun.
    """
    run = run_plan_told(agent, plan, evidence, limits, manner)
    print_run(run, manner, told=plan.notes)
    return int(run.exit_status)


def run_plan_told(agent: Agent, plan: Plan, evidence: Sequence[Evidence], limits: Limits, manner: Manner) -> Run:
    """Run a plan and tell it; its report is still to be printed. Raises OpenSVCError: nothing was begun."""

    def run(cancel: Cancel, teller: Teller) -> Run:
        return agent.run(
            plan,
            permits=limits.permits,
            evidence=evidence,
            cancel=cancel,
            on_event=teller.on_event,
            wait=limits.wait,
            max_parallel=limits.max_parallel,
            time_limit=limits.time_limit,
        )

    return run_told(plan, run, manner)


def evidence_of(agent: Agent, services: Sequence[Service], dead: Sequence[str]) -> tuple[Evidence, ...]:
    """The operator's word that nodes are dead, as evidence. Raises Vetoed where one shows life."""
    if not dead:
        return ()
    from opensvc_core.actions.declare import declare_dead

    return declare_dead(agent, services, dead)


def recover_services(
    agent: Agent, names: Sequence[str], wait: float, manner: Manner, *, dead: Sequence[str] = ()
) -> int:
    """Look after cut runs of services, one service after the other, and give back the highest exit status.

    Args:
        agent: of this node.
        names: names or globs, at least one.
        wait: seconds to wait for another run's lock.
        manner: how it is told.
        dead: nodes that the operator declares dead.

    Raises:
        OpenSVCError: nothing was begun for that service; those before it are done.
    """
    worst = 0
    services = load_or_fail(agent, names)
    evidence = evidence_of(agent, services, dead)
    for service in services:
        name = service.name

        def run(cancel: Cancel, teller: Teller, name: str = name) -> Run:
            return agent.recover(name, cancel=cancel, on_event=teller.on_event, wait=wait, evidence=evidence)

        worst = max(worst, run_and_tell(None, run, manner))
    return worst


def run_and_tell(
    plan: Plan | None, run: Callable[[Cancel, Teller], Run], manner: Manner, title: str = "recover"
) -> int:
    """Run something that can be cancelled by signals, tell it, print its report, give back its exit status.

    Args:
        plan: what is about to run, for the live view; ``None`` if that is not known before.
        run: does it.
        manner: how it is told.
        title: of the live view, where there is no plan.
    """
    report = run_told(plan, run, manner, title)
    print_run(report, manner, told=() if plan is None else plan.notes)
    return int(report.exit_status)


def run_told(plan: Plan | None, run: Callable[[Cancel, Teller], Run], manner: Manner, title: str = "recover") -> Run:
    """Run something that can be cancelled by signals, and tell it; its report is still to be printed."""
    from opensvc_core.cli.signals import cancelling
    from opensvc_core.cli.telling import telling, telling_of_waits
    from opensvc_core.clock import Cancel

    cancel = Cancel()
    with telling(plan, form=manner.form, color=manner.color, verbosity=manner.verbosity, title=title) as teller:
        known = () if plan is None else plan.notes
        for note in known:
            teller.say(f"{note.severity.value}: {note.text}")
        with cancelling(cancel, teller.say), telling_of_waits(teller) as patient:
            return run(cancel, patient)


def print_run(run: Run, manner: Manner, told: Collection[Note] = ()) -> None:
    """Print the report of a run on standard output, and what went wrong on standard error.

    Args:
        run: the report.
        manner: how to print it.
        told: notes that the operator has read already.
    """
    if manner.form is Format.JSON:
        from opensvc_core.cli.document import run_document

        write_json(run_document(run))
        return
    if manner.form is Format.PLAIN:
        from opensvc_core.cli.plain import run_lines

        write(run_lines(run))
        return
    from opensvc_core.cli.verdict import problem_lines, verdict_lines

    for line in problem_lines(run, told):
        say(line)
    write("".join(f"{line}\n" for line in verdict_lines(run)))


def show_plan(agent: Agent, action: str, names: Sequence[str], selection: Selection, manner: Manner) -> int:
    """Print what an action would do and give back 0; changes nothing.

    Args:
        agent: of this node.
        action: ``start``, ``stop`` or ``restart``.
        names: names or globs, at least one.
        selection: which resources.
        manner: how it is printed.

    Raises:
        OpenSVCError: no plan can be made.
    """
    return print_preview(agent.preview(agent.plan(action, load_or_fail(agent, names), selection)), manner)


def print_preview(preview: Preview, manner: Manner) -> int:
    """Print a plan with the commands that it would run, and give back 0."""
    from opensvc_core.cli.previews import preview_document

    document = preview_document(preview)
    if manner.form is Format.JSON:
        write_json(document)
    elif manner.form is Format.PLAIN:
        from opensvc_core.cli.plain import plan_lines

        write(plan_lines(document))
    else:
        from opensvc_core.cli.render import to_text
        from opensvc_core.cli.render.plan import plan_view
        from opensvc_core.cli.terminal import wants_color

        write(to_text(plan_view(document), has_color=wants_color(manner.color)))
    return 0
