"""The journal: what each run was about to do, did, and left running; SQLite, on disk before the step begins."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define, field, frozen

from opensvc_core.errors import JournalError
from opensvc_core.model import Note
from opensvc_core.run import RunOutcome, StepResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from opensvc_core.clock import Clock
    from opensvc_core.host import Command, CommandResult, Spawned
    from opensvc_core.plan import Step

SCHEMA_VERSION = 1
KEPT_OUTPUT = 4000
"""Characters of a command's output that are kept, from the end."""

_SCHEMA = """
CREATE TABLE run (
    id TEXT PRIMARY KEY, action TEXT NOT NULL, user TEXT NOT NULL, pid INTEGER NOT NULL, node TEXT NOT NULL,
    process TEXT NOT NULL, boot_id TEXT NOT NULL, argv TEXT NOT NULL, selection TEXT NOT NULL, began REAL NOT NULL
);
CREATE TABLE run_service (
    run_id TEXT NOT NULL REFERENCES run(id), service TEXT NOT NULL, ended REAL, outcome TEXT,
    recovered_by TEXT, PRIMARY KEY (run_id, service)
);
CREATE INDEX run_service_by_name ON run_service(service);
CREATE TABLE step (
    run_id TEXT NOT NULL, service TEXT NOT NULL, rid TEXT NOT NULL, action TEXT NOT NULL, way_back INTEGER NOT NULL,
    began REAL, ended REAL, state TEXT NOT NULL, text TEXT NOT NULL DEFAULT '', notes TEXT NOT NULL DEFAULT '[]',
    lost TEXT NOT NULL DEFAULT '[]', PRIMARY KEY (run_id, service, rid, action, way_back)
);
CREATE TABLE command (
    id TEXT PRIMARY KEY, run_id TEXT NOT NULL, service TEXT NOT NULL, rid TEXT NOT NULL, host TEXT NOT NULL,
    argv TEXT NOT NULL, changes INTEGER NOT NULL, time_limit REAL NOT NULL, began REAL NOT NULL,
    pid INTEGER, process TEXT, ended REAL, rc INTEGER, stdout TEXT, stderr TEXT, error TEXT
);
CREATE INDEX command_by_run ON command(run_id, service);
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

_RUNS = (
    "SELECT r.id, s.service, r.action, r.user, r.pid, r.node, r.process, r.boot_id, r.argv, r.selection, r.began,"
    " s.ended, s.outcome, s.recovered_by FROM run r JOIN run_service s ON s.run_id=r.id"
)

INTERRUPTED = "interrupted"
"""Outcome of a run whose process died before it could say how it ended."""


@frozen
class RunHeader:
    """What is written down before a run's first step."""

    id: str
    action: str
    services: tuple[str, ...]
    user: str
    pid: int
    node: str
    process: str
    boot_id: str
    argv: tuple[str, ...]
    selection: str
    began: float


@frozen
class StepRecord:
    """A step as the journal knows it; ``ended`` is 0 for one that was never seen to end."""

    service: str
    rid: str
    action: str
    is_way_back: bool
    state: str
    began: float = 0.0
    ended: float = 0.0
    text: str = ""
    notes: tuple[Note, ...] = ()
    lost_changes: tuple[str, ...] = ()

    @property
    def step(self) -> str:
        """``start vm188/container#0``."""
        return f"{self.action} {self.service}/{self.rid}"


@frozen
class CommandRecord:
    """A command as the journal knows it; ``ended`` is 0 for one that was never seen to end."""

    id: str
    service: str
    rid: str
    host: str
    argv: tuple[str, ...]
    changes: bool
    time_limit: float
    began: float
    pid: int = 0
    process: str = ""
    ended: float = 0.0
    rc: int | None = None
    stdout: str = ""
    stderr: str = ""
    error: str = ""


@frozen
class RunRecord:
    """A run of one service as the journal knows it.

    Attributes:
        process: start time of the process that ran it, which tells it from a later one of the same pid.
        selection: JSON of what it was about: ``rids``, ``tags``, and for a recovery ``way`` and ``undo``.
        outcome: ``done``, ``failed``, ``cancelled``, ``unknown``, ``interrupted``, or empty while it runs.
        recovered_by: id of the run that put right what this one left open, or empty.
    """

    id: str
    service: str
    action: str
    user: str
    pid: int
    node: str
    process: str
    boot_id: str
    argv: tuple[str, ...]
    selection: str
    began: float
    ended: float = 0.0
    outcome: str = ""
    recovered_by: str = ""
    steps: tuple[StepRecord, ...] = ()


_T = TypeVar("_T")


@define
class Journal:
    """The database; opened when first used, shared by all threads of a process.

    Attributes:
        path: of the database.
        clock: source of time.
    """

    path: Path
    clock: Clock
    _connection: sqlite3.Connection | None = None
    _guard: threading.RLock = field(factory=threading.RLock)

    # -- writing --------------------------------------------------------------------------------------------------

    def begin_run(self, header: RunHeader) -> None:
        """Write down a run before its first step. Raises JournalError."""
        with self._writing() as db:
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
        with self._writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO step (run_id, service, rid, action, way_back, began, state)"
                " VALUES (?,?,?,?,?,?, 'running')",
                (run_id, step.resource.id.service, step.resource.rid, step.action, is_way_back, self.clock.now()),
            )

    def end_step(self, run_id: str, result: StepResult, *, is_way_back: bool) -> None:
        """Write down how a step ended, or that it will never begin. Raises JournalError."""
        step = result.step
        with self._writing() as db:
            db.execute(
                "INSERT INTO step (run_id, service, rid, action, way_back, ended, state, text, notes, lost)"
                " VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET ended=excluded.ended, state=excluded.state,"
                " text=excluded.text, notes=excluded.notes, lost=excluded.lost",
                (
                    run_id,
                    step.resource.id.service,
                    step.resource.rid,
                    step.action,
                    is_way_back,
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
        with self._writing() as db:
            db.execute(
                "UPDATE run_service SET ended=?, outcome=? WHERE run_id=? AND service=?",
                (self.clock.now(), word, run_id, service),
            )

    def mark_recovered(self, service: str, by: str) -> None:
        """Write down that what earlier runs of a service left open has been put right. Raises JournalError."""
        with self._writing() as db:
            db.execute(
                "UPDATE run_service SET recovered_by=? WHERE service=? AND run_id<>? AND recovered_by IS NULL"
                " AND outcome IN ('interrupted', 'unknown')",
                (by, service, by),
            )

    def settle_past(self, service: str) -> None:
        """Write down that somebody looked after a service whose past was lost. Raises JournalError."""
        with self._writing() as db:
            if db.execute("SELECT 1 FROM fact WHERE name='past_unknown'").fetchone():
                db.execute("INSERT OR REPLACE INTO fact VALUES (?, '1')", (f"past_settled:{service}",))

    def begin_command(self, run_id: str, step: Step, host: str, command: Command, command_id: str) -> None:
        """Write down a command before it is spawned. Raises JournalError."""
        with self._writing() as db:
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
        with self._writing() as db:
            db.execute("UPDATE command SET pid=?, process=? WHERE id=?", (process.pid, process.start_time, command_id))

    def end_command(self, command_id: str, result: CommandResult | None, error: str) -> None:
        """Write down how a command ended. Raises JournalError."""
        with self._writing() as db:
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

        return self._reading(read, [])

    def is_past_unknown(self, service: str) -> bool:
        """Whether a former journal was lost and the service was not recovered since. Raises JournalError."""

        def read(db: sqlite3.Connection) -> bool:
            lost = db.execute("SELECT 1 FROM fact WHERE name='past_unknown'").fetchone()
            settled = db.execute("SELECT 1 FROM fact WHERE name=?", (f"past_settled:{service}",)).fetchone()
            return lost is not None and settled is None

        return self._reading(read, False)

    def close(self) -> None:
        """Close the database; a later use opens it again."""
        with self._guard:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

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
                    r[12] or "", r[13] or "", self._steps(db, r[0], r[1]),
                )
                for r in rows
            ]  # fmt: skip

        return self._reading(read, [])

    @staticmethod
    def _steps(db: sqlite3.Connection, run_id: str, service: str) -> tuple[StepRecord, ...]:
        from opensvc_core.model import Severity

        rows = db.execute(
            "SELECT service, rid, action, way_back, state, began, ended, text, notes, lost FROM step"
            " WHERE run_id=? AND service=? ORDER BY way_back, COALESCE(began, ended), rowid",
            (run_id, service),
        )
        return tuple(
            StepRecord(
                r[0], r[1], r[2], bool(r[3]), r[4], r[5] or 0.0, r[6] or 0.0, r[7],
                tuple(Note(text, code, Severity(severity)) for text, code, severity in json.loads(r[8])),
                tuple(json.loads(r[9])),
            )
            for r in rows
        )  # fmt: skip

    def _reading(self, read: Callable[[sqlite3.Connection], _T], missing: _T) -> _T:
        """Read without ever creating or repairing anything."""
        with self._guard:
            try:
                if self._connection is not None:
                    return read(self._connection)
                if not self.path.exists():
                    return missing
                db = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=5)
                try:
                    return read(db)
                finally:
                    db.close()
            except sqlite3.Error as error:
                raise JournalError(
                    f"the journal {self.path} cannot be read: {error}",
                    hint="status and stop still work; the next action sets a broken journal aside and says so",
                ) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, on disk when it ends."""
        with self._guard:
            try:
                db = self._open()
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield db
                except BaseException:
                    db.execute("ROLLBACK")
                    raise
                db.execute("COMMIT")
            except (sqlite3.Error, OSError) as error:
                raise JournalError(
                    f"the journal {self.path} cannot be written: {error}",
                    hint="free space or mend the filesystem below var/; nothing is started without a journal",
                ) from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._connection = self._connect()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise  # full disk, no rights, busy: the file itself may be sound
                self._set_aside()
                self._connection = self._connect()
                self._connection.execute("INSERT OR REPLACE INTO fact VALUES ('past_unknown', ?)", (str(error),))
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        # What a journal says is for its node's root alone: it holds command lines and output.
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        db = sqlite3.connect(self.path, timeout=5, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA busy_timeout=5000")
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute("BEGIN IMMEDIATE")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
            elif version > SCHEMA_VERSION:
                raise JournalError(
                    f"the journal {self.path} was written by a newer version",
                    hint="upgrade opensvc-core on this node",
                )
            db.execute("COMMIT")
        except BaseException:
            db.close()
            raise
        return db

    def _set_aside(self) -> None:
        """Keep a broken journal under another name: what it knew may still be read by hand."""
        stamp = f"{int(self.clock.now())}"
        for suffix in ("", "-wal", "-shm"):
            part = self.path.with_name(self.path.name + suffix)
            if part.exists():
                part.rename(self.path.with_name(f"{self.path.name}.broken-{stamp}{suffix}"))


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
