"""Reports as JSON-ready values: the shapes that `docs/reference/*.schema.json` describe. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opensvc_core.errors import OpenSVCError
    from opensvc_core.journal import RunRecord
    from opensvc_core.model import Note, Resource, Service, Veto
    from opensvc_core.plan import Plan, Step
    from opensvc_core.run import Run, StepResult
    from opensvc_core.standing import NodeWord
    from opensvc_core.status import ResourceStatus, ServiceStatus

SCHEMA = 1
"""Version of the shapes; it changes when a member is taken away or means another thing."""

Document = dict[str, Any]
"""A JSON object."""


def moment(at: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC, to the second; empty for 0."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""


def note_documents(notes: Iterable[Note]) -> list[Document]:
    """Notes, each with its severity, code and text."""
    return [{"severity": note.severity.value, "code": note.code, "text": note.text} for note in notes]


def status_document(
    node: str,
    at: float,
    statuses: Mapping[str, ServiceStatus],
    broken: Mapping[str, OpenSVCError],
    words: Mapping[str, NodeWord] | None = None,
) -> Document:
    """What ``osvc status --format json`` and ``osvc mon --format json`` print (``status.schema.json``).

    Args:
        node: name of this node.
        at: when it was asked, in seconds since the epoch.
        statuses: by service name.
        broken: services whose file cannot be used, and why.
        words: of the other nodes, by name; none where none was asked.
    """
    document: Document = {
        "schema": SCHEMA,
        "node": node,
        "at": moment(at),
        "services": {name: _service_status(status) for name, status in statuses.items()},
        "errors": error_documents(broken),
    }
    if words:
        document["nodes"] = {name: _node_word(word) for name, word in words.items()}
        for status in statuses.values():
            document["services"][status.service.name]["elsewhere"] = _elsewhere(status, words)
    return document


def _node_word(word: NodeWord) -> Document:
    error = {"code": word.code, "message": word.problem, "hint": word.hint} if word.problem else None
    return {"current": word.is_current, "at": moment(word.at), "host_mode": word.host_mode, "error": error}


def _elsewhere(status: ServiceStatus, words: Mapping[str, NodeWord]) -> Document:
    from opensvc_core.cli.words import others_of

    return {
        other.node: {
            "overall": other.standing.overall.value,
            "avail": other.standing.avail.value,
            "state": other.standing.state.value,
            "current": other.is_current,
            "at": moment(other.standing.at),
            "drp": other.is_drp,
            "frozen": other.standing.is_frozen,
            "node_frozen": other.standing.is_node_frozen,
            "drained": other.standing.is_drained,
            "digest": other.standing.digest,
            "generation": other.standing.generation,
            "problem": other.standing.problem,
            "notes": note_documents(other.standing.notes),
            "resources": {
                rid: {"status": shown.value, "notes": note_documents(notes)}
                for rid, (shown, notes) in other.standing.resources.items()
            },
        }
        for other in others_of(status, words)
    }


def error_documents(broken: Mapping[str, OpenSVCError]) -> Document:
    """Services whose file cannot be used, each with the error."""
    if not broken:
        return {}  # the usual answer, typed all day: what tells errors is not even imported
    from opensvc_core.cli.failure import error_document

    return {name: error_document(error)["error"] for name, error in broken.items()}


def _service_status(status: ServiceStatus) -> Document:
    return {
        "overall": status.overall.value,
        "avail": status.avail.value,
        "frozen": status.is_frozen,
        "node_frozen": status.is_node_frozen,
        "drained": status.is_drained,
        "groups": {name: group.value for name, group in status.groups.items()},
        "nodes": list(status.service.nodes),
        "drpnodes": list(status.service.drpnodes),
        "notes": note_documents(status.notes),
        "resources": {item.resource.rid: _resource_status(item) for item in status.resources},
    }


def _facts(resource: Resource) -> Document:
    """What is said of a resource wherever it is told of."""
    return {
        "driver": resource.driver,
        "label": resource.label,
        "disabled": resource.is_disabled,
        "optional": resource.is_optional,
        "standby": resource.is_standby,
        "tags": sorted(resource.tags),
        "subset": resource.subset,
        "container": resource.container,
    }


def _resource_status(item: ResourceStatus) -> Document:
    return {
        "status": item.shown.value,
        "answered": item.report.status.value,
        **_facts(item.resource),
        "notes": note_documents(item.report.notes),
    }


def step_document(step: Step) -> Document:
    """A step of a plan."""
    return {
        "id": step.id,
        "action": step.action,
        "service": step.resource.id.service,
        "rid": step.resource.rid,
        "driver": step.resource.driver,
        "node": step.node,
        "requires": list(step.requires),
    }


def veto_document(veto: Veto) -> Document:
    """A reason not to begin."""
    return {
        "code": veto.code,
        "subject": veto.subject,
        "reason": veto.reason,
        "hint": veto.hint,
        "is_liftable": veto.is_liftable,
    }


def plan_document(plan: Plan, steps: Sequence[Document], vetoes: Iterable[Veto], notes: Iterable[Note]) -> Document:
    """What ``osvc plan … --format json`` prints (``plan.schema.json``).

    Args:
        plan: the plan.
        steps: one object a step, as ``preview_steps`` makes them.
        vetoes: what would keep it from beginning.
        notes: what an operator should know.
    """
    return {
        "schema": SCHEMA,
        "action": plan.action,
        "services": [service.name for service in plan.services],
        "notes": note_documents(notes),
        "vetoes": [veto_document(veto) for veto in vetoes],
        "steps": list(steps),
    }


def run_document(run: Run) -> Document:
    """What ``osvc start --format json`` and its kin print (``run.schema.json``)."""
    return {
        "schema": SCHEMA,
        "id": run.id,
        "action": run.action,
        "exit_status": int(run.exit_status),
        "outcomes": {name: outcome.value for name, outcome in run.outcomes.items()},
        "notes": note_documents(run.notes),
        "steps": [_result_document(result) for result in run.results],
        "way_back": [_result_document(result) for result in run.rollback],
    }


def _result_document(result: StepResult) -> Document:
    error = result.error
    return {
        **step_document(result.step),
        "state": result.state.value,
        "text": result.text,
        "seconds": round(result.seconds, 3),
        "notes": note_documents(result.notes),
        "error": None if error is None else {"code": error.code, "message": error.message, "hint": error.hint},
    }


def record_document(record: RunRecord) -> Document:
    """A run as the journal has it (``log.schema.json``)."""
    return {
        "id": record.id,
        "service": record.service,
        "action": record.action,
        "user": record.user,
        "node": record.node,
        "pid": record.pid,
        "argv": list(record.argv),
        "began": moment(record.began),
        "ended": moment(record.ended),
        "outcome": record.outcome,
        "recovered_by": record.recovered_by,
        "steps": [
            {
                "step": step.step,
                "state": step.state,
                "began": moment(step.began),
                "ended": moment(step.ended),
                "text": step.text,
                "is_way_back": step.is_way_back,
                "node": step.node,
            }
            for step in record.steps
        ],
    }


def service_document(service: Service) -> Document:
    """A service as its file describes it on this node (``osvc config show --format json``)."""
    return {
        "schema": SCHEMA,
        "name": service.name,
        "file": str(service.path),
        "nodes": list(service.nodes),
        "drpnodes": list(service.drpnodes),
        "options": _jsonable(service.options),
        "resources": {resource.rid: _resource(resource) for resource in service.resources},
    }


def _resource(resource: Resource) -> Document:
    return {
        **_facts(resource),
        "start_requires": list(resource.start_requires),
        "stop_requires": list(resource.stop_requires),
        "problem": resource.problem,
        "options": _jsonable(resource.options),
    }


def _jsonable(options: Mapping[str, Any]) -> Document:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}
