"""The journal: what each run was about to do, did, and left running; SQLite, on disk before the step begins."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import define, field

from opensvc_core.journal_database import Database
from opensvc_core.journal_records import INTERRUPTED, CommandRecord, RunHeader, RunRecord, StepRecord
from opensvc_core.model import Note, Severity
from opensvc_core.run import RunOutcome, StepResult

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

    from opensvc_core.clock import Clock
    from opensvc_core.host import Command, CommandResult, Spawned
    from opensvc_core.plan import Step

__all__ = [
    "INTERRUPTED",
    "KEPT_OUTPUT",
    "CommandRecord",
    "Journal",
    "JournalledRun",
    "RunHeader",
    "RunRecord",
    "StepRecord",
]

KEPT_OUTPUT = 4000
"""Characters of a command's output that are kept, from the end."""

_RUNS = (
    "SELECT r.id, s.service, r.action, r.user, r.pid, r.node, r.process, r.boot_id, r.argv, r.selection, r.began,"
    " s.ended, s.outcome, s.recovered_by FROM run r JOIN run_service s ON s.run_id=r.id"
)

_STEPS = (
    "SELECT service, rid, action, way_back, state, began, ended, text, notes, lost, {} FROM step"
    " WHERE run_id=? AND service=? ORDER BY way_back, COALESCE(began, ended), rowid"
)


@define
class Journal:
    """Who did what, when, and how it ended; shared by all threads of a process.

    Attributes:
        path: of the database.
        clock: source of time.
        database: the file itself.
    """

    path: Path
    clock: Clock
    database: Database = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Name the file; nothing is opened."""
        self.database = Database(self.path, self.clock)

    # -- writing --------------------------------------------------------------------------------------------------

    def begin_run(self, header: RunHeader) -> None:
        """Write down a run before its first step. Raises JournalError."""
        with self.database.writing() as db:
            db.execute(
                "INSERT INTO run VALUES (?,?,?,?,?,?,?,?,?,?)",
                (
                    header.id,
                    header.action,
                    header.user,
                    header.pid,
                    header.node,
                    header.process,
                    header.boot_id,
                    json.dumps(header.argv),
                    header.selection,
                    header.began,
                ),
            )
            db.executemany(
                "INSERT INTO run_service (run_id, service) VALUES (?,?)",
                [(header.id, service) for service in header.services],
            )

    def begin_step(self, run_id: str, step: Step, *, is_way_back: bool) -> None:
        """Write down a step before it begins. Raises JournalError."""
        with self.database.writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO step (run_id, service, rid, action, way_back, node, began, state)"
                " VALUES (?,?,?,?,?,?,?, 'running')",
                (*_key(run_id, step, is_way_back=is_way_back), self.clock.now()),
            )

    def end_step(self, run_id: str, result: StepResult, *, is_way_back: bool) -> None:
        """Write down how a step ended, or that it will never begin. Raises JournalError."""
        with self.database.writing() as db:
            db.execute(
                "INSERT INTO step (run_id, service, rid, action, way_back, node, ended, state, text, notes, lost)"
                " VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET ended=excluded.ended, state=excluded.state,"
                " text=excluded.text, notes=excluded.notes, lost=excluded.lost",
                (
                    *_key(run_id, result.step, is_way_back=is_way_back),
                    self.clock.now(),
                    result.state.value,
                    result.text,
                    json.dumps([[n.text, n.code, n.severity.value] for n in result.notes]),
                    json.dumps(result.lost_changes),
                ),
            )

    def end_service(self, run_id: str, service: str, outcome: RunOutcome | str) -> None:
        """Write down how a run ended for a service. Raises JournalError."""
        word = outcome.value if isinstance(outcome, RunOutcome) else outcome
        with self.database.writing() as db:
            db.execute(
                "UPDATE run_service SET ended=?, outcome=? WHERE run_id=? AND service=?",
                (self.clock.now(), word, run_id, service),
            )

    def mark_recovered(self, service: str, by: str) -> None:
        """Write down that what earlier runs of a service left open has been put right. Raises JournalError."""
        with self.database.writing() as db:
            db.execute(
                "UPDATE run_service SET recovered_by=? WHERE service=? AND run_id<>? AND recovered_by IS NULL"
                " AND outcome IN ('interrupted', 'unknown')",
                (by, service, by),
            )

    def settle_past(self, service: str) -> None:
        """Write down that somebody looked after a service whose past was lost. Raises JournalError."""
        with self.database.writing() as db:
            if db.execute("SELECT 1 FROM fact WHERE name='past_unknown'").fetchone():
                db.execute("INSERT OR REPLACE INTO fact VALUES (?, '1')", (f"past_settled:{service}",))

    def begin_command(self, run_id: str, step: Step, host: str, command: Command, command_id: str) -> None:
        """Write down a command before it is spawned. Raises JournalError."""
        with self.database.writing() as db:
            db.execute(
                "INSERT INTO command (id, run_id, service, rid, host, argv, changes, time_limit, began)"
                " VALUES (?,?,?,?,?,?,?,?,?)",
                (
                    command_id,
                    run_id,
                    step.resource.id.service,
                    step.resource.rid,
                    host,
                    json.dumps(command.argv),
                    command.changes,
                    command.timeout,
                    self.clock.now(),
                ),
            )

    def command_spawned(self, command_id: str, process: Spawned) -> None:
        """Write down the process of a command. Raises JournalError."""
        with self.database.writing() as db:
            db.execute("UPDATE command SET pid=?, process=? WHERE id=?", (process.pid, process.start_time, command_id))

    def end_command(self, command_id: str, result: CommandResult | None, error: str) -> None:
        """Write down how a command ended. Raises JournalError."""
        with self.database.writing() as db:
            db.execute(
                "UPDATE command SET ended=?, rc=?, stdout=?, stderr=?, error=? WHERE id=?",
                (
                    self.clock.now(),
                    None if result is None else result.rc,
                    "" if result is None else result.stdout[-KEPT_OUTPUT:],
                    "" if result is None else result.stderr[-KEPT_OUTPUT:],
                    error,
                    command_id,
                ),
            )

    # -- reading --------------------------------------------------------------------------------------------------

    def history(self, service: str = "", limit: int = 20, run_id: str = "") -> list[RunRecord]:
        """Runs, newest first, with their steps; empty if there is no journal yet. Raises JournalError."""
        where = "WHERE (?='' OR s.service=?) AND (?='' OR r.id=?)"
        return self._records(where, (service, service, run_id, run_id), limit)

    def open_runs(self, service: str) -> list[RunRecord]:
        """Runs of a service that have no outcome: under way now, or cut. Raises JournalError."""
        return self._records("WHERE s.service=? AND s.outcome IS NULL", (service,), 100)

    def unrecovered(self, services: Sequence[str]) -> dict[str, RunRecord]:
        """The newest run of each service if it was cut or ended unknown and was not put right. Raises JournalError."""
        found = {}
        for service in services:
            where = "WHERE s.service=? AND s.outcome IN ('interrupted','unknown') AND s.recovered_by IS NULL"
            records = self._records(where, (service,), 1)
            if records:
                found[service] = records[0]
        return found

    def commands(self, run_id: str, service: str = "") -> list[CommandRecord]:
        """Commands of a run in the order in which they were begun. Raises JournalError."""

        def read(db: sqlite3.Connection) -> list[CommandRecord]:
            rows = db.execute(
                "SELECT id, service, rid, host, argv, changes, time_limit, began, pid, process, ended, rc, stdout,"
                " stderr, error FROM command WHERE run_id=? AND (?='' OR service=?) ORDER BY began, rowid",
                (run_id, service, service),
            )
            return [
                CommandRecord(
                    r[0], r[1], r[2], r[3], tuple(json.loads(r[4])), bool(r[5]), r[6], r[7], r[8] or 0, r[9] or "",
                    r[10] or 0.0, r[11], r[12] or "", r[13] or "", r[14] or "",
                )
                for r in rows
            ]  # fmt: skip

        return self.database.reading(read, [])

    def is_past_unknown(self, service: str) -> bool:
        """Whether a former journal was lost and the service was not recovered since. Raises JournalError."""

        def read(db: sqlite3.Connection) -> bool:
            lost = db.execute("SELECT 1 FROM fact WHERE name='past_unknown'").fetchone()
            settled = db.execute("SELECT 1 FROM fact WHERE name=?", (f"past_settled:{service}",)).fetchone()
            return lost is not None and settled is None

        return self.database.reading(read, False)

    def close(self) -> None:
        """Close the database; a later use opens it again."""
        self.database.close()

    # -- inside ---------------------------------------------------------------------------------------------------

    def _records(self, where: str, values: tuple[Any, ...], limit: int) -> list[RunRecord]:
        def read(db: sqlite3.Connection) -> list[RunRecord]:
            rows = db.execute(
                f"{_RUNS} {where} ORDER BY r.began DESC, r.rowid DESC LIMIT ?",
                (*values, limit),
            ).fetchall()
            return [
                RunRecord(
                    r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], tuple(json.loads(r[8])), r[9], r[10], r[11] or 0.0,
                    r[12] or "", r[13] or "", self._steps(db, r[0], r[1], r[5]),
                )
                for r in rows
            ]  # fmt: skip

        return self.database.reading(read, [])

    @staticmethod
    def _steps(db: sqlite3.Connection, run_id: str, service: str, node: str) -> tuple[StepRecord, ...]:
        rows = db.execute(_STEPS.format(_node_column(db)), (run_id, service))
        return tuple(
            StepRecord(
                r[0], r[1], r[2], bool(r[3]), r[4], r[5] or 0.0, r[6] or 0.0, r[7],
                tuple(Note(text, code, Severity(severity)) for text, code, severity in json.loads(r[8])),
                tuple(json.loads(r[9])), r[10] or node, r[10] not in {"", node},
            )
            for r in rows
        )  # fmt: skip


def _node_column(db: sqlite3.Connection) -> str:
    """Where a step was done. A journal of version 1 is made anew by whoever writes to it first: until then, nowhere."""
    return "node" if db.execute("PRAGMA user_version").fetchone()[0] > 1 else "''"


def _key(run_id: str, step: Step, *, is_way_back: bool) -> tuple[Any, ...]:
    """What names a step in the journal."""
    return run_id, step.resource.id.service, step.resource.rid, step.action, is_way_back, step.node


@define
class JournalledRun:
    """The journal of one run, as the executor sees it."""

    journal: Journal
    run_id: str

    def begin_step(self, step: Step, *, is_way_back: bool) -> None:
        """See Journal."""
        self.journal.begin_step(self.run_id, step, is_way_back=is_way_back)

    def end_step(self, result: StepResult, *, is_way_back: bool) -> None:
        """See Journal."""
        self.journal.end_step(self.run_id, result, is_way_back=is_way_back)

    def end_service(self, service: str, outcome: RunOutcome) -> None:
        """See Journal."""
        self.journal.end_service(self.run_id, service, outcome)
