"""The journal's rows as records: runs of a service, their steps, their commands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from opensvc_core.journal_records import CommandRecord, RunRecord, StepRecord
from opensvc_core.journal_schema import FED_SINCE
from opensvc_core.model import Note, Severity

if TYPE_CHECKING:
    import sqlite3

_RUNS = (
    "SELECT r.id, s.service, r.action, r.user, r.pid, r.node, r.process, r.boot_id, r.argv, r.selection, r.began,"
    " s.ended, s.outcome, s.recovered_by FROM run r JOIN run_service s ON s.run_id=r.id"
)
# In the order in which they were written down: the clock may have been put back meanwhile.
_STEPS = (
    "SELECT service, rid, action, way_back, state, began, ended, text, notes, lost, {} FROM step"
    " WHERE run_id=? AND service=? ORDER BY way_back, rowid"
)
_COMMANDS = (
    "SELECT id, service, rid, host, argv, changes, time_limit, began, pid, process, ended, rc, stdout, stderr, error,"
    " {} FROM command WHERE run_id=? AND (?='' OR service=?) ORDER BY rowid"
)


def version_of(db: sqlite3.Connection) -> int:
    """Version of the tables. A journal of an older one is made anew by whoever writes to it first."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def read_runs(db: sqlite3.Connection, where: str, values: tuple[Any, ...], limit: int) -> list[RunRecord]:
    """Runs of services by a condition (``r`` the run, ``s`` its service), newest first, with their steps."""
    rows = db.execute(f"{_RUNS} {where} ORDER BY r.began DESC, r.rowid DESC LIMIT ?", (*values, limit)).fetchall()
    return [
        RunRecord(
            r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], tuple(json.loads(r[8])), r[9], r[10], r[11] or 0.0,
            r[12] or "", r[13] or "", _read_steps(db, r[0], r[1], r[5]),
        )
        for r in rows
    ]  # fmt: skip


def _read_steps(db: sqlite3.Connection, run_id: str, service: str, node: str) -> tuple[StepRecord, ...]:
    rows = db.execute(_STEPS.format("node" if version_of(db) > 1 else "''"), (run_id, service))
    return tuple(
        StepRecord(
            r[0], r[1], r[2], bool(r[3]), r[4], r[5] or 0.0, r[6] or 0.0, r[7],
            tuple(Note(text, code, Severity(severity)) for text, code, severity in json.loads(r[8])),
            tuple(json.loads(r[9])), r[10] or node, r[10] not in {"", node},
        )
        for r in rows
    )  # fmt: skip


def read_commands(db: sqlite3.Connection, run_id: str, service: str = "") -> list[CommandRecord]:
    """Commands of a run, of one of its services or of all, in the order in which they were begun."""
    step = "action, way_back" if version_of(db) >= FED_SINCE else "'', 0"
    rows = db.execute(_COMMANDS.format(step), (run_id, service, service))
    return [
        CommandRecord(
            r[0], r[1], r[2], r[3], tuple(json.loads(r[4])), bool(r[5]), r[6], r[7], r[8] or 0, r[9] or "",
            r[10] or 0.0, r[11], r[12] or "", r[13] or "", r[14] or "", r[15], bool(r[16]),
        )
        for r in rows
    ]  # fmt: skip
