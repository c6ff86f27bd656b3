"""The journal: what is written survives, what cannot be written is said, what is broken is set aside."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sqlite3
from contextlib import closing
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from attrs import evolve

from opensvc_core.clock import SystemClock
from opensvc_core.errors import JournalError
from opensvc_core.host import Command, CommandResult, Spawned
from opensvc_core.journal import Journal, RunHeader
from opensvc_core.model import Note, Severity
from opensvc_core.plan import Step
from opensvc_core.run import RunOutcome, StepResult, StepState
from tests.opensvc_core.services import make_resource

HEADER = RunHeader("r1", "start", ("svc",), "ann", 42, "n1", "7@b", "boot", ("osvc", "start", "svc"), "{}", 1000.0)
STEP = Step("start svc/disk#1", "start", make_resource("disk#1"), "n1")
DONE = StepResult(STEP, StepState.DONE, "activated", (Note("slow", "slow", Severity.WARNING),), 0.5)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "var" / "journal.db", SystemClock())


def setting(journal: Journal, name: str) -> object:
    """A setting of the connection that is open, or the answer to a change of it."""
    return journal.database.reading(lambda db: db.execute(f"PRAGMA {name}").fetchone()[0], None)


def test_a_run_is_read_back_as_it_was_written(journal: Journal) -> None:
    journal.begin_run(HEADER)
    journal.begin_step("r1", STEP, is_way_back=False)
    journal.end_step("r1", DONE, is_way_back=False)
    journal.end_service("r1", "svc", RunOutcome.DONE)
    journal.close()
    (record,) = journal.history("svc")
    assert (record.id, record.action, record.user, record.pid, record.outcome) == ("r1", "start", "ann", 42, "done")
    assert record.argv == ("osvc", "start", "svc")
    (step,) = record.steps
    assert (step.step, step.state, step.text) == ("start svc/disk#1", "done", "activated")
    assert step.notes == DONE.notes


def test_there_is_no_history_where_there_is_no_journal_and_reading_makes_none(journal: Journal) -> None:
    assert journal.history() == []
    assert journal.unrecovered(["svc"]) == {}
    assert not journal.is_past_unknown("svc")
    assert not journal.path.exists()


def test_only_its_owner_can_read_it(journal: Journal) -> None:
    journal.begin_run(HEADER)
    files = list(journal.path.parent.iterdir())
    assert len(files) == 3  # what SQLite keeps beside it holds the same
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_a_command_is_known_before_it_is_spawned(journal: Journal) -> None:
    journal.begin_run(HEADER)
    journal.begin_command("r1", STEP, "n1", Command(("virsh", "start", "vm1"), timeout=7, changes=True), "r1.0")
    (record,) = journal.commands("r1")
    assert (record.argv, record.changes, record.time_limit, record.pid, record.ended) == (
        ("virsh", "start", "vm1"),
        True,
        7.0,
        0,
        0.0,
    )
    journal.command_spawned("r1.0", Spawned(77, "123@boot"))
    journal.end_command("r1.0", CommandResult(("virsh",), 1, "x" * 9000, "error: no"), "")
    (record,) = journal.commands("r1", "svc")
    assert (record.pid, record.process, record.rc, record.stderr) == (77, "123@boot", 1, "error: no")
    assert len(record.stdout) == 4000


def test_a_run_without_an_end_is_open(journal: Journal) -> None:
    journal.begin_run(HEADER)
    journal.begin_step("r1", STEP, is_way_back=False)
    (record,) = journal.open_runs("svc")
    assert record.outcome == ""
    assert [(s.step, s.state) for s in record.steps] == [("start svc/disk#1", "running")]
    journal.end_service("r1", "svc", "interrupted")
    assert journal.open_runs("svc") == []


def test_what_a_later_run_put_right_is_no_longer_open(journal: Journal) -> None:
    journal.begin_run(HEADER)
    journal.end_service("r1", "svc", RunOutcome.UNKNOWN)
    assert journal.unrecovered(["svc", "other"])["svc"].id == "r1"
    journal.begin_run(evolve(HEADER, id="r2"))
    journal.mark_recovered("svc", "r2")
    assert journal.unrecovered(["svc"]) == {}
    assert journal.history("svc", run_id="r1")[0].recovered_by == "r2"


def test_two_services_of_one_run_have_outcomes_of_their_own(journal: Journal) -> None:
    journal.begin_run(evolve(HEADER, services=("a", "b")))
    journal.end_service("r1", "a", RunOutcome.DONE)
    journal.end_service("r1", "b", RunOutcome.FAILED)
    assert {r.service: r.outcome for r in journal.history()} == {"a": "done", "b": "failed"}


def _write_for_ever(path: Path, ready: Event) -> None:
    journal = Journal(path, SystemClock())
    for number in range(1_000_000):
        journal.begin_run(evolve(HEADER, id=f"r{number}", began=float(number)))
        if number == 20:
            ready.set()


def test_what_was_written_survives_a_kill_at_any_moment(journal: Journal) -> None:
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    process = context.Process(target=_write_for_ever, args=(journal.path, ready))
    process.start()
    ready.wait()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    records = journal.history(limit=10_000_000)
    assert len(records) > 20
    assert [record.id for record in records] == [f"r{number}" for number in reversed(range(len(records)))]
    journal.begin_run(evolve(HEADER, id="after"))


def test_a_broken_journal_is_set_aside_and_the_past_is_said_to_be_unknown(journal: Journal) -> None:
    journal.path.parent.mkdir()
    journal.path.write_bytes(b"this is not a database, and it is longer than a header " * 40)
    with pytest.raises(JournalError, match="cannot be read"):
        journal.history()
    journal.begin_run(HEADER)
    assert journal.is_past_unknown("svc")
    kept = [path for path in journal.path.parent.iterdir() if ".broken-" in path.name]
    assert kept
    assert kept[0].read_bytes().startswith(b"this is not")
    journal.settle_past("svc")
    assert not journal.is_past_unknown("svc")
    assert journal.is_past_unknown("other")


def test_a_journal_that_cannot_be_written_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file in place of the folder")
    journal = Journal(tmp_path / "var" / "journal.db", SystemClock())
    with pytest.raises(JournalError) as caught:
        journal.begin_run(HEADER)
    assert "nothing is started" in caught.value.hint


def test_a_full_disk_is_an_error_and_what_was_written_stays(journal: Journal) -> None:
    journal.begin_run(HEADER)
    pages = setting(journal, "page_count")
    assert setting(journal, f"max_page_count={pages}") == pages
    big = evolve(DONE, text="x" * 10_000_000)
    with pytest.raises(JournalError, match="full"):
        journal.end_step("r1", big, is_way_back=False)
    assert journal.history()[0].id == "r1"
    journal.end_service("r1", "svc", RunOutcome.DONE)


def test_a_journal_of_a_newer_version_is_left_alone(journal: Journal) -> None:
    journal.begin_run(HEADER)
    journal.close()
    with sqlite3.connect(journal.path) as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(JournalError, match="newer version"):
        journal.begin_run(evolve(HEADER, id="r2"))
    assert not [path for path in journal.path.parent.iterdir() if ".broken-" in path.name]


def test_what_is_on_disk_is_on_disk(journal: Journal) -> None:
    journal.begin_run(HEADER)
    assert setting(journal, "journal_mode") == "wal"
    assert setting(journal, "synchronous") == 2
    assert json.loads(journal.history()[0].selection) == {}


VERSION_1 = """
CREATE TABLE run (
    id TEXT PRIMARY KEY, action TEXT NOT NULL, user TEXT NOT NULL, pid INTEGER NOT NULL, node TEXT NOT NULL,
    process TEXT NOT NULL, boot_id TEXT NOT NULL, argv TEXT NOT NULL, selection TEXT NOT NULL, began REAL NOT NULL
);
CREATE TABLE run_service (
    run_id TEXT NOT NULL REFERENCES run(id), service TEXT NOT NULL, ended REAL, outcome TEXT,
    recovered_by TEXT, PRIMARY KEY (run_id, service)
);
CREATE TABLE step (
    run_id TEXT NOT NULL, service TEXT NOT NULL, rid TEXT NOT NULL, action TEXT NOT NULL, way_back INTEGER NOT NULL,
    began REAL, ended REAL, state TEXT NOT NULL, text TEXT NOT NULL DEFAULT '', notes TEXT NOT NULL DEFAULT '[]',
    lost TEXT NOT NULL DEFAULT '[]', PRIMARY KEY (run_id, service, rid, action, way_back)
);
CREATE TABLE command (id TEXT PRIMARY KEY, run_id TEXT, service TEXT, rid TEXT);
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
INSERT INTO run VALUES ('r1', 'start', 'ann', 1, 'n1', '', 'b', '[]', '{}', 1.0);
INSERT INTO run_service VALUES ('r1', 'svc', NULL, 'interrupted', NULL);
INSERT INTO step VALUES ('r1', 'svc', 'disk#1', 'start', 0, 1.0, 2.0, 'done', 'ok', '[]', '[]');
PRAGMA user_version=1;
"""


def test_a_journal_of_the_version_before_is_read_as_it_is_and_made_anew_by_the_first_write(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(VERSION_1)
    journal = Journal(path, SystemClock())
    before = journal.unrecovered(["svc"])["svc"]
    assert [(step.step, step.node, step.state) for step in before.steps] == [("start svc/disk#1", "n1", "done")]
    journal.end_service("r1", "svc", "unknown")
    after = Journal(path, SystemClock()).unrecovered(["svc"])["svc"]
    assert (after.steps, after.outcome) == (before.steps, "unknown")


def test_the_id_of_a_run_that_is_there_is_no_other_runs(journal: Journal) -> None:
    journal.begin_run(HEADER)
    with pytest.raises(JournalError):
        journal.begin_run(evolve(HEADER, services=("other",)))
    assert [record.service for record in journal.history()] == ["svc"]
