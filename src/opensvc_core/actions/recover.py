"""Putting right what a run left open: the real state is asked, then the run is finished, or undone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from opensvc_core.actions.execute import RunOptions, hold_locks, run_plan
from opensvc_core.actions.leftovers import tidy
from opensvc_core.actions.status import ask
from opensvc_core.model import Note, ResourceId
from opensvc_core.plan import Plan, Selection, make_plan, plan_way_back
from opensvc_core.run import Run, RunOutcome

if TYPE_CHECKING:
    from opensvc_core.actions.agent import Agent
    from opensvc_core.graph import ServiceGraph
    from opensvc_core.journal import RunRecord


def recover(agent: Agent, name: str, options: RunOptions) -> Run:
    """See ``Agent.recover``.

    A stop that was cut is finished. A start that was cut on its way forward is finished too; one that was on its way
    back, or ended unknown, is undone: what it had brought up is brought down.
    """
    service = agent.load(name)
    graph = agent.graph(service)
    nothing = Plan("recover", (service,), {name: graph}, ())
    with hold_locks(agent, nothing, "", wait=options.wait, cancel=options.cancel):
        tidy(agent, name, "", options.cancel, options.wait)
        agent.journal.settle_past(name)
        record = agent.journal.unrecovered([name]).get(name)
        if record is None:
            text = f"{name}: no run was interrupted or ended unknown; nothing to recover"
            return Run("", "recover", (), outcomes={name: RunOutcome.DONE}, notes=(Note(text, "nothing_to_recover"),))
        plan, remember, text = _decide(agent, graph, record)
    # The lock is taken anew by the run itself; whoever comes between finds the same journal and the same state.
    run = run_plan(agent, plan, options, remember)
    if run.outcomes.get(name) is RunOutcome.DONE:
        agent.journal.mark_recovered(name, run.id)
    return Run(run.id, "recover", run.results, run.rollback, run.outcomes, (Note(text, "recover"), *run.notes))


def _decide(agent: Agent, graph: ServiceGraph, record: RunRecord) -> tuple[Plan, dict[str, Any], str]:
    """The plan that finishes or undoes a run, what to remember of it, and a line for the operator."""
    about: dict[str, Any] = json.loads(record.selection)
    way = about.get("way") or _way(record)
    what = f"the {record.action} by {record.user} that {record.outcome or 'was interrupted'}"
    if record.outcome == "unknown":
        what = f"the {record.action} by {record.user} that ended unknown"
    elif record.outcome == "interrupted":
        what = f"the {record.action} by {record.user} that was interrupted"
    if way == "undo":
        changed = {ResourceId(record.service, rid) for rid in about.get("undo", _brought_up(record))}
        plan = _undo_plan(agent, graph, changed)
        return plan, {"way": "undo", "undo": sorted(item.rid for item in changed)}, f"undoing {what}"
    selection = Selection(tuple(about.get("rids", ())), tuple(about.get("tags", ())))
    plan = make_plan(way, [graph], selection, agent.node.name, asks_peers=agent.peers.asks)
    return (
        Plan("recover", plan.services, plan.graphs, plan.steps, selection, plan.notes),
        {"way": way},
        f"finishing {what}",
    )


def _way(record: RunRecord) -> str:
    """``start``, ``stop``, ``restart``, or ``undo``."""
    if record.action == "stop":
        return "stop"
    went_back = any(step.is_way_back for step in record.steps)
    failed = any(step.action == "start" and step.state in {"failed", "timeout", "cancelled"} for step in record.steps)
    if record.outcome == "unknown" or went_back or failed:
        return "undo"
    if record.action == "restart" and any(step.action == "start" and step.began for step in record.steps):
        return "start"
    return record.action


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
