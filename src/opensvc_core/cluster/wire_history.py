"""Past runs as JSON between nodes, and back. Pure; see ``wire``."""

from __future__ import annotations

from typing import Any

from attrs import asdict

from opensvc_core.cluster.wire import note_in, note_out
from opensvc_core.journal_records import CommandRecord, RunRecord, StepRecord

LONGEST_OUTPUT = 4000
"""Characters of what a command printed that are told, the last ones, of each stream."""


def run_record_out(record: RunRecord) -> dict[str, Any]:
    """A run of one service, without its commands."""
    steps = [{**asdict(step, recurse=False), "notes": [note_out(note) for note in step.notes]} for step in record.steps]
    return {**asdict(record, recurse=False), "steps": steps, "commands": []}


def run_record_in(document: Any) -> RunRecord:
    """A run of one service on another node."""
    return RunRecord(
        id=str(document["id"]),
        service=str(document["service"]),
        action=str(document["action"]),
        user=str(document["user"]),
        pid=int(document["pid"]),
        node=str(document["node"]),
        process=str(document["process"]),
        boot_id=str(document["boot_id"]),
        argv=_words(document["argv"]),
        selection=str(document["selection"]),
        began=float(document["began"]),
        ended=float(document["ended"]),
        outcome=str(document["outcome"]),
        recovered_by=str(document["recovered_by"]),
        steps=tuple(_step_in(step) for step in document["steps"]),
    )


def _step_in(document: Any) -> StepRecord:
    return StepRecord(
        service=str(document["service"]),
        rid=str(document["rid"]),
        action=str(document["action"]),
        is_way_back=document["is_way_back"] is True,
        state=str(document["state"]),
        began=float(document["began"]),
        ended=float(document["ended"]),
        text=str(document["text"]),
        notes=tuple(note_in(note) for note in document["notes"]),
        lost_changes=_words(document["lost_changes"]),
        node=str(document["node"]),
        is_elsewhere=document["is_elsewhere"] is True,
    )


def command_out(command: CommandRecord) -> dict[str, Any]:
    """A command of a run, with the last of what it printed."""
    cut = {"stdout": command.stdout[-LONGEST_OUTPUT:], "stderr": command.stderr[-LONGEST_OUTPUT:]}
    return {**asdict(command), **cut}


def command_in(document: Any) -> CommandRecord:
    """A command of a run on another node."""
    rc = document["rc"]
    return CommandRecord(
        id=str(document["id"]),
        service=str(document["service"]),
        rid=str(document["rid"]),
        host=str(document["host"]),
        argv=_words(document["argv"]),
        changes=document["changes"] is True,
        time_limit=float(document["time_limit"]),
        began=float(document["began"]),
        pid=int(document["pid"]),
        process=str(document["process"]),
        ended=float(document["ended"]),
        rc=None if rc is None else int(rc),
        stdout=str(document["stdout"]),
        stderr=str(document["stderr"]),
        error=str(document["error"]),
        action=str(document["action"]),
        is_way_back=document["is_way_back"] is True,
    )


def _words(document: Any) -> tuple[str, ...]:
    return tuple(str(word) for word in document)
