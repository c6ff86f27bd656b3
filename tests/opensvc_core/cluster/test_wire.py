"""What nodes say to one another comes out as it went in, and nonsense is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core import errors
from opensvc_core.cluster import wire, wire_runs
from opensvc_core.events import Event, EventKind
from opensvc_core.graph import build_graph
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
from tests.opensvc_core.cli.reports import failed_run, plan

texts = st.text(max_size=20)
notes = st.builds(Note, texts, texts, st.sampled_from(Severity))
reports = st.builds(StatusReport, st.sampled_from(Status), st.lists(notes, max_size=3).map(tuple))


def through(document: Any) -> Any:
    return json.loads(json.dumps(document))


@given(st.dictionaries(st.builds(ResourceId, texts, texts), reports, max_size=4))
def test_reports_come_out_as_they_went_in(given_reports: dict[ResourceId, StatusReport]) -> None:
    assert wire.reports_in(through(wire.reports_out(given_reports))) == given_reports


@given(
    st.builds(Outcome, st.booleans(), texts, st.lists(notes, max_size=3).map(tuple)),
    st.builds(Veto, texts, texts, texts, texts, st.booleans()),
    st.builds(Evidence, texts, st.sampled_from(NodeState), texts, st.floats(0, 1e10), texts),
)
def test_outcomes_vetoes_and_evidence_come_out_as_they_went_in(outcome: Outcome, veto: Veto, known: Evidence) -> None:
    assert wire.outcome_in(through(wire.outcome_out(outcome))) == outcome
    assert wire.veto_in(through(wire.veto_out(veto))) == veto
    assert wire.evidence_in(through(wire.evidence_out(known))) == known


def test_a_graph_comes_out_with_its_order_and_edges_and_without_options() -> None:
    def resource(rid: str, phase: Phase, **options: Any) -> Resource:
        return Resource(ResourceId("s", rid), f"{phase.name.lower()}.x", options=options, phase=phase)

    service = Service(
        "s",
        Path("/etc/s.env"),
        (
            resource("disk#1", Phase.DISK, hidden="x", stop_timeout=7),
            resource("container#0", Phase.CONTAINER, start_timeout=9),
            resource("app#1", Phase.APPLICATION),
        ),
        ("n1", "n2"),
        ("d1",),
    )
    graph = build_graph(service)
    document = through(wire.graph_out(graph))
    assert "hidden" not in json.dumps(document)
    found = wire.graph_in(document)
    assert [each.id for each in found.resources] == [each.id for each in graph.resources]
    assert (found.start_edges, found.stop_edges) == (graph.start_edges, graph.stop_edges)
    assert found.service.all_nodes == ("n1", "n2", "d1")
    assert [dict(each.options) for each in found.resources] == [{"stop_timeout": 7.0}, {"start_timeout": 9.0}, {}]


@pytest.mark.parametrize(
    "error",
    [
        errors.Locked("held", hint="wait"),
        errors.Vetoed([Veto("up_elsewhere", "runs on n3", "s", is_liftable=False)]),
        errors.CommandTimeout("late", argv=("a", "b"), rc=None),
        errors.Cancelled("over"),
        errors.JournalError("full"),
    ],
)
def test_an_error_keeps_its_class_and_code(error: errors.OpenSVCError) -> None:
    found = wire.error_in(through(wire.error_out(error)), "node2")
    assert type(found) is type(error)
    assert (found.code, found.hint) == (error.code, error.hint)
    assert error.message in found.message


@given(st.recursive(st.none() | st.integers() | texts, lambda x: st.lists(x, max_size=3) | st.dictionaries(texts, x)))
def test_nonsense_is_a_wire_error_and_nothing_else(document: Any) -> None:
    for read in (wire.report_in, wire.outcome_in, wire.veto_in, wire.evidence_in, wire.graph_in, wire.resource_in):
        with pytest.raises(wire.WireError):
            wire.reading("something", document, read)


def test_a_run_comes_out_as_it_went_in_and_its_errors_name_the_node() -> None:
    run = failed_run()
    found = wire_runs.run_in(through(wire_runs.run_out(run)), "node2")
    assert (found.id, found.action, found.outcomes, found.notes) == (run.id, run.action, run.outcomes, run.notes)
    for before, after in zip((*run.results, *run.rollback), (*found.results, *found.rollback), strict=True):
        shown = [(each.step.id, each.step.node, each.state, each.text, each.seconds) for each in (before, after)]
        assert shown[0] == shown[1]
        if before.error is not None:
            assert after.error is not None
            assert (type(after.error), after.error.code) == (type(before.error), before.error.code)
            assert after.error.message == f"node2: {before.error.message}"


def test_a_plan_and_an_event_come_out_as_they_went_in() -> None:
    made = plan("restart", "vm188", "vm189")
    found = wire_runs.plan_in(through(wire_runs.plan_out(made)))
    shown = [[(step.id, step.node, step.requires) for step in each.steps] for each in (made, found)]
    assert shown[0] == shown[1]
    assert [service.name for service in found.services] == ["vm188", "vm189"]
    event = Event(EventKind.NOTE, 1.5, "r1", "vm188", "ip#1", "start vm188/ip#1", "slow", {"severity": "warning"})
    assert wire_runs.event_in(through(wire_runs.event_out(event))) == event
    nonsense: list[Any] = [{}, {"kind": "note"}, {"kind": "no such kind", "at": 0}, [], None]
    for document in nonsense:
        with pytest.raises(wire.WireError):
            wire.reading("an event", document, wire_runs.event_in)


def test_what_is_wrong_in_a_file_of_another_node_is_told_with_its_name() -> None:
    error = errors.ConfigError([errors.ConfigProblem(Path("/e/x.env"), 3, "ip#1", "ipname", "is missing", "add it")])
    found = wire.error_in(through(wire.error_out(error)), "node2")
    assert isinstance(found, errors.ConfigError)
    assert found.message.startswith("node2:/e/x.env:3: ")
