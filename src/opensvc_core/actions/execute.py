"""Running a plan: locks, leftovers, the state now, checks, the walk, the journal."""

from __future__ import annotations

import json
import os
import threading
import uuid
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from attrs import Factory, asdict, define, evolve, frozen

from opensvc_core.actions.elsewhere import Elsewhere
from opensvc_core.actions.evidence import evidence_for, gather_evidence
from opensvc_core.actions.freeze import refuse_frozen
from opensvc_core.actions.histories import (
    Told,
    begin_histories,
    copy_vetoes,
    know_generations,
    starting_here,
)
from opensvc_core.actions.leftovers import Leftovers, tidy
from opensvc_core.actions.perform import Performer
from opensvc_core.actions.preflight import check_everywhere, is_verified_down, refused
from opensvc_core.actions.recording import record_run
from opensvc_core.actions.status import ask
from opensvc_core.attempt import Authority, OperatorAuthority
from opensvc_core.clock import Cancel, Deadline
from opensvc_core.errors import JournalError, OpenSVCError, Vetoed
from opensvc_core.executor import Executor
from opensvc_core.host.processes import process_start_time
from opensvc_core.journal import JournalledRun, RunHeader
from opensvc_core.lock import Holder, hold_lock
from opensvc_core.memory import Memory
from opensvc_core.model import Evidence, Note, Severity, StatusReport
from opensvc_core.plan import Place
from opensvc_core.run import Run, RunOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from opensvc_core.actions.agent import Agent
    from opensvc_core.events import Event
    from opensvc_core.model import ResourceId
    from opensvc_core.plan import Plan, Step


@define
class Telling:
    """Passes events on, one at a time, to whoever listens; a listener that fails changes nothing."""

    agent: Agent
    listener: Callable[[Event], None]
    guard: threading.Lock

    def __call__(self, event: Event) -> None:
        """An event of the run."""
        with self.guard:
            with suppress(Exception):
                self.listener(event)
            self.agent.dispatcher.observe(event)


def ignore_event(event: Event) -> None:
    """Nobody listens."""
    del event


@frozen
class RunOptions:
    """How a plan is to be run; see ``Agent.run``. ``even_frozen``: frozen services are acted on too."""

    permits: frozenset[str] = frozenset()
    evidence: tuple[Evidence, ...] = ()
    authority: Authority | None = None
    cancel: Cancel = Factory(Cancel)
    on_event: Callable[[Event], None] = ignore_event
    wait: float = 60.0
    max_parallel: int = 0
    time_limit: float | None = None
    even_frozen: bool = False


def run_plan(agent: Agent, plan: Plan, options: RunOptions, remember: Mapping[str, object] | None = None) -> Run:
    """See ``Agent.run``. ``remember`` goes to the journal with the selection: what a recovery must know."""
    run_id = uuid.uuid4().hex[:12]
    if not options.even_frozen:
        refuse_frozen(agent.node, tuple(service.name for service in plan.services))
    told = Telling(agent, options.on_event, threading.Lock())
    with hold_locks(agent, plan, run_id, wait=options.wait, cancel=options.cancel):
        leftovers = tidy_all(agent, plan, run_id, options)
        memory = Memory()
        statuses = ask(agent, list(plan.graphs.values()), memory=memory)
        known = gather_evidence(agent, plan, options.evidence, statuses)
        elsewhere = Elsewhere(agent, plan, run_id, told)
        evidence = {node: evidence_for(plan, known, node) for node in (agent.node.name, *plan.other_nodes)}
        told_copies = know_generations(agent, plan)
        elsewhere.check(evidence, options.permits, told_copies, wait=options.wait)
        performer = Performer(
            agent, plan, statuses, run_id, told, evidence[agent.node.name], options.permits, elsewhere, memory=memory
        )
        context = performer.reading_context(plan.action)
        checked = check_everywhere(agent, plan, statuses, known, context, elsewhere)
        beginning = starting_here(plan, statuses, agent.node.name)
        standing = refused((*checked.vetoes, *copy_vetoes(agent, beginning, told_copies)), options.permits)
        if standing:
            raise Vetoed(standing)
        notes = [note for found in leftovers.values() for note in found.notes] + list(checked.notes)
        notes += [note for note in plan.notes if note not in notes]
        about = {**asdict(plan.selection), **_moves(plan, statuses, elsewhere), **(remember or {})}
        _begin(agent, plan, run_id, about, notes, elsewhere, told_copies, statuses)
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
            up_before=_up_before(agent.node.name, statuses, elsewhere),
            unsettled=_unsettled(agent.node.name, leftovers, elsewhere),
        )
        run = executor.run(plan)
        _settle_past(agent, plan, run)
        notes += elsewhere.end(run)
        record_run(agent, plan, run, statuses, is_cancelled=options.cancel.is_set)
        return evolve(run, notes=(*notes, *run.notes))


@contextmanager
def hold_locks(
    agent: Agent, plan: Plan, run_id: str, *, wait: float, cancel: Cancel, is_everywhere: bool = False
) -> Iterator[None]:
    """Hold the locks of all services: by service name, and for what can start by node name, this one in its turn.

    Args:
        agent: this node's.
        plan: of the run.
        run_id: of the run.
        wait: seconds to wait for another holder.
        cancel: ends the waiting; set when the session is lost that holds a lock.
        is_everywhere: whether all nodes are locked, whatever the plan does.

    Raises:
        Locked: somebody else holds one.
        Cancelled: the token was set while waiting.
    """
    holder = Holder(os.getpid(), agent.user, plan.action, agent.clock.now(), run_id)
    with ExitStack() as stack:
        for service in sorted(plan.services, key=lambda service: service.name):
            is_wide = plan.can_start or is_everywhere
            nodes = {agent.node.name, *plan.other_nodes, *(service.all_nodes if is_wide else ())}
            for node in sorted(nodes):
                if node == agent.node.name:
                    lock = hold_lock(
                        agent.node.folders.lock, service.name, holder, wait=wait, clock=agent.clock, cancel=cancel
                    )
                    stack.enter_context(lock)
                else:
                    stack.enter_context(agent.peers.hold_lock(service, node, holder, wait=wait, cancel=cancel))
        yield


def tidy_all(agent: Agent, plan: Plan, run_id: str, options: RunOptions) -> dict[str, Leftovers]:
    """What cut runs left of each service, settled. Raises JournalError for a plan that can start something."""
    found = {}
    for service in plan.services:
        try:
            found[service.name] = tidy(agent, service.name, run_id, options.cancel, options.wait)
        except JournalError as error:
            if plan.can_start:
                raise
            found[service.name] = Leftovers((Note(error.message, error.code, Severity.ERROR),))
    return found


def _begin(
    agent: Agent,
    plan: Plan,
    run_id: str,
    about: Mapping[str, object],
    notes: list[Note],
    elsewhere: Elsewhere,
    told_copies: Told,
    statuses: Mapping[ResourceId, StatusReport],
) -> None:
    """Write the run down, elsewhere first: what fails there leaves nothing here.

    Raises:
        JournalError: it could start something; a stop goes on and says so.
        PeerError: another node of the plan is gone.
    """
    try:
        notes += elsewhere.begin(about, told_copies)
        notes += begin_histories(agent, plan, statuses, run_id, told_copies)
        begin_journal(agent, plan, run_id, about, notes)
    except OpenSVCError:
        elsewhere.abort()
        raise


def begin_journal(agent: Agent, plan: Plan, run_id: str, about: Mapping[str, object], notes: list[Note]) -> None:
    """Write a run down here. Raises JournalError for a plan that can start something; for another it is a note."""
    pid = os.getpid()
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
        agent.journal.owe_run(header)
        notes.append(Note(f"this run is not journalled: {error}", "journal", Severity.ERROR))


def _settle_past(agent: Agent, plan: Plan, run: Run) -> None:
    """A whole action that ended well puts right what earlier ones had left open; one on standby resources is none."""
    is_whole = not plan.selection.is_partial and plan.action not in {"startstandby", "stopstandby"}
    if not is_whole or any(step.action == "clean" for step in plan.steps):
        return
    for name, outcome in run.outcomes.items():
        if outcome is RunOutcome.DONE:
            with suppress(JournalError):
                agent.journal.mark_recovered(name, run.id)


def _moves(plan: Plan, statuses: Mapping[ResourceId, StatusReport], elsewhere: Elsewhere) -> dict[str, object]:
    """What a recovery must know of a run that spans nodes: whence, whereto, whether it was up there before."""
    moves: dict[str, object] = {}
    for service in plan.services if plan.other_nodes else ():
        name = service.name
        mine = [step for step in plan.steps if step.resource.id.service == name]
        stops = [step for step in mine if step.kind.is_down]
        moved = next((step for step in mine if step.action == "migrate"), None)
        if moved is not None:
            moves[name] = {"source": moved.node, "destination": plan.other_nodes[0], "was_up": True, "is_live": True}
            continue
        source = stops[0].node if stops else ""
        destination = next((step.node for step in mine if step.node != source), "")
        reports = [_report_of(step, statuses, elsewhere) for step in stops if step.resource.has_own_state]
        was_up = any(report is None or not is_verified_down(report) for report in reports)
        pull = {"is_pull": True} if any(step.action == "pull" for step in mine) else {}
        moves[name] = {"source": source, "destination": destination, "was_up": was_up, **pull}
    return {"moves": moves} if moves else {}


def _report_of(step: Step, statuses: Mapping[ResourceId, StatusReport], elsewhere: Elsewhere) -> StatusReport | None:
    return (elsewhere.found[step.node].reports if step.is_elsewhere else statuses).get(step.resource.id)


def _up_before(here: str, statuses: Mapping[ResourceId, StatusReport], elsewhere: Elsewhere) -> frozenset[Place]:
    everywhere = {here: statuses, **{node: found.reports for node, found in elsewhere.found.items()}}
    return frozenset(
        Place(node, key)
        for node, reports in everywhere.items()
        for key, report in reports.items()
        if _may_be_up(report)
    )


def _unsettled(here: str, leftovers: Mapping[str, Leftovers], elsewhere: Elsewhere) -> frozenset[Place]:
    mine = {Place(here, each) for found in leftovers.values() for each in found.unsettled}
    return frozenset(mine | {Place(node, each) for node, found in elsewhere.found.items() for each in found.unsettled})


def _may_be_up(report: StatusReport) -> bool:
    """Whether a resource was not seen down before the first step: then the way back leaves it alone."""
    return report.status.value in {"up", "stdby up", "undef"}
