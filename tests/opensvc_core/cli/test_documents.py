"""JSON output keeps to its schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from attrs import asdict, evolve
from hypothesis import given
from hypothesis import strategies as st
from referencing import Registry, Resource

from opensvc_core.actions.diskupdate import DiskList
from opensvc_core.actions.drivers import DriverListing
from opensvc_core.actions.preview import Preview, StepPreview
from opensvc_core.actions.reservations import DiskRow
from opensvc_core.cli.document import moment, record_document, run_document, service_document, status_document
from opensvc_core.cli.drivers import driver_document
from opensvc_core.cli.failure import error_document
from opensvc_core.cli.history import command_document
from opensvc_core.cli.previews import preview_document
from opensvc_core.errors import CommandFailed, ConfigError, ConfigProblem, OpenSVCError, Vetoed
from opensvc_core.journal import CommandRecord
from opensvc_core.model import Device, Note, Severity, Status, StatusReport, Veto
from opensvc_core.recording import CommandLine
from tests.opensvc_core.cli.reports import cut_record, failed_run, plan, status_of, vm188

SCHEMAS = Path(__file__).parents[3] / "docs" / "reference"


def _schema(uri: str) -> Resource[Any]:
    return Resource.from_contents(json.loads((SCHEMAS / uri).read_text()))


REGISTRY: Registry[Any] = Registry(retrieve=_schema)  # type: ignore[call-arg]  # attrs takes the name without underscore


def check(name: str, document: Any) -> None:
    """Validate a document as a program would read it."""
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema, registry=REGISTRY).validate(json.loads(json.dumps(document)))


@pytest.mark.parametrize("name", sorted(path.name.partition(".")[0] for path in SCHEMAS.glob("*.schema.json")))
def test_a_schema_refuses_what_it_does_not_know(name: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check(name, {"schema": 1, "surprise": True})


REPORTS = st.builds(
    StatusReport,
    st.sampled_from(Status),
    st.lists(st.builds(Note, st.text(), st.text(), st.sampled_from(Severity)), max_size=2).map(tuple),
)


@given(reports=st.lists(REPORTS, min_size=5, max_size=5), is_frozen=st.booleans())
def test_any_status_keeps_to_the_schema(reports: list[StatusReport], is_frozen: bool) -> None:
    asked = vm188()
    answers = {r.rid: report for r, report in zip(asked.resources, reports, strict=True)}
    status = status_of(asked, answers, is_frozen=is_frozen)
    broken = {"vm1": OpenSVCError("what", hint="do")}
    document = status_document("node109", 1.0, {"vm188": status}, broken)
    check("status", document)
    told = document["services"]["vm188"]
    assert told["resources"]["ip#2"]["status"] == "n/a"  # disabled, whatever it answered
    assert told["resources"]["ip#2"]["answered"] == answers["ip#2"].status.value
    assert told["overall"] == status.overall.value


def test_a_plan_keeps_to_the_schema() -> None:
    made = plan("restart", "vm188", "vm189")
    commands = (CommandLine("node109", ("virsh", "start", "a b")),)
    steps = tuple(StepPreview(step, Status.DOWN, commands, "the rest depends on it") for step in made.steps)
    vetoes = (Veto("duplicate_address", "10.0.0.9 answers", "vm188/ip#1", "find who has it"),)
    document = preview_document(Preview(made, {}, vetoes, steps, (Note("others were not asked"),)))
    check("plan", document)
    assert document["steps"][0]["commands"][0]["shell"] == "virsh start 'a b'"
    assert [step["id"] for step in document["steps"]] == [step.id for step in made.steps]


def test_a_run_keeps_to_the_schema_and_tells_what_failed() -> None:
    document = run_document(failed_run())
    check("run", document)
    assert document["exit_status"] == 6
    assert document["outcomes"] == {"vm188": "unknown"}
    failed = next(step for step in document["steps"] if step["state"] == "failed")
    assert failed["error"]["hint"] == "define the pool"
    assert document["way_back"][0]["state"] == "timeout"


def test_a_log_keeps_to_the_schema() -> None:
    command = CommandRecord("c1", "vm188", "container#0", "node109", ("virsh", "list"), False, 20.0, 1000.6)
    records = [record_document(cut_record()), record_document(evolve(cut_record(), outcome="", ended=0.0))]
    check("log", {"schema": 1, "runs": records})
    check("log", {"schema": 1, "runs": records, "commands": [command_document(command)]})
    assert records[0]["steps"][1] == {
        "step": "start vm188/container#0",
        "state": "running",
        "began": "1970-01-01T00:16:40Z",
        "ended": "",
        "text": "",
        "is_way_back": False,
        "node": "node109",
    }


def test_drivers_keep_to_the_schema() -> None:
    listing = DriverListing("container.kvm", "opensvc-drivers-kvm", "0.1.0", "a:B", ("virsh",), "")
    check("drivers", {"schema": 1, "drivers": [driver_document(listing)]})


@pytest.mark.parametrize(
    "error",
    [
        OpenSVCError("what", hint="do"),
        ConfigError([ConfigProblem(Path("/e/x.env"), 3, "ip#1", "ipname", "is missing", "add it")]),
        Vetoed([Veto("in_use", "vm188 runs", "vm188/vmdg", is_liftable=False)]),
        CommandFailed("no", argv=("virsh", "start"), rc=1, stdout="", stderr="error"),
    ],
)
def test_errors_keep_to_the_schema(error: OpenSVCError) -> None:
    check("error", error_document(error))


def test_a_service_can_be_written_as_json() -> None:
    document = json.loads(json.dumps(service_document(vm188())))
    assert document["nodes"] == ["node109", "node110", "node111", "node112"]
    assert document["resources"]["ip#2"]["disabled"] is True


def test_a_moment_that_never_was_is_empty() -> None:
    assert moment(0.0) == ""
    assert moment(1290000000.4) == "2010-11-17T13:20:00Z"


def test_disks_and_reservations_keep_to_their_schemas() -> None:
    lists = [
        DiskList("vm188", "vmdg", (Device("/dev/sdb", identity="6000c29"), Device("/img/a", "file"))),
        DiskList("a", "b"),
    ]
    check("diskupdate", {"schema": 1, "node": "node109", "resources": [asdict(each) for each in lists]})
    rows = [
        DiskRow("vm188", "vg#1pr", "/dev/sdb", "6000c29", ("/dev/sdb",), "0x1", "node110", ("0x1", "0x2")),
        DiskRow("a", "b"),
    ]
    check("reservations", {"schema": 1, "node": "node109", "disks": [asdict(row) for row in rows]})
