"""Running a plan: locks, leftovers, the state now, checks, the walk, the journal."""

from __future__ import annotations

import json
import os
import threading
import uuid
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from attrs import Factory, asdict, define, evolve, frozen

from opensvc_core.actions.freeze import refuse_frozen
from opensvc_core.actions.leftovers import Leftovers, tidy
from opensvc_core.actions.perform import Performer
from opensvc_core.actions.preflight import check, refused
from opensvc_core.actions.status import ask
from opensvc_core.attempt import Authority, OperatorAuthority
from opensvc_core.clock import Cancel, Deadline
from opensvc_core.errors import JournalError, Vetoed
from opensvc_core.executor import Executor
from opensvc_core.host.processes import process_start_time
from opensvc_core.journal import JournalledRun, RunHeader
from opensvc_core.lock import Holder, hold_lock
from opensvc_core.model import Evidence, Note, Severity, StatusReport
from opensvc_core.run import Run, RunOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.events import Event
    from opensvc_core.plan import Plan


@define
class _Told:
    """Passes events on, one at a time, to whoever listens; a listener that fails changes nothing."""

    agent: Agent
    listener: Callable[[Event], None]
    guard: threading.Lock

    def __call__(self, event: Event) -> None:
        with self.guard:
            with suppress(Exception):
                self.listener(event)
            self.agent.dispatcher.observe(event)


def ignore_event(event: Event) -> None:
    """Nobody listens."""
    del event


@frozen
class RunOptions:
    """How a plan is to be run; see ``Agent.run``."""

    permits: frozenset[str] = frozenset()
    evidence: tuple[Evidence, ...] = ()
    authority: Authority | None = None
    cancel: Cancel = Factory(Cancel)
    on_event: Callable[[Event], None] = ignore_event
    wait: float = 60.0
    max_parallel: int = 0
    time_limit: float | None = None


def run_plan(agent: Agent, plan: Plan, options: RunOptions, remember: Mapping[str, object] | None = None) -> Run:
    """See ``Agent.run``. ``remember`` goes to the journal with the selection: what a recovery must know."""
    run_id = uuid.uuid4().hex[:12]
    refuse_frozen(agent.node, tuple(service.name for service in plan.services))
    told = _Told(agent, options.on_event, threading.Lock())
    with hold_locks(agent, plan, run_id, wait=options.wait, cancel=options.cancel):
        leftovers = _tidy_all(agent, plan, run_id, options)
        statuses = ask(agent, list(plan.graphs.values()))
        known = gather_evidence(agent, plan, options.evidence)
        performer = Performer(agent, plan, statuses, run_id, told, known, options.permits)
        checked = check(agent, plan, statuses, known, performer.reading_context(plan.action))
        standing = refused(checked.vetoes, options.permits)
        if standing:
            raise Vetoed(standing)
        notes = [note for found in leftovers.values() for note in found.notes] + list(checked.notes)
        notes += [note for note in plan.notes if note not in notes]
        _begin(agent, plan, run_id, remember, notes)
        limit = options.time_limit
        executor = Executor(
            perform=performer.perform,
            verify=performer.verify,
            step_limit=performer.step_limit,
            log=JournalledRun(agent.journal, run_id),
            clock=agent.clock,
            cancel=options.cancel,
            authority=options.authority or OperatorAuthority(),
            on_event=told,
            max_parallel=options.max_parallel or agent.limits.max_parallel,
            deadline=Deadline.after(limit, agent.clock, "the run") if limit else None,
            run_id=run_id,
            up_before=frozenset(key for key, report in statuses.items() if _may_be_up(report)),
            unsettled=frozenset().union(*(found.unsettled for found in leftovers.values())),
        )
        run = executor.run(plan)
        _settle_past(agent, plan, run)
        return evolve(run, notes=(*notes, *run.notes))


def gather_evidence(agent: Agent, plan: Plan, given: Sequence[Evidence]) -> dict[str, list[Evidence]]:
    """By service, what its other nodes say, and what whoever started the run knows of those that do not answer."""
    known: dict[str, list[Evidence]] = {}
    if not plan.can_start:
        return known
    for service in plan.services:
        others = [node for node in service.all_nodes if node != agent.node.name]
        answers = {answer.node: answer for answer in agent.peers.ask(service, others)} if others else {}
        for extra in given:
            # An answer of the node itself that it is up is never overruled.
            if extra.node in others and (extra.node not in answers or answers[extra.node].state.value != "up"):
                answers[extra.node] = extra
        known[service.name] = list(answers.values())
    return known


@contextmanager
def hold_locks(agent: Agent, plan: Plan, run_id: str, *, wait: float, cancel: Cancel) -> Iterator[None]:
    """Hold the locks of all services: by service name, and for what can start by node name, this one in its turn.

    Raises:
        Locked: somebody else holds one.
        Cancelled: the token was set while waiting.
    """
    holder = Holder(os.getpid(), agent.user, plan.action, agent.clock.now(), run_id)
    with ExitStack() as stack:
        for service in sorted(plan.services, key=lambda service: service.name):
            nodes = {agent.node.name, *(service.all_nodes if plan.can_start else ())}
            for node in sorted(nodes):
                if node == agent.node.name:
                    lock = hold_lock(
                        agent.node.folders.lock, service.name, holder, wait=wait, clock=agent.clock, cancel=cancel
                    )
                    stack.enter_context(lock)
                else:
                    stack.enter_context(agent.peers.hold_lock(service, node, holder, wait=wait, cancel=cancel))
        yield


def _tidy_all(agent: Agent, plan: Plan, run_id: str, options: RunOptions) -> dict[str, Leftovers]:
    found = {}
    for service in plan.services:
        try:
            found[service.name] = tidy(agent, service.name, run_id, options.cancel, options.wait)
        except JournalError as error:
            if plan.can_start:
                raise
            found[service.name] = Leftovers((Note(error.message, error.code, Severity.ERROR),))
    return found


def _begin(agent: Agent, plan: Plan, run_id: str, remember: Mapping[str, object] | None, notes: list[Note]) -> None:
    """Write the run down. Raises JournalError for what could start something; a stop goes on and says so."""
    pid = os.getpid()
    about = {**asdict(plan.selection), **(remember or {})}
    header = RunHeader(
        run_id,
        plan.action,
        tuple(service.name for service in plan.services),
        agent.user,
        pid,
        agent.node.name,
        process_start_time(pid),
        agent.node.boot_id,
        agent.argv,
        json.dumps(about),
        agent.clock.now(),
    )
    try:
        agent.journal.begin_run(header)
    except JournalError as error:
        if plan.can_start:
            raise
        notes.append(Note(f"this run is not journalled: {error}", "journal", Severity.ERROR))


def _settle_past(agent: Agent, plan: Plan, run: Run) -> None:
    """A whole action that ended well puts right what earlier ones had left open."""
    if plan.selection.is_partial:
        return
    for name, outcome in run.outcomes.items():
        if outcome is RunOutcome.DONE:
            with suppress(JournalError):
                agent.journal.mark_recovered(name, run.id)


def _may_be_up(report: StatusReport) -> bool:
    """Whether a resource was not seen down before the first step: then the way back leaves it alone."""
    return report.status.value in {"up", "stdby up", "undef"}
