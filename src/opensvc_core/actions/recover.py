"""Putting right what a run left open: the real state is asked, then the run is finished, or undone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import evolve

from opensvc_core.actions.cut_runs import CutRun, Word, ask_all, tell_recovered
from opensvc_core.actions.execute import RunOptions, hold_locks, run_plan
from opensvc_core.actions.leftovers import tidy
from opensvc_core.actions.recover_move import Decision, GuestOnItsWay, Recovery
from opensvc_core.actions.status import ask
from opensvc_core.clock import Deadline
from opensvc_core.model import Note, ResourceId, Severity
from opensvc_core.plan import Plan, Selection, make_plan, plan_way_back
from opensvc_core.run import Run, RunOutcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opensvc_core.actions.agent import Agent
    from opensvc_core.graph import ServiceGraph
    from opensvc_core.journal import RunRecord

DOUBT_SECONDS = 10.0
"""How long the hypervisors of a migration that was cut are asked again where its guest is."""
DOUBT_PAUSE = 0.5
"""Seconds between two such questions."""


def recover(agent: Agent, name: str, options: RunOptions) -> Run:
    """See ``Agent.recover``.

    A stop that was cut is finished. A start that was cut on its way forward is finished too; one that was on its way
    back, or ended unknown, is undone: what it had brought up is brought down. A run that spanned nodes is finished at
    its destination, or undone there and started again at its source, from any node that can ask both.
    """
    service = agent.load(name)
    graph = agent.graph(service)
    nothing = Plan("recover", (service,), {name: graph}, ())
    spans = agent.peers.asks and _may_span(agent, name)
    words: dict[str, Word] = {}
    notes: list[Note] = []
    with hold_locks(agent, nothing, "", wait=options.wait, cancel=options.cancel, is_everywhere=spans):
        woken = [
            note for note in tidy(agent, name, "", options.cancel, options.wait).notes if note.code == "snap_trigger"
        ]
        agent.journal.settle_past(name)
        record = agent.journal.unrecovered([name]).get(name)
        cut = None if record is None else CutRun.of(record)
        if spans:
            words, notes = ask_all(agent, graph, cut.id if cut else "", options.wait)
            if cut is None and (cut := _newest(words, name)) is not None:
                words, notes = ask_all(agent, graph, cut.id, options.wait)
        if cut is None:
            text = f"{name}: no run was interrupted or ended unknown; nothing to recover"
            found = (Note(text, "nothing_to_recover"), *woken, *notes, *_cut_there(words, name))
            return Run("", "recover", (), outcomes={name: RunOutcome.DONE}, notes=found)
        if cut.move_of(name) is None and record is not None:
            decision = _decide(agent, graph, record)
        else:
            decision, words, notes = _decide_move(agent, graph, cut, (words, notes), options)
        told = [Note(decision.text, "recover"), *woken, *(note for word in words.values() for note in word.notes)]
        if decision.plan is None:
            told += tell_recovered(agent, name, words, decision.by)
            return Run("", "recover", (), outcomes={name: RunOutcome.DONE}, notes=(*told, *notes))
    # The locks are taken anew by the run itself; whoever comes between finds the same journals and the same state.
    run = run_plan(agent, decision.plan, options, decision.remember)
    if run.outcomes.get(name) is RunOutcome.DONE:
        told += tell_recovered(agent, name, words, run.id)
    return Run(run.id, "recover", run.results, run.rollback, run.outcomes, (*told, *notes, *run.notes))


def _may_span(agent: Agent, name: str) -> bool:
    """Whether what is to be put right may be a run over several nodes: one of this node alone needs no other's lock."""
    records = [*agent.journal.open_runs(name), *agent.journal.unrecovered([name]).values()]
    return not records or CutRun.of(records[0]).move_of(name) is not None


def _newest(words: Mapping[str, Word], name: str) -> CutRun | None:
    """The newest run that was cut by the word of another node, of those that spanned nodes."""
    cuts = [word.cut for word in words.values() if word.cut is not None and word.cut.move_of(name) is not None]
    return max(cuts, key=lambda cut: cut.began, default=None)


def _cut_there(words: Mapping[str, Word], name: str) -> Iterable[Note]:
    for node, word in words.items():
        if word.cut is not None and word.cut.move_of(name) is None:
            text = f"on {node} the {word.cut.action} by {word.cut.user} was cut: osvc recover {name} there"
            yield Note(text, "interrupted", Severity.WARNING)


def _decide_move(
    agent: Agent, graph: ServiceGraph, cut: CutRun, heard: tuple[dict[str, Word], list[Note]], options: RunOptions
) -> tuple[Decision, dict[str, Word], list[Note]]:
    """How a run over several nodes is put right, with what their nodes said at last.

    Where a migration was cut its hypervisors need a moment to see that, and are asked again for a while.
    """
    words, notes = heard
    patience = Deadline.after(DOUBT_SECONDS, agent.clock, "the guest's whereabouts")
    while True:
        try:
            return _recovery(agent, graph, cut, words, options).decide(), words, notes
        except GuestOnItsWay:
            if patience.is_over or agent.clock.wait(options.cancel.event, DOUBT_PAUSE):
                raise
        words, notes = ask_all(agent, graph, cut.id, options.wait)


def _recovery(
    agent: Agent, graph: ServiceGraph, cut: CutRun, words: Mapping[str, Word], options: RunOptions
) -> Recovery:
    mine = agent.journal.history(graph.service.name, 1, run_id=cut.id)
    if mine and mine[0].recovered_by:
        cut = evolve(cut, recovered_by=mine[0].recovered_by)
    return Recovery(agent, graph, ask(agent, [graph]), cut, words, options)


def _decide(agent: Agent, graph: ServiceGraph, record: RunRecord) -> Decision:
    """How a run of this node alone is finished or undone."""
    about: dict[str, Any] = json.loads(record.selection)
    way = about.get("way") or _way(record)
    what = f"the {record.action} by {record.user} that {record.outcome or 'was interrupted'}"
    if record.outcome == "unknown":
        what = f"the {record.action} by {record.user} that ended unknown"
    elif record.outcome == "interrupted":
        what = f"the {record.action} by {record.user} that was interrupted"
    if way == "undo":
        changed = {ResourceId(record.service, rid) for rid in about.get("undo", _brought_up(record))}
        remember = {"way": "undo", "undo": sorted(item.rid for item in changed)}
        return Decision(f"undoing {what}", _undo_plan(agent, graph, changed), remember)
    if way == "clean":
        # The next boot of the agent does it; nothing of the service was brought up or down.
        nothing = Plan("recover", (graph.service,), {graph.service.name: graph}, ())
        return Decision(f"{what} had started nothing", nothing, {"way": "clean"})
    selection = Selection(tuple(about.get("rids", ())), tuple(about.get("tags", ())))
    plan = make_plan(way, [graph], selection, agent.node.name, asks_peers=agent.peers.asks)
    return Decision(f"finishing {what}", evolve(plan, action="recover"), {"way": way})


def _way(record: RunRecord) -> str:
    """``start``, ``stop``, ``restart``, or ``undo``; a takeover of what ran nowhere was a start, a shutdown a stop."""
    if record.action in {"stop", "shutdown", "stopstandby"}:
        return "stopstandby" if record.action == "stopstandby" else "stop"
    went_back = any(step.is_way_back for step in record.steps)
    failed = any(step.action == "start" and step.state in {"failed", "timeout", "cancelled"} for step in record.steps)
    if record.outcome == "unknown" or went_back or failed:
        return "undo"
    if record.action == "restart" and not any(step.action == "start" and step.began for step in record.steps):
        return "restart"
    if record.action == "boot" and not any(step.action == "start" for step in record.steps):
        return "clean"
    return "startstandby" if record.action == "startstandby" else "start"


def _brought_up(record: RunRecord) -> set[str]:
    """Rids that a run brought up, or perhaps did."""
    perhaps = {"done", "failed", "timeout", "cancelled", "running"}
    return {step.rid for step in record.steps if step.action == "start" and step.state in perhaps}


def _undo_plan(agent: Agent, graph: ServiceGraph, changed: set[ResourceId]) -> Plan:
    """Stops for what a run brought up, but for what something else that is up stands on."""
    known = {resource.id for resource in graph.resources}
    statuses = ask(agent, [graph])
    held: set[ResourceId] = set()
    for resource_id, report in statuses.items():
        if report.status.is_up and resource_id not in changed:
            held |= graph.requirements(resource_id)
    steps = plan_way_back(graph, (changed & known) - held, agent.node.name)
    return Plan("recover", (graph.service,), {graph.service.name: graph}, steps)
