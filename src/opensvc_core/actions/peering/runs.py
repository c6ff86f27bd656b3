"""What this node does for a run that another node drives: its own checks, its own steps, its own journal."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from opensvc_core.actions.freeze import refuse_frozen
from opensvc_core.actions.histories import begin_histories, copy_vetoes, restore_history, starting_here, told_in
from opensvc_core.actions.leftovers import Leftovers, tidy
from opensvc_core.actions.perform import Performer
from opensvc_core.actions.preflight import check as find_vetoes
from opensvc_core.actions.preview import rehearse
from opensvc_core.actions.recording import record_visit
from opensvc_core.actions.reserving import reserving
from opensvc_core.actions.status import ask
from opensvc_core.actions.step_hooks import STEP_HOOKS
from opensvc_core.attempt import Attempt
from opensvc_core.clock import Deadline
from opensvc_core.cluster import wire
from opensvc_core.errors import ActionError, JournalError, PlanError
from opensvc_core.events import Event, EventKind
from opensvc_core.host.processes import process_start_time
from opensvc_core.journal import INTERRUPTED, RunHeader
from opensvc_core.memory import Memory
from opensvc_core.model import Note, Resource, ResourceId, Severity
from opensvc_core.plan import Plan, Step, step_id
from opensvc_core.run import RunOutcome
from opensvc_core.trying import try_step

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.peering.operations import Call, Visit
    from opensvc_core.model import Service

LAST_WORDS = 2.0
"""Seconds before the peer gives up waiting, by which a step here has ended, so that its words arrive in time."""
PATIENCE = 30.0
"""Seconds that a session which was lost waits for its cancelled steps, before it lets its locks go."""


@define
class PeerRun:
    """A run of another node, as far as it concerns this one.

    Attributes:
        agent: of this node.
        id: of the run, the same in every journal.
        plan: its steps here.
        performer: does them.
    """

    agent: Agent
    id: str
    plan: Plan
    performer: Performer
    is_journalled: bool = False
    recording: threading.Thread | None = None
    _busy: int = 0
    _idle: threading.Condition = field(factory=threading.Condition)

    def enter(self) -> None:
        """A step begins."""
        with self._idle:
            self._busy += 1

    def leave(self) -> None:
        """A step has ended."""
        with self._idle:
            self._busy -= 1
            self._idle.notify_all()

    def end(self) -> bool:
        """Nothing more of it is journalled as open; whether it was until now."""
        with self._idle:
            was_journalled, self.is_journalled = self.is_journalled, False
        return was_journalled

    def close(self) -> None:
        """The session is over: once its steps have ended, write down that the run was cut, unless it had ended."""
        with self._idle:
            self._idle.wait_for(lambda: not self._busy, PATIENCE)
        if self.end():
            for service in self.plan.services:
                with suppress(JournalError):
                    self.agent.journal.end_service(self.id, service.name, INTERRUPTED)
            self.tell(EventKind.RUN_END, data={"outcomes": {each.name: INTERRUPTED for each in self.plan.services}})
        if self.recording is not None:
            self.recording.join(PATIENCE)

    def tell(
        self, kind: EventKind, step: Step | None = None, text: str = "", data: Mapping[str, Any] | None = None
    ) -> None:
        """Tell this node's observers of what is done here."""
        agent, about = self.agent, (None if step is None else step.resource.id)
        service, rid = ("", "") if about is None else (about.service, about.rid)
        event = Event(
            kind, agent.clock.now(), self.id, service, rid, "" if step is None else step.id, text, dict(data or {})
        )
        agent.dispatcher.observe(event)

    def record(self) -> None:
        """Begin to write down what it has led to here, while the node that drives it goes on."""
        self.recording = threading.Thread(
            target=record_visit, args=(self.agent, self.plan), name=f"record {self.id}", daemon=True
        )
        self.recording.start()


def check(visit: Visit, call: Call) -> Mapping[str, Any]:
    """Look at what is to be done here: leftovers, states, everything that may forbid it. Begins nothing.

    Raises:
        Frozen: a service is frozen here.
        ActionError: the peer is no node of a service.
        PlanError: a step is about nothing that this node knows.
    """
    agent, data = visit.agent, call.data
    run_id, is_dry = str(data["run"]), data["is_dry"] is True
    services = [load_for(visit, str(name)) for name in data["services"]]
    for service in services if not is_dry else ():
        refuse_unlocked(visit, service.name)
    refuse_frozen(agent.node, tuple(service.name for service in services))
    graphs = {service.name: agent.graph(service) for service in services}
    steps = tuple(_read_steps(agent, data["steps"], {r.id: r for graph in graphs.values() for r in graph.resources}))
    action = str(data["action"])
    plan = Plan(action, tuple(graph.service for graph in graphs.values()), graphs, steps)
    leftovers = {} if is_dry else {name: _tidy(agent, plan, name, run_id, call) for name in graphs}
    memory = Memory()
    statuses = ask(agent, list(graphs.values()), memory=memory)
    evidence = {
        str(name): [wire.evidence_in(each) for each in known]
        for name, known in wire.reading("evidence", data["evidence"], dict).items()
    }
    permits = frozenset(str(code) for code in data["permits"])
    performer = Performer(
        agent, plan, statuses, run_id, lambda _: None, evidence, permits, peer=visit.peer, memory=memory
    )
    context = performer.reading_context(action)
    # Who else runs it is weighed by the node that drives: it has asked everybody.
    checked = find_vetoes(agent, plan, statuses, {}, context)
    copies = copy_vetoes(agent, starting_here(plan, statuses, agent.node.name), told_in(data.get("copies", {})))
    if not is_dry:
        run = PeerRun(agent, run_id, plan, performer)
        with visit.guard:
            visit.facts[f"run {run_id}"] = run
        visit.holds.callback(run.close)
    notes = [note for found in leftovers.values() for note in found.notes]
    return {
        "vetoes": [wire.veto_out(veto) for veto in (*checked.vetoes, *copies)],
        "notes": [wire.note_out(note) for note in (*notes, *checked.notes)],
        "reports": wire.reports_out(statuses),
        "unsettled": [[each.service, each.rid] for found in leftovers.values() for each in sorted(found.unsettled)],
        "reserving": sorted(reserving(agent, plan, evidence, context)),
        "previews": {step.id: rehearse(performer, step, statuses).document() for step in steps if is_dry},
    }


def begin(visit: Visit, call: Call) -> Mapping[str, Any]:
    """Write the run down in this node's journal; the notes in the answer say where a stop goes on without.

    Raises:
        JournalError: it could start something here.
    """
    run, data, pid = _run_of(visit, call), call.data, os.getpid()
    for service in run.plan.services:
        refuse_unlocked(visit, service.name)
    agent = run.agent
    header = RunHeader(
        run.id,
        run.plan.action,
        tuple(service.name for service in run.plan.services),
        f"{data['user']} on {visit.peer}",
        pid,
        agent.node.name,
        process_start_time(pid),
        agent.node.boot_id,
        tuple(str(word) for word in data["argv"]),
        str(data["about"]),
        agent.clock.now(),
    )
    begin_histories(agent, run.plan, run.performer.statuses, run.id, told_in(data.get("copies", {})))
    notes: list[Note] = []
    try:
        agent.journal.begin_run(header)
    except JournalError as error:
        if run.plan.can_start:
            raise
        notes.append(Note(f"this run is not journalled: {error.message}", error.code, Severity.ERROR))
        agent.journal.owe_run(header)
    run.is_journalled = True
    run.tell(EventKind.RUN_BEGIN, text=run.plan.action, data={"steps": [each.id for each in run.plan.steps]})
    return {"notes": [wire.note_out(note) for note in notes]}


def step(visit: Visit, call: Call) -> Mapping[str, Any]:
    """Do one step here, journalled before and after; how it ended is the answer.

    Raises:
        JournalError: it could start something and cannot be written down: it was not begun.
        PlanError: it is about nothing that this node knows.
    """
    run, data = _run_of(visit, call), call.data
    agent, is_way_back = run.agent, data["is_way_back"] is True
    notes: list[Note] = []

    def on_note(note: Note) -> None:
        notes.append(note)
        call.emit("note", {"note": wire.note_out(note)})
        run.tell(EventKind.NOTE, todo, note.text, {"severity": note.severity.value, "code": note.code})

    def on_event(event: Event) -> None:
        call.emit("event", {"kind": event.kind.value, "data": event.data})

    todo = _read_step(agent, data["action"], _resource_of(run, data))
    refuse_unlocked(visit, todo.resource.id.service)
    deadline = Deadline(call.deadline.at - LAST_WORDS, agent.clock, f"step {todo.id}")
    attempt = Attempt(todo, call.cancel, deadline, is_way_back, on_note, data["start_was_lost"] is True)
    performer = evolve(run.performer, on_event=on_event)
    run.enter()
    try:
        for name, told in told_in(data.get("copies", {})).items():
            restore_history(agent, load_for(visit, name), run.id, told)
        try:
            agent.journal.begin_step(run.id, todo, is_way_back=is_way_back)
        except JournalError as error:
            if todo.kind.can_start:
                raise
            on_note(_unwritten(error))
        run.tell(EventKind.STEP_BEGIN, todo, data={"way_back": is_way_back, "limit": deadline.remaining()})
        result = try_step(attempt, performer.perform, performer.verify, agent.clock, notes)
        try:
            agent.journal.end_step(run.id, result, is_way_back=is_way_back)
        except JournalError as error:
            on_note(_unwritten(error))
        ended = {"state": result.state.value, "seconds": result.seconds, "way_back": is_way_back}
        run.tell(EventKind.STEP_END, todo, result.text, ended)
    finally:
        run.leave()
    answer: dict[str, Any] = {"lost_changes": list(result.lost_changes), "outcome": None, "error": None}
    if result.state.is_good:
        answer["outcome"] = {
            "is_changed": result.state.value == "done",
            "text": result.text,
            "notes": [wire.note_out(note) for note in result.notes],
        }
    else:
        answer["error"] = wire.error_out(result.error or ActionError(result.text or result.state.value))
    return answer


def verify(visit: Visit, call: Call) -> Mapping[str, Any]:
    """The state of one resource here, now."""
    run = _run_of(visit, call)
    resource = _resource_of(run, call.data)
    return {"status": run.performer.verify(_read_step(run.agent, "stop", resource)).value}


def end(visit: Visit, call: Call) -> Mapping[str, Any]:
    """Write down how the run ended, or that another one put right what was left open. Raises JournalError."""
    agent, data = visit.agent, call.data
    for name, by in data.get("recovered", {}).items():
        load_for(visit, str(name))
        agent.journal.mark_recovered(str(name), str(by))
    if "run" not in data:
        return {}
    run = _run_of(visit, call)
    if not run.end():
        return {}
    outcomes = {service.name: RunOutcome(data["outcomes"][service.name]) for service in run.plan.services}
    try:
        for name, outcome in outcomes.items():
            agent.journal.end_service(run.id, name, outcome)
            if outcome is RunOutcome.DONE:
                agent.journal.mark_recovered(name, run.id)
    finally:
        run.tell(EventKind.RUN_END, data={"outcomes": {name: outcome.value for name, outcome in outcomes.items()}})
        run.record()
    return {}


def load_for(visit: Visit, name: str) -> Service:
    """A service that the peer is a node of. Raises ActionError if it is none, ServiceNotFound, ConfigError."""
    service = visit.agent.load(name)
    if visit.peer not in service.all_nodes:
        raise ActionError(
            f"{visit.peer} is no node of {name} by the service file here",
            code="not_a_peer",
            hint=f"compare the files: osvc config diff {name} --node {visit.agent.node.name}",
        )
    return service


def refuse_unlocked(visit: Visit, name: str) -> None:
    """Nothing is done here for a peer whose session does not hold the lock of the service. Raises ActionError."""
    with visit.guard:
        is_held = name in visit.facts.get("locks", {})
    if not is_held:
        raise ActionError(
            f"{visit.agent.node.name}: this session does not hold the lock of {name}",
            code="not_locked",
            hint="lock it first",
        )


def _unwritten(error: JournalError) -> Note:
    return Note(f"this step goes on without its journal: {error.message}", error.code, Severity.ERROR)


def _tidy(agent: Agent, plan: Plan, name: str, run_id: str, call: Call) -> Leftovers:
    try:
        return tidy(agent, name, run_id, call.cancel, float(call.data["wait"]))
    except JournalError as error:
        if plan.can_start:
            raise
        return Leftovers((Note(error.message, error.code, Severity.ERROR),))


def _read_steps(agent: Agent, documents: Any, known: Mapping[ResourceId, Resource]) -> Iterable[Step]:
    for name, action, service, rid in documents:
        resource_id = ResourceId(str(service), str(rid))
        if resource_id not in known:
            raise PlanError(
                f"{agent.node.name}: {resource_id} is not in the service file here",
                code="unknown_rid",
                hint=f"compare the files: osvc config diff {service} --node {agent.node.name}",
            )
        yield evolve(_read_step(agent, action, known[resource_id]), id=str(name))


def _read_step(agent: Agent, action: Any, resource: Resource) -> Step:
    word = str(action)
    if word not in STEP_HOOKS:
        raise PlanError(f"{agent.node.name}: does no steps of the kind {word!r}")
    return Step(step_id(word, resource.id), word, resource, agent.node.name)


def _run_of(visit: Visit, call: Call) -> PeerRun:
    with visit.guard:
        run = visit.facts.get(f"run {call.data['run']}")
    if not isinstance(run, PeerRun):
        raise ActionError(
            f"{visit.agent.node.name} knows of no such run in this session",
            code="run_not_found",
            hint="the session was lost: osvc recover",
        )
    return run


def _resource_of(run: PeerRun, data: Mapping[str, Any]) -> Resource:
    wanted = ResourceId(str(data["service"]), str(data["rid"]))
    for graph in run.plan.graphs.values():
        for resource in graph.resources:
            if resource.id == wanted:
                return resource
    raise PlanError(f"{run.agent.node.name}: {wanted} is not in the service file here", code="unknown_rid")
