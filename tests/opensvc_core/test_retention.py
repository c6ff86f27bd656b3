"""What the journal keeps: by age, by size, what is still needed always, what is unsent to the last and counted."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from attrs import define, evolve

from opensvc_core.clock import SystemClock
from opensvc_core.errors import ConfigError
from opensvc_core.feed import ChangeKind, Feed, NewChange
from opensvc_core.journal import Journal
from opensvc_core.node import Folders, Node
from opensvc_core.retention import DAYS, SIZE, Keep, Usage, measure, prune, read_keep
from opensvc_core.run import RunOutcome
from tests.opensvc_core.test_journal import DONE, HEADER, STEP

DAY = 86400.0
NOW = 1_795_608_000.0


@define
class SetClock(SystemClock):
    at: float = NOW

    def now(self) -> float:
        return self.at


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def journal(tmp_path: Path, clock: SetClock) -> Journal:
    return Journal(tmp_path / "var" / "journal.db", clock)


def run(journal: Journal, run_id: str, outcome: RunOutcome | str | None = RunOutcome.DONE, text: str = "") -> None:
    journal.begin_run(evolve(HEADER, id=run_id, began=journal.clock.now()))
    journal.end_step(run_id, evolve(DONE, step=STEP, text=text), is_way_back=False)
    if outcome is not None:
        journal.end_service(run_id, "svc", outcome)


def state(journal: Journal, word: str) -> None:
    Feed(journal).record([NewChange(ChangeKind.STATUS, "svc", word, {"overall": word})])


def runs(journal: Journal) -> set[str]:
    return {record.id for record in journal.history(limit=100_000)}


def test_what_is_old_and_sent_goes_with_its_steps_and_changes(journal: Journal, clock: SetClock) -> None:
    clock.at = NOW - 91 * DAY
    run(journal, "old")
    state(journal, "up")
    state(journal, "down")
    clock.at = NOW - 89 * DAY
    run(journal, "new")
    clock.at = NOW
    pruned = prune(journal, Keep())
    assert runs(journal) == {"new"}
    assert (pruned.runs, pruned.changes, dict(pruned.dropped)) == (1, 3, {})
    kept = [(change.kind, change.run_id) for change in Feed(journal).changes()]
    assert kept == [("status", ""), ("begin", "new"), ("end", "new")]  # the newest state, however old
    assert journal.database.reading(lambda db: db.execute("SELECT COUNT(*) FROM step").fetchone()[0], 0) == 1


@pytest.mark.parametrize("size", [SIZE, 1])
def test_what_is_under_way_or_was_not_put_right_stays_at_any_age_and_size(
    journal: Journal, clock: SetClock, size: int
) -> None:
    clock.at = 0.0
    run(journal, "open", None)
    run(journal, "cut", "interrupted")
    run(journal, "mended", "interrupted")
    journal.mark_recovered("other", "x")
    with journal.database.writing() as db:
        db.execute("UPDATE run_service SET recovered_by='x' WHERE run_id='mended'")
    clock.at = NOW
    prune(journal, Keep(size=size))
    assert runs(journal) == {"open", "cut"}


def test_what_a_reader_has_not_confirmed_stays_whatever_its_age(journal: Journal, clock: SetClock) -> None:
    feed = Feed(journal)
    clock.at = 0.0
    run(journal, "a")
    run(journal, "b")
    feed.confirm("sender", "end", 2, feed.journal_id())
    feed.confirm("sender", "begin", 0, feed.journal_id())
    clock.at = NOW
    assert prune(journal, Keep()).runs == 0
    feed.confirm("sender", "begin", 3, feed.journal_id())
    assert prune(journal, Keep()).runs == 1
    assert runs(journal) == {"b"}
    feed.forget("sender")
    assert prune(journal, Keep()).runs == 1


def fill(journal: Journal, count: int) -> None:
    for number in range(count):
        run(journal, f"r{number}", text="x" * 10_000)


def test_beyond_its_size_what_is_sent_goes_before_what_is_not_and_the_oldest_first(journal: Journal) -> None:
    feed = Feed(journal)
    fill(journal, 40)
    feed.confirm("sender", "begin", 40, feed.journal_id())
    feed.confirm("sender", "end", 40, feed.journal_id())
    keep = Keep(size=measure(journal, Keep()).size * 9 // 10)
    pruned = prune(journal, keep)
    assert not pruned.dropped
    assert runs(journal) >= {f"r{number}" for number in range(20, 40)}
    assert measure(journal, keep).size <= keep.size


def test_what_is_dropped_unsent_is_warned_of_before_and_counted(journal: Journal) -> None:
    feed = Feed(journal)
    fill(journal, 40)
    for kind in ("begin", "end"):
        feed.confirm("sender", kind, 0, feed.journal_id())
    usage = measure(journal, Keep())
    assert usage.warnings == ()
    (warning,) = measure(journal, Keep(size=usage.size + 1)).warnings
    assert "80 changes that sender has not reported" in warning
    keep = Keep(size=usage.size // 2)
    pruned = prune(journal, keep)
    gone = 40 - len(runs(journal))
    assert 0 < gone < 40
    assert pruned.dropped == {"begin": gone, "end": gone}
    assert feed.dropped() == {"begin": gone, "end": gone}
    assert runs(journal) == {f"r{number}" for number in range(gone, 40)}
    assert any("dropped before they were reported" in each for each in measure(journal, keep).warnings)
    newest = feed.newest()
    run(journal, "after")
    assert feed.newest() > newest
    assert prune(journal, keep).dropped.total() <= 4
    assert feed.dropped()["begin"] >= gone


def test_room_is_given_back_to_the_file_system(journal: Journal, clock: SetClock) -> None:
    clock.at = 0.0
    fill(journal, 40)
    journal.close()
    before = journal.path.stat().st_size
    clock.at = NOW
    prune(journal, Keep())
    journal.close()
    assert journal.path.stat().st_size < before / 4


def _prune_for_ever(path: Path, ready: Event) -> None:
    journal = Journal(path, SetClock())
    keep = Keep(size=measure(journal, Keep()).size // 3)
    ready.set()
    while True:
        prune(journal, keep)


def test_a_kill_in_the_middle_leaves_what_is_there_whole_and_the_count_right(
    journal: Journal, osvc_random: random.Random
) -> None:
    feed = Feed(journal)
    fill(journal, 60)
    feed.confirm("sender", "begin", 0, feed.journal_id())
    journal.close()
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    process = context.Process(target=_prune_for_ever, args=(journal.path, ready))
    process.start()
    ready.wait()
    process.join(osvc_random.random() * 0.03)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    left = runs(journal)
    assert feed.dropped().get("begin", 0) == 60 - len(left)
    assert {change.run_id for change in feed.changes(limit=1000)} == left
    steps: set[str] = journal.database.reading(
        lambda db: {row[0] for row in db.execute("SELECT run_id FROM step")}, set()
    )
    assert steps == left


def test_the_settings_are_read_and_told_with_their_place(tmp_path: Path) -> None:
    def node(**settings: str) -> Node:
        return Node("n1", "Linux", Folders(tmp_path), {"node": settings})

    assert read_keep(node()) == Keep(DAYS, SIZE)
    assert read_keep(node(journal_days="7", journal_size="10MiB")) == Keep(7, 10 * 1024 * 1024)
    for wrong in ({"journal_days": "soon"}, {"journal_days": "0"}, {"journal_size": "10M"}):
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            read_keep(node(**wrong))


def test_a_journal_without_readers_is_warned_of_by_nobody() -> None:
    assert Usage(100, 100).warnings == ()
