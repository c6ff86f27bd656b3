"""What a collector is told of actions: that one began, what each resource did with its log, how it ended. Pure."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from opensvc_collector_client.payloads.redaction import without_secrets
from opensvc_collector_client.payloads.text import local_time, one_word, trimmed
from opensvc_collector_client.records import Call, row, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opensvc_core.api import Change, CommandRecord, Note, RunRecord, StepRecord

OK: Final = "ok"
WARN: Final = "warn"
ERR: Final = "err"
_WORST: Final = (OK, WARN, ERR)
_STEP_STATUS: Final = {"done": OK, "unchanged": OK, "skipped": WARN, "kept": WARN, "cancelled": WARN}
_NOTE_STATUS: Final = {"info": OK, "warning": WARN, "error": ERR}
_RESOURCE_FIELDS: Final = (
    "svcname", "action", "hostname", "hostid", "pid", "begin", "end", "status_log", "status", "action_id",
)  # fmt: skip


def action_id(run_id: str, *parts: str) -> str:
    """What tells an action, or one resource's part of it, from all others: a record that comes twice has the same."""
    return one_word("/".join((run_id, *parts)))


def begin_action(change: Change, run: RunRecord | None, node: str, version: str) -> Call:
    """An action began.

    Args:
        change: of kind ``begin``.
        run: that began; ``None`` where the journal does not have it any more.
        node: this node's name, which is its host id too.
        version: of the agent.
    """
    return row(
        "begin_action",
        {
            "svcname": change.service,
            "action": run.action if run else "unknown",
            "hostname": node,
            "hostid": node,
            "version": version,
            "begin": local_time(run.began if run else change.at),
            "action_id": action_id(change.run_id, change.service),
        },
    )


def end_action(change: Change, run: RunRecord | None, node: str) -> list[Call]:
    """An action ended: what each of its resources did, if any did, and how it ended as a whole.

    Args:
        change: of kind ``end``; its ``data`` has the ``outcome``.
        run: that ended, with its steps and their commands; ``None`` where the journal does not have it any more.
        node: this node's name.
    """
    calls = []
    rows = list(_resource_rows(change, run, node)) if run is not None else []
    if rows:
        calls.append(table("res_action_batch", _RESOURCE_FIELDS, rows))
    began = run.began if run else change.at
    ended = (run.ended if run else 0.0) or change.at
    whole = OK if change.data.get("outcome") == "done" else ERR
    statuses = [step_status(step) for step in run.steps] if run else []
    calls.append(
        row(
            "end_action",
            {
                "svcname": change.service,
                "action": run.action if run else "unknown",
                "hostname": node,
                "hostid": node,
                "pid": run.pid if run else 0,
                "begin": local_time(began),
                "end": local_time(ended),
                "time": round(max(0.0, ended - began)),
                "status": whole if whole == ERR else worst(statuses),
                "action_id": action_id(change.run_id, change.service),
            },
        )
    )
    return calls


def _resource_rows(change: Change, run: RunRecord, node: str) -> Iterable[Sequence[object]]:
    for step in run.steps:
        # Each node tells of its own steps; a replication is driven, and known, on the node that sends.
        if step.is_elsewhere and step.action != "sync":
            continue
        began = step.began or step.ended or run.began
        way = ("back",) if step.is_way_back else ()
        yield (
            change.service,
            f"{one_word(step.rid)} {step.action}",
            node,
            node,
            run.pid,
            local_time(began),
            local_time(step.ended or began),
            step_log(step, run.commands_of(step)),
            step_status(step),
            action_id(change.run_id, change.service, step.rid, step.action, *way),
        )


def step_status(step: StepRecord) -> str:
    """``ok``, ``warn`` or ``err``: the worst of how a step ended and what was noted of it."""
    return worst([_STEP_STATUS.get(step.state, ERR), *(_NOTE_STATUS[note.severity.value] for note in step.notes)])


def worst(statuses: Iterable[str]) -> str:
    """The worst of some of ``ok``, ``warn``, ``err``; ``ok`` of none."""
    return max(statuses, key=_WORST.index, default=OK)


def step_log(step: StepRecord, commands: Sequence[CommandRecord] = ()) -> str:
    """The log of one resource: what was said, noted and changed; trimmed in its middle, its secrets hidden.

    What only reads is what 2010 logged as DEBUG: it is left out, unless it failed.
    """
    lines = [f"{step.state}: {step.text}" if step.text else step.state]
    if step.is_way_back:
        lines[0] = f"way back: {lines[0]}"
    lines += [_note_line(note) for note in step.notes]
    lines += [f"ended before it answered: {change}" for change in step.lost_changes]
    for command in commands:
        if command.changes or command.error or command.rc:
            lines += _command_lines(command)
    return trimmed(without_secrets("\n".join(lines)))


def _note_line(note: Note) -> str:
    return f"{note.severity.value}: {note.text}"


def _command_lines(command: CommandRecord) -> list[str]:
    where = f"{command.host}: " if command.host else ""
    told = command.error or ("not seen to end" if command.rc is None else f"exit status {command.rc}")
    said = [line.rstrip() for text in (command.stdout, command.stderr) for line in text.splitlines() if line.strip()]
    return [f"{where}{shlex.join(command.argv)}: {told}", *said]
