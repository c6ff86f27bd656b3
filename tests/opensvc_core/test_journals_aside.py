"""Journals that were set aside: where they lie, and how much of them was not reported, if that can be read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from opensvc_core.feed import Feed
from opensvc_core.journal import Journal
from opensvc_core.journals_aside import find_journals_aside
from opensvc_core.retention import Keep, measure
from tests.opensvc_core.test_journal import HEADER
from tests.opensvc_core.test_retention import SetClock, run


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """One with six changes, of which a reader has confirmed two."""
    journal = Journal(tmp_path / "var" / "journal.db", SetClock())
    for name in ("r1", "r2", "r3"):
        run(journal, name)
    feed = Feed(journal)
    first = feed.changes(kind="begin")[0]
    second = feed.changes(kind="end")[0]
    feed.confirm("collector", "begin", first.seq, feed.journal_id())
    feed.confirm("collector", "end", second.seq, feed.journal_id())
    journal.close()
    return journal


def break_schema(path: Path) -> None:
    """A statement of the schema makes no sense any more: SQLite opens the file no more, and its rows are whole."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA writable_schema=ON")
        db.execute("UPDATE sqlite_master SET sql='CREATE INDEX no sense' WHERE name='command_by_run'")


def test_none_is_told_of_a_journal_that_is_whole(journal: Journal) -> None:
    journal.begin_run(evolve(HEADER, id="r4"))
    assert find_journals_aside(journal.path) == ()
    assert measure(journal, Keep()).warnings == ()


def test_what_was_not_reported_is_counted_where_it_can_be_read(journal: Journal) -> None:
    break_schema(journal.path)
    journal.begin_run(evolve(HEADER, id="r4"))
    (aside,) = find_journals_aside(journal.path)
    assert aside.unreported == {"collector": 4}
    (warning,) = measure(journal, Keep()).warnings
    assert "up to 4 of its changes to collector were not reported" in warning
    assert f"it lies in {journal.path}.broken-1795608000" in warning
    assert "on 2026-11-25T" in warning
    # It is left as it was, for whoever looks at it.
    assert find_journals_aside(journal.path) == (aside,)


def test_what_cannot_be_read_is_said_to_be_unknown_until_the_file_is_gone(journal: Journal) -> None:
    journal.path.write_bytes(b"this is not a database, and it is longer than a header " * 40)
    journal.begin_run(evolve(HEADER, id="r4"))
    (aside,) = find_journals_aside(journal.path)
    assert aside.unreported is None
    (warning,) = measure(journal, Keep()).warnings
    assert "how many of its changes were not reported is unknown" in warning
    aside.path.unlink()
    assert measure(journal, Keep()).warnings == ()


def test_one_of_which_all_was_reported_says_so(journal: Journal) -> None:
    feed = Feed(journal)
    for kind in ("begin", "end"):
        feed.confirm("collector", kind, feed.newest(), feed.journal_id())
    journal.close()
    break_schema(journal.path)
    journal.begin_run(evolve(HEADER, id="r4"))
    (warning,) = measure(journal, Keep()).warnings
    assert "all that was to be reported of it was" in warning
