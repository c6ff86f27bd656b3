"""How long the journal keeps what it knows: by age, by size, and never at the cost of what somebody still reports."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from opensvc_core.config.values import parse_integer, parse_size
from opensvc_core.errors import ConfigError, ConfigProblem
from opensvc_core.feed import DROPPED, Feed
from opensvc_core.journals_aside import JournalAside, find_journals_aside

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from opensvc_core.journal import Journal
    from opensvc_core.node import Node

SECTION = "node"
DAYS = 90
"""Days that runs and changes are kept where `[node] journal_days` says nothing."""
SIZE = 200_000_000
"""Bytes that the journal may use where `[node] journal_size` says nothing."""
NEAR = 0.8
"""Part of the size from which on a journal that holds what was not reported yet is warned of."""
ROOM = 0.9
"""Part of the size that is left in use when something had to be dropped."""
CHUNK = 200
"""Runs or changes that are deleted in one transaction: whoever acts meanwhile waits for one of them at most."""
BIT = 20
"""As many, where no more than needed is to go."""
PAGES = 500
"""Pages that are given back to the file system in one transaction."""

# Of a change `c`: some reader has not confirmed it. Of a run's service `s`: it is under way, or was cut and not mended.
_UNSENT = "EXISTS (SELECT 1 FROM reader r WHERE r.kind=c.kind AND r.seq<c.seq)"
_NEEDED = "(s.outcome IS NULL OR (s.outcome IN ('interrupted', 'unknown') AND s.recovered_by IS NULL))"
_NEWEST = "SELECT MAX(seq) FROM change WHERE run_id='' GROUP BY kind, service"
_PARTS = {"unsent": _UNSENT, "needed": _NEEDED, "newest": _NEWEST}
_SENT_RUNS = """
    SELECT id FROM run WHERE NOT EXISTS (SELECT 1 FROM run_service s WHERE s.run_id=run.id AND {needed})
    AND NOT EXISTS (SELECT 1 FROM change c WHERE c.run_id=run.id AND {unsent})
    AND (SELECT MAX(ended) FROM run_service s WHERE s.run_id=run.id)<? ORDER BY rowid LIMIT ?
""".format_map(_PARTS)
_SENT_CHANGES = """
    SELECT seq FROM change c WHERE run_id='' AND at<? AND NOT {unsent} AND seq NOT IN ({newest}) LIMIT ?
""".format_map(_PARTS)
_UNSENT_CHANGES = """
    SELECT seq, run_id FROM change c WHERE seq NOT IN ({newest})
    AND NOT EXISTS (SELECT 1 FROM run_service s WHERE s.run_id=c.run_id AND {needed}) ORDER BY seq LIMIT ?
""".format_map(_PARTS)
_UNSENT_OF_RUN = "SELECT kind FROM change c WHERE run_id=? AND {unsent}".format_map(_PARTS)
_UNSENT_BY_NUMBER = "SELECT kind FROM change c WHERE seq=? AND run_id='' AND {unsent}".format_map(_PARTS)
_EVER = 1e18
"""Later than any moment."""


@frozen
class Keep:
    """What ``node.conf`` says: how long, in days, and how much, in bytes."""

    days: int = DAYS
    size: int = SIZE


def read_keep(node: Node) -> Keep:
    """How long this node keeps its journal. Raises ConfigError."""
    file = node.folders.etc / "node.conf"

    def read(keyword: str, parse: Callable[[str], int], default: int) -> int:
        text = node.setting(SECTION, keyword)
        if not text:
            return default
        try:
            value = parse(text)
            if value <= 0:
                message = f"{text!r} is not more than 0"
                raise ValueError(message)
        except ValueError as error:
            problem = ConfigProblem(file, 0, SECTION, keyword, str(error))
            raise ConfigError([problem], hint=f"correct [{SECTION}] in {file}") from error
        return value

    return Keep(read("journal_days", parse_integer, DAYS), read("journal_size", parse_size, SIZE))


@frozen
class Usage:
    """How full a journal is.

    Attributes:
        size: bytes in use.
        limit: bytes that it may use.
        pending: changes that a reader has not confirmed, by reader and kind.
        dropped: changes that were dropped before every reader had them, by kind, ever.
        aside: journals that broke before this one, as long as their files are there.
    """

    size: int
    limit: int
    pending: Mapping[tuple[str, str], int] = field(factory=dict, hash=False)
    dropped: Mapping[str, int] = field(factory=dict, hash=False)
    aside: tuple[JournalAside, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Lines for the operator, one a thing that is amiss."""
        found = []
        unsent = sum(self.pending.values())
        if unsent and self.size >= self.limit * NEAR:
            names = ", ".join(sorted({name for (name, _), count in self.pending.items() if count}))
            found.append(
                f"the journal uses {self.size * 100 // self.limit} % of its journal_size: beyond it, the oldest of"
                f" {unsent} changes that {names} has not reported are dropped"
            )
        if self.dropped:
            counts = ", ".join(f"{count} {kind}" for kind, count in sorted(self.dropped.items()))
            found.append(f"changes were dropped before they were reported, as the journal was full: {counts}")
        return (*found, *(each.warning for each in self.aside))


def measure(journal: Journal, keep: Keep) -> Usage:
    """How full a journal is, and what is still to be reported. Raises JournalError."""
    feed = Feed(journal)
    pending = {(each.name, each.kind): feed.pending(each.kind, each.seq) for each in feed.readers()}
    aside = find_journals_aside(journal.path)
    return Usage(journal.database.reading(_size, 0), keep.size, pending, feed.dropped(), aside)


@define
class Pruned:
    """What was deleted: runs, changes, and of these by kind what nobody had reported."""

    runs: int = 0
    changes: int = 0
    dropped: Counter[str] = field(factory=Counter)


def prune(journal: Journal, keep: Keep) -> Pruned:
    """Delete what is older than the journal's days, then what is beyond its size, the oldest first.

    Never deleted: runs that are under way or were cut and not put right, the newest state of each service. What a
    reader has not confirmed goes last, only for the size, and is counted. Each step is a transaction of its own: cut
    at any point, what is there is whole.

    Raises:
        JournalError: the journal cannot be written.
    """
    pruned = Pruned()
    Feed(journal).prepare()
    before = journal.clock.now() - keep.days * 86400.0
    _repeat(journal, lambda db: _drop_sent(db, before, CHUNK, pruned))
    if journal.database.reading(_size, 0) > keep.size:
        target = keep.size * ROOM
        _repeat(journal, lambda db: _size(db) > target and _drop_sent(db, _EVER, BIT, pruned))
        _repeat(journal, lambda db: _size(db) > target and _drop_unsent(db, pruned))
    _repeat(journal, _give_back)
    return pruned


def _repeat(journal: Journal, work: Callable[[sqlite3.Connection], bool]) -> None:
    """Do a piece of work in a transaction, again and again, until it says that nothing is left."""
    while True:
        with journal.database.writing() as db:
            if not work(db):
                return


def _size(db: sqlite3.Connection) -> int:
    pages, free, page_size = (
        int(db.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * page_size


def _drop_sent(db: sqlite3.Connection, before: float, most: int, pruned: Pruned) -> bool:
    runs = [row[0] for row in db.execute(_SENT_RUNS, (before, most))]
    changes = [row[0] for row in db.execute(_SENT_CHANGES, (before, most))]
    _delete(db, runs, changes, pruned)
    return bool(runs or changes)


def _drop_unsent(db: sqlite3.Connection, pruned: Pruned) -> bool:
    rows = db.execute(_UNSENT_CHANGES, (BIT,)).fetchall()
    _delete(db, list(dict.fromkeys(run_id for _, run_id in rows if run_id)), [seq for seq, _ in rows], pruned)
    return bool(rows)


def _delete(db: sqlite3.Connection, runs: Sequence[str], changes: Sequence[int], pruned: Pruned) -> None:
    lost = Counter(row[0] for run in runs for row in db.execute(_UNSENT_OF_RUN, (run,)))
    lost.update(row[0] for seq in changes for row in db.execute(_UNSENT_BY_NUMBER, (seq,)))
    for kind, count in lost.items():
        db.execute(
            "INSERT INTO fact VALUES (?,?) ON CONFLICT DO UPDATE SET value=CAST(value AS INTEGER)+excluded.value",
            (f"{DROPPED}{kind}", str(count)),
        )
    pruned.dropped.update(lost)
    of_runs, by_number = [(run,) for run in runs], [(seq,) for seq in changes]
    pruned.changes += db.executemany("DELETE FROM change WHERE run_id=?", of_runs).rowcount if runs else 0
    pruned.changes += db.executemany("DELETE FROM change WHERE seq=?", by_number).rowcount if changes else 0
    db.executemany("DELETE FROM command WHERE run_id=?", of_runs)
    db.executemany("DELETE FROM step WHERE run_id=?", of_runs)
    db.executemany("DELETE FROM run_service WHERE run_id=?", of_runs)
    db.executemany("DELETE FROM run WHERE id=?", of_runs)
    pruned.runs += len(runs)


def _give_back(db: sqlite3.Connection) -> bool:
    """Give pages back to the file system; a journal that an older version made keeps them, and uses them again."""
    free = int(db.execute("PRAGMA freelist_count").fetchone()[0])
    if free and db.execute("PRAGMA auto_vacuum").fetchone()[0] == 2:
        db.execute(f"PRAGMA incremental_vacuum({PAGES})").fetchall()
        return int(db.execute("PRAGMA freelist_count").fetchone()[0]) < free
    return False
