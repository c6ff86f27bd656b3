"""Plans, runs and what happens in them as JSON between nodes, and back. Pure; see ``wire``."""

from __future__ import annotations

from typing import Any

from opensvc_core.cluster.wire import error_in, error_out, graph_in, graph_out, note_in, note_out
from opensvc_core.events import Event, EventKind
from opensvc_core.model import Resource, ResourceId
from opensvc_core.plan import Plan, Selection, Step
from opensvc_core.run import Run, RunOutcome, StepResult, StepState


def event_out(event: Event) -> dict[str, Any]:
    """Something that happened in a run."""
    return {
        "kind": event.kind.value,
        "at": event.at,
        "run": event.run_id,
        "service": event.service,
        "rid": event.rid,
        "step": event.step,
        "text": event.text,
        "data": event.data,
    }


def event_in(document: Any) -> Event:
    """Something that happened in a run of another node."""
    run, service, rid, step, text = (str(document[name]) for name in ("run", "service", "rid", "step", "text"))
    data = dict(document["data"])
    return Event(EventKind(document["kind"]), float(document["at"]), run, service, rid, step, text, data)


def selection_out(selection: Selection) -> dict[str, list[str]]:
    """Which resources an action is about."""
    return {"rids": list(selection.rids), "tags": list(selection.tags)}


def selection_in(document: Any) -> Selection:
    """Which resources an action is about."""
    rids, tags = (tuple(str(word) for word in document[name]) for name in ("rids", "tags"))
    return Selection(rids, tags)


def step_out(step: Step) -> dict[str, Any]:
    """A step of a plan; its resource is told by its name and driver alone."""
    return {
        "id": step.id,
        "action": step.action,
        "service": step.resource.id.service,
        "rid": step.resource.rid,
        "driver": step.resource.driver,
        "node": step.node,
        "requires": list(step.requires),
        "is_elsewhere": step.is_elsewhere,
        "peer": step.peer,
    }


def step_in(document: Any) -> Step:
    """A step of another node's plan."""
    return Step(
        str(document["id"]),
        str(document["action"]),
        Resource(ResourceId(str(document["service"]), str(document["rid"])), str(document["driver"])),
        str(document["node"]),
        tuple(str(name) for name in document["requires"]),
        document["is_elsewhere"] is True,
        str(document["peer"]),
    )


def plan_out(plan: Plan) -> dict[str, Any]:
    """A plan, as far as it is to be shown."""
    return {
        "action": plan.action,
        "graphs": [graph_out(plan.graphs[service.name]) for service in plan.services],
        "steps": [step_out(step) for step in plan.steps],
        "notes": [note_out(note) for note in plan.notes],
    }


def plan_in(document: Any) -> Plan:
    """A plan of another node: to be shown, never to be run here."""
    graphs = [graph_in(each) for each in document["graphs"]]
    return Plan(
        str(document["action"]),
        tuple(graph.service for graph in graphs),
        {graph.service.name: graph for graph in graphs},
        tuple(step_in(each) for each in document["steps"]),
        notes=tuple(note_in(each) for each in document["notes"]),
    )


def run_out(run: Run) -> dict[str, Any]:
    """The report of a run."""
    return {
        "id": run.id,
        "action": run.action,
        "results": [_result_out(result) for result in run.results],
        "rollback": [_result_out(result) for result in run.rollback],
        "outcomes": {name: outcome.value for name, outcome in run.outcomes.items()},
        "notes": [note_out(note) for note in run.notes],
    }


def run_in(document: Any, node: str) -> Run:
    """The report of a run of another node."""
    return Run(
        str(document["id"]),
        str(document["action"]),
        tuple(_result_in(each, node) for each in document["results"]),
        tuple(_result_in(each, node) for each in document["rollback"]),
        {str(name): RunOutcome(word) for name, word in document["outcomes"].items()},
        tuple(note_in(each) for each in document["notes"]),
    )


def _result_out(result: StepResult) -> dict[str, Any]:
    return {
        "step": step_out(result.step),
        "state": result.state.value,
        "text": result.text,
        "notes": [note_out(note) for note in result.notes],
        "seconds": result.seconds,
        "error": None if result.error is None else error_out(result.error),
        "lost_changes": list(result.lost_changes),
    }


def _result_in(document: Any, node: str) -> StepResult:
    error = document["error"]
    return StepResult(
        step_in(document["step"]),
        StepState(document["state"]),
        str(document["text"]),
        tuple(note_in(each) for each in document["notes"]),
        float(document["seconds"]),
        None if error is None else error_in(error, node),
        tuple(str(each) for each in document["lost_changes"]),
    )
