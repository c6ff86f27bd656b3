"""The feed: every run's begin and end, in the order of the writing, once, whatever is killed, full or broken."""

from __future__ import annotations

import gzip
import multiprocessing
import os
import random
import signal
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from attrs import evolve

from opensvc_core.clock import SystemClock
from opensvc_core.errors import JournalError
from opensvc_core.feed import Change, ChangeKind, Feed, NewChange, Reader
from opensvc_core.host import Command, CommandResult
from opensvc_core.journal import Journal
from opensvc_core.run import RunOutcome
from tests.opensvc_core.test_journal import DONE, HEADER, STEP

SCHEMA_2 = Path(__file__).parent.parent / "fixtures" / "journal" / "schema-2.db.gz"
"""A journal that the code before the feed had written: r1 done, r2 interrupted, r3 failed for one, open for another."""


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "var" / "journal.db", SystemClock())


@pytest.fixture
def feed(journal: Journal) -> Feed:
    return Feed(journal)


def told(changes: Sequence[Change]) -> list[tuple[str, str, str]]:
    return [(change.kind, change.run_id, change.service) for change in changes]


def run(journal: Journal, run_id: str, service: str = "svc") -> None:
    journal.begin_run(evolve(HEADER, id=run_id, services=(service,)))
    journal.end_service(run_id, service, RunOutcome.DONE)


def test_a_run_is_fed_when_it_begins_and_when_each_of_its_services_ends(journal: Journal, feed: Feed) -> None:
    journal.begin_run(evolve(HEADER, services=("a", "b")))
    journal.end_service("r1", "b", RunOutcome.FAILED)
    journal.end_service("r1", "a", RunOutcome.DONE)
    assert told(feed.changes()) == [
        ("begin", "r1", "a"), ("begin", "r1", "b"), ("end", "r1", "b"), ("end", "r1", "a"),
    ]  # fmt: skip
    assert [change.data["outcome"] for change in feed.changes(ChangeKind.END)] == ["failed", "done"]
    assert feed.newest() == 4
    assert feed.newest("begin") == 2
    assert feed.pending("end", after=3) == 1
    assert [change.seq for change in feed.changes(after=1, limit=2)] == [2, 3]


def test_what_is_recovered_or_said_again_is_not_fed_again(journal: Journal, feed: Feed) -> None:
    journal.begin_run(HEADER)
    journal.end_service("r1", "svc", "interrupted")
    journal.end_service("r1", "svc", "interrupted")
    journal.mark_recovered("svc", "r2")
    assert told(feed.changes()) == [("begin", "r1", "svc"), ("end", "r1", "svc")]


def test_a_run_is_read_with_the_output_of_each_step(journal: Journal, feed: Feed) -> None:
    journal.begin_run(HEADER)
    for is_way_back, said in ((False, "up"), (True, "up again")):
        command_id = f"r1.{int(is_way_back)}"
        journal.begin_step("r1", STEP, is_way_back=is_way_back)
        command = Command(("vgchange", "-ay"), changes=True)
        journal.begin_command("r1", STEP, "n1", command, command_id, is_way_back=is_way_back)
        journal.end_command(command_id, CommandResult(("vgchange",), 0, said, ""), "")
        journal.end_step("r1", DONE, is_way_back=is_way_back)
    record = feed.run("r1", "svc")
    assert record is not None
    there, back = record.steps
    assert [command.stdout for command in record.commands_of(there)] == ["up"]
    assert [command.stdout for command in record.commands_of(back)] == ["up again"]
    assert feed.run("r1", "other") is None


def test_there_is_nothing_where_there_is_no_journal_and_reading_makes_none(journal: Journal, feed: Feed) -> None:
    assert (feed.changes(), feed.newest(), feed.pending(), feed.journal_id()) == ((), 0, 0, "")
    assert (feed.latest("status"), feed.readers(), feed.dropped(), feed.run("r1", "svc")) == ({}, (), {}, None)
    assert not journal.path.exists()
    assert feed.prepare() == feed.journal_id() != ""


# -- readers -------------------------------------------------------------------------------------------------------


def test_a_position_goes_forward_only_and_is_there_after_the_process(journal: Journal, feed: Feed) -> None:
    journal_id = feed.prepare()
    assert feed.confirm("sender", "end", 7, journal_id)
    assert feed.confirm("sender", "end", 5, journal_id)
    assert feed.confirm("sender", "begin", 2, journal_id)
    journal.close()
    again = Feed(Journal(journal.path, SystemClock()))
    assert again.position("sender", "end") == 7
    assert again.position("other", "end") == 0
    assert again.readers() == (Reader("sender", "begin", 2), Reader("sender", "end", 7))
    again.forget("sender")
    assert again.readers() == ()


def test_a_position_in_a_journal_that_was_set_aside_is_none_in_the_one_in_its_place(
    journal: Journal, feed: Feed
) -> None:
    run(journal, "r1")
    before = feed.journal_id()
    journal.close()
    journal.path.write_bytes(b"this is not a database, and it is longer than a header " * 40)
    run(journal, "r2")
    assert feed.journal_id() != before
    assert not feed.confirm("sender", "end", 2, before)
    assert feed.position("sender", "end") == 0
    assert told(feed.changes()) == [("begin", "r2", "svc"), ("end", "r2", "svc")]


# -- what is recorded ----------------------------------------------------------------------------------------------


def status(service: str, word: str, after: int | None = None) -> NewChange:
    return NewChange(ChangeKind.STATUS, service, word, {"avail": word}, after)


def test_a_state_is_recorded_when_it_differs_from_the_last_one_of_its_service(feed: Feed) -> None:
    assert len(feed.record([status("a", "up"), status("b", "down")])) == 2
    assert len(feed.record([status("a", "up"), status("b", "up")])) == 1
    assert len(feed.record([status("a", "down")])) == 1
    assert [(change.service, change.data["avail"]) for change in feed.changes()] == [
        ("a", "up"), ("b", "down"), ("b", "up"), ("a", "down"),
    ]  # fmt: skip
    assert {name: change.data["avail"] for name, change in feed.latest("status").items()} == {"a": "down", "b": "up"}


def test_nothing_is_written_where_nothing_changed(journal: Journal, feed: Feed) -> None:
    feed.record([status("a", "up")])
    journal.close()
    written = journal.path.read_bytes()
    assert len(feed.record([status("a", "up")])) == 0
    assert journal.path.read_bytes() == written
    assert journal.path.with_name("journal.db-wal").stat().st_size == 0  # the reader's, and nobody wrote to it


def test_a_look_that_was_overtaken_by_an_action_records_nothing(feed: Feed) -> None:
    feed.record([status("a", "down")])
    looked = feed.newest("status")
    feed.record([status("a", "up")])  # the end of a start
    assert len(feed.record([status("a", "down", looked), status("b", "up", looked)])) == 1
    assert feed.latest("status")["a"].data == {"avail": "up"}


# -- a journal of before -------------------------------------------------------------------------------------------


def old_journal(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.decompress(SCHEMA_2.read_bytes()))


def test_a_journal_of_before_feeds_what_is_still_open_and_not_its_past(journal: Journal, feed: Feed) -> None:
    old_journal(journal.path)
    assert (feed.changes(), feed.journal_id()) == ((), "")
    assert [command.stdout for command in journal.commands("r1")] == ["1 logical volume(s) active"]
    before = {(record.id, record.service): record for record in journal.history()}
    run(journal, "r4")
    assert told(feed.changes()) == [("begin", "r3", "svc"), ("begin", "r4", "svc"), ("end", "r4", "svc")]
    after = {(record.id, record.service): record for record in journal.history()}
    assert {key: after[key] for key in before} == before
    assert journal.unrecovered(["svc"])["svc"].id == "r2"
    record = feed.run("r1", "svc")
    assert record is not None
    assert [command.rc for command in record.commands] == [0]


def test_whoever_still_has_a_journal_of_before_open_feeds_it_too(journal: Journal, feed: Feed) -> None:
    old_journal(journal.path)
    with closing(sqlite3.connect(journal.path, isolation_level=None)) as old_code:
        old_code.execute("SELECT 1 FROM run").fetchall()
        feed.prepare()
        old_code.execute("UPDATE run_service SET ended=?, outcome=? WHERE run_id='r3' AND service='svc'", (9.0, "done"))
    assert told(feed.changes()) == [("begin", "r3", "svc"), ("end", "r3", "svc")]


# -- many at once, killed, full ------------------------------------------------------------------------------------


def _write_runs(path: Path, process: int, count: int) -> None:
    journal = Journal(path, SystemClock())
    for number in range(count):
        run(journal, f"{process}.{number}", f"svc{process}")


def test_eight_processes_feed_one_order(journal: Journal, feed: Feed) -> None:
    context = multiprocessing.get_context("fork")
    old_journal(journal.path)  # and all of them find one of before
    processes = [context.Process(target=_write_runs, args=(journal.path, number, 4)) for number in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 8
    changes = feed.changes(limit=1000)
    assert len({change.seq for change in changes}) == len(changes) == 1 + 8 * 4 * 2
    for number in range(8):
        mine = [(change.kind, change.run_id) for change in changes if change.service == f"svc{number}"]
        assert mine == [(kind, f"{number}.{each}") for each in range(4) for kind in ("begin", "end")]


def _write_for_ever(path: Path, ready: Event) -> None:
    journal = Journal(path, SystemClock())
    for number in range(1_000_000):
        run(journal, f"r{number}")
        if number == 5:
            ready.set()


def test_after_a_kill_at_any_moment_the_feed_says_what_the_journal_says(
    journal: Journal, feed: Feed, osvc_random: random.Random
) -> None:
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    process = context.Process(target=_write_for_ever, args=(journal.path, ready))
    process.start()
    ready.wait()
    process.join(osvc_random.random() * 0.05)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    records = journal.history(limit=1_000_000)
    begun = [change.run_id for change in feed.changes("begin", limit=1_000_000)]
    ended = [change.run_id for change in feed.changes("end", limit=1_000_000)]
    assert sorted(begun) == sorted(record.id for record in records)
    assert sorted(ended) == sorted(record.id for record in records if record.outcome)
    assert begun == [f"r{number}" for number in range(len(begun))]


def test_a_full_disk_leaves_neither_a_run_without_its_change_nor_a_change_without_its_run(
    journal: Journal, feed: Feed
) -> None:
    run(journal, "r0")
    pages = journal.database.reading(lambda db: db.execute("PRAGMA page_count").fetchone()[0], 0)
    journal.database.reading(lambda db: db.execute(f"PRAGMA max_page_count={pages}").fetchall(), [])
    written = ["r0"]

    def fill() -> None:
        while len(written) < 10_000:
            journal.begin_run(evolve(HEADER, id=f"r{len(written)}", selection="x" * 500))
            written.append(f"r{len(written)}")

    with pytest.raises(JournalError, match="full"):
        fill()
    assert [change.run_id for change in feed.changes("begin", limit=10_000)] == written
    assert {record.id for record in journal.history(limit=10_000)} == set(written)


def test_a_stop_that_could_not_be_written_down_is_fed_once_there_is_room(journal: Journal, feed: Feed) -> None:
    run(journal, "r0")
    journal.owe_run(evolve(HEADER, id="r1"))
    journal.begin_step("r1", STEP, is_way_back=False)
    journal.end_service("r1", "svc", RunOutcome.DONE)
    assert told(feed.changes(after=2)) == [("begin", "r1", "svc"), ("end", "r1", "svc")]
