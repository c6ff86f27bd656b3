"""The nouns of the product as JSON between nodes, and back. Pure; what cannot be read is a WireError."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from opensvc_core import errors
from opensvc_core.errors import ActionError, CommandError, ConfigError, ConfigProblem, OpenSVCError, Vetoed
from opensvc_core.graph import ServiceGraph
from opensvc_core.model import (
    Evidence,
    NodeState,
    Note,
    Outcome,
    Phase,
    Resource,
    ResourceId,
    Service,
    Severity,
    Status,
    StatusReport,
    Veto,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Value = TypeVar("Value")
LIMITS = ("start_timeout", "stop_timeout")
"""Options of a resource that another node needs: it waits for the resource's steps."""


class WireError(ActionError):
    """What another node sent is not what it should be."""

    code = "peer_garbage"


def reading(what: str, document: Any, read: Callable[[Any], Value]) -> Value:
    """Read a document of a peer. Raises WireError for whatever is wrong with it."""
    try:
        return read(document)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise WireError(
            f"a peer sent {what} that cannot be read: {type(error).__name__}: {error}",
            hint="do both nodes run the same version? `osvc version` tells",
        ) from error


# -- notes, reports, outcomes, vetoes, evidence ---------------------------------------------------------------------


def note_out(note: Note) -> list[str]:
    """A note."""
    return [note.text, note.code, note.severity.value]


def note_in(document: Any) -> Note:
    """A note."""
    text, code, severity = document
    return Note(str(text), str(code), Severity(severity))


def report_out(report: StatusReport) -> dict[str, Any]:
    """A status report."""
    return {"status": report.status.value, "notes": [note_out(note) for note in report.notes]}


def report_in(document: Any) -> StatusReport:
    """A status report."""
    return StatusReport(Status(document["status"]), tuple(note_in(note) for note in document["notes"]))


def reports_out(reports: Mapping[ResourceId, StatusReport]) -> list[list[Any]]:
    """Status reports by resource."""
    return [[key.service, key.rid, report_out(report)] for key, report in reports.items()]


def reports_in(document: Any) -> dict[ResourceId, StatusReport]:
    """Status reports by resource."""
    return {ResourceId(str(service), str(rid)): report_in(report) for service, rid, report in document}


def outcome_out(outcome: Outcome) -> dict[str, Any]:
    """An outcome."""
    return {
        "is_changed": outcome.is_changed,
        "text": outcome.text,
        "notes": [note_out(note) for note in outcome.notes],
    }


def outcome_in(document: Any) -> Outcome:
    """An outcome."""
    notes = tuple(note_in(note) for note in document["notes"])
    return Outcome(bool(document["is_changed"]), str(document["text"]), notes)


def veto_out(veto: Veto) -> dict[str, Any]:
    """A veto."""
    return {
        "code": veto.code,
        "reason": veto.reason,
        "subject": veto.subject,
        "hint": veto.hint,
        "is_liftable": veto.is_liftable,
    }


def veto_in(document: Any) -> Veto:
    """A veto; one that does not say that it can be lifted cannot."""
    return Veto(
        str(document["code"]),
        str(document["reason"]),
        str(document["subject"]),
        str(document["hint"]),
        document.get("is_liftable") is True,
    )


def evidence_out(evidence: Evidence) -> dict[str, Any]:
    """What is known of a node."""
    return {
        "node": evidence.node,
        "state": evidence.state.value,
        "source": evidence.source,
        "at": evidence.at,
        "text": evidence.text,
    }


def evidence_in(document: Any) -> Evidence:
    """What is known of a node."""
    return Evidence(
        str(document["node"]),
        NodeState(document["state"]),
        str(document["source"]),
        float(document["at"]),
        str(document["text"]),
    )


# -- resources and graphs ---------------------------------------------------------------------------------------------


def resource_out(resource: Resource) -> dict[str, Any]:
    """A resource without its options, but for its limits: they are its own node's business."""
    return {
        "service": resource.id.service,
        "rid": resource.rid,
        "driver": resource.driver,
        "limits": {name: float(resource.options[name]) for name in LIMITS if resource.options.get(name) is not None},
        "label": resource.label,
        "phase": int(resource.phase),
        "container": resource.container,
        "is_postboot": resource.is_postboot,
        "is_disabled": resource.is_disabled,
        "is_optional": resource.is_optional,
        "is_standby": resource.is_standby,
        "tags": sorted(resource.tags),
        "subset": resource.subset,
        "companion_of": resource.companion_of,
        "problem": resource.problem,
        "hint": resource.hint,
    }


def resource_in(document: Any) -> Resource:
    """A resource of another node."""
    return Resource(
        ResourceId(str(document["service"]), str(document["rid"])),
        str(document["driver"]),
        options={str(name): float(value) for name, value in document["limits"].items()},
        label=str(document["label"]),
        phase=Phase(document["phase"]),
        container=str(document["container"]),
        is_postboot=bool(document["is_postboot"]),
        is_disabled=bool(document["is_disabled"]),
        is_optional=bool(document["is_optional"]),
        is_standby=bool(document["is_standby"]),
        tags=frozenset(str(tag) for tag in document["tags"]),
        subset=str(document["subset"]),
        companion_of=str(document["companion_of"]),
        problem=str(document["problem"]),
        hint=str(document["hint"]),
    )


def graph_out(graph: ServiceGraph) -> dict[str, Any]:
    """A service's graph as its node has it: resources in the order of a start, and the edges."""
    service = graph.service

    def edges(table: Mapping[ResourceId, Iterable[ResourceId]]) -> dict[str, list[str]]:
        return {key.rid: sorted(other.rid for other in others) for key, others in table.items()}

    return {
        "service": service.name,
        "nodes": list(service.nodes),
        "drpnodes": list(service.drpnodes),
        "resources": [resource_out(resource) for resource in graph.resources],
        "start_edges": edges(graph.start_edges),
        "stop_edges": edges(graph.stop_edges),
    }


def graph_in(document: Any) -> ServiceGraph:
    """The graph of a service on another node; its resources have no options but their limits."""
    name = str(document["service"])
    resources = tuple(resource_in(each) for each in document["resources"])
    known = {resource.id for resource in resources}
    if any(resource_id.service != name for resource_id in known):
        raise ValueError(f"resources of another service than {name}")

    def edges(table: Mapping[str, Iterable[str]]) -> dict[ResourceId, frozenset[ResourceId]]:
        found = {ResourceId(name, str(k)): frozenset(ResourceId(name, str(o)) for o in v) for k, v in table.items()}
        if set(found) != known or any(not others <= known for others in found.values()):
            raise ValueError("edges between resources that are not there")
        return found

    service = Service(
        name,
        Path(f"{name}.env"),
        tuple(resource for resource in resources if not resource.companion_of),
        tuple(str(node) for node in document["nodes"]),
        tuple(str(node) for node in document["drpnodes"]),
    )
    return ServiceGraph(service, resources, edges(document["start_edges"]), edges(document["stop_edges"]))


# -- errors ----------------------------------------------------------------------------------------------------------


def error_out(error: OpenSVCError) -> dict[str, Any]:
    """An error of an operation; output of commands stays in the journal of its node."""
    document: dict[str, Any] = {
        "type": type(error).__name__,
        "message": error.message,
        "code": error.code,
        "hint": error.hint,
    }
    if isinstance(error, Vetoed):
        document["vetoes"] = [veto_out(veto) for veto in error.vetoes]
    if isinstance(error, ConfigError):
        document["problems"] = [
            [str(problem.file), problem.line, problem.section, problem.keyword, problem.message, problem.hint]
            for problem in error.problems
        ]
    if isinstance(error, CommandError):
        document["argv"] = list(error.argv)
        document["rc"] = error.rc
    return document


def error_in(document: Any, node: str) -> OpenSVCError:
    """An error of another node, of the class that it has there if that can be made anew; the message names the node."""
    message, code, hint = str(document["message"]), str(document["code"]), str(document["hint"])
    kind = getattr(errors, str(document["type"]), None)
    if not (isinstance(kind, type) and issubclass(kind, OpenSVCError)):
        kind = ActionError
    message = message if message.startswith(f"{node}: ") else f"{node}: {message}"
    if issubclass(kind, Vetoed):
        return Vetoed([veto_in(veto) for veto in document["vetoes"]])
    if issubclass(kind, CommandError):
        rc = document["rc"]
        return kind(
            message,
            argv=tuple(str(word) for word in document["argv"]),
            rc=None if rc is None else int(rc),
            hint=hint,
        )
    if issubclass(kind, ConfigError):
        return ConfigError([_problem_in(each, node) for each in document["problems"]], hint=hint)
    return kind(message, code=code, hint=hint)


def _problem_in(document: Any, node: str) -> ConfigProblem:
    """What is wrong in a file of another node; its path begins with the node's name."""
    file, line, *words = document
    section, keyword, message, hint = (str(word) for word in words)
    return ConfigProblem(Path(f"{node}:{file}"), int(line), section, keyword, message, hint)
