"""The journal: what each run was about to do, did, and left running; SQLite, on disk before the step begins."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attrs import define, field

from opensvc_core.journal_database import Database
from opensvc_core.journal_records import INTERRUPTED, CommandRecord, RunHeader, RunRecord, StepRecord
from opensvc_core.journal_rows import read_commands, read_runs
from opensvc_core.run import RunOutcome, StepResult

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
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
    _owed: dict[str, RunHeader] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        """Name the file; nothing is opened."""
        self.database = Database(self.path, self.clock)

    # -- writing --------------------------------------------------------------------------------------------------

    def begin_run(self, header: RunHeader) -> None:
        """Write down a run before its first step. Raises JournalError."""
        with self.database.writing() as db:
            _insert_run(db, header)

    def owe_run(self, header: RunHeader) -> None:
        """Keep in mind a run that could not be written down: the next that can be written of it, brings it along."""
        self._owed[header.id] = header

    def begin_step(self, run_id: str, step: Step, *, is_way_back: bool) -> None:
        """Write down a step before it begins. Raises JournalError."""
        with self._writing(run_id) as db:
            db.execute(
                "INSERT OR REPLACE INTO step (run_id, service, rid, action, way_back, node, began, state)"
                " VALUES (?,?,?,?,?,?,?, 'running')",
                (*_key(run_id, step, is_way_back=is_way_back), self.clock.now()),
            )

    def end_step(self, run_id: str, result: StepResult, *, is_way_back: bool) -> None:
        """Write down how a step ended, or that it will never begin. Raises JournalError."""
        with self._writing(run_id) as db:
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
        with self._writing(run_id) as db:
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

    def begin_command(
        self, run_id: str, step: Step, host: str, command: Command, command_id: str, *, is_way_back: bool = False
    ) -> None:
        """Write down a command before it is spawned. Raises JournalError."""
        with self._writing(run_id) as db:
            db.execute(
                "INSERT INTO command (id, run_id, service, rid, host, argv, changes, time_limit, began, action,"
                " way_back) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
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
                    step.action,
                    is_way_back,
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

    def last_runs(self) -> list[RunRecord]:
        """The last run of each action of each service, by service and action. Raises JournalError."""
        where = (
            "WHERE s.rowid IN (SELECT MAX(o.rowid) FROM run_service o JOIN run ON run.id=o.run_id"
            " GROUP BY o.service, run.action)"
        )
        return sorted(self._records(where, (), 1_000_000), key=lambda record: (record.service, record.action))

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
        return self.database.reading(lambda db: read_commands(db, run_id, service), [])

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

    @contextmanager
    def _writing(self, run_id: str) -> Iterator[sqlite3.Connection]:
        """One transaction about a run, which is written down first if it could not be when it began."""
        with self.database.writing() as db:
            owed = self._owed.get(run_id)
            if owed is not None and not db.execute("SELECT 1 FROM run WHERE id=?", (run_id,)).fetchone():
                _insert_run(db, owed)  # of several threads, the later ones find it there
            yield db
        if owed is not None:
            self._owed.pop(run_id, None)

    def _records(self, where: str, values: tuple[Any, ...], limit: int) -> list[RunRecord]:
        return self.database.reading(lambda db: read_runs(db, where, values, limit), [])


def _insert_run(db: sqlite3.Connection, header: RunHeader) -> None:
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
