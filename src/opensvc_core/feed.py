"""The feed: what changed on this node, numbered in the order in which it was written down, for whoever reports it."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define, evolve, field, frozen

from opensvc_core.journal_rows import read_commands, read_runs, version_of
from opensvc_core.journal_schema import FED_SINCE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from opensvc_core.journal import Journal
    from opensvc_core.journal_records import RunRecord

_T = TypeVar("_T")

DROPPED = "dropped:"
"""What begins the name of a fact that counts changes of a kind which were dropped before a reader had them."""


class ChangeKind(StrEnum):
    """What a change is about. Each kind has its readers' positions of its own."""

    BEGIN = "begin"
    """A run began, for one of its services."""
    END = "end"
    """A run of a service got its outcome; ``interrupted`` is found out by the next command. ``data``: ``outcome``."""
    STATUS = "status"
    """A service's state on this node is another. ``data``: ``avail``, ``overall``, ``frozen``, ``groups``,
    ``resources``."""
    CONFIG = "config"
    """A service file that nobody was told of, found at an action. ``data``: ``digest``, of the file."""


@frozen
class Change:
    """One thing that changed.

    Attributes:
        seq: its number: greater than that of all before it, never used twice in one journal.
        kind: a ``ChangeKind``, or a word of a later version.
        service: its name.
        at: seconds since the epoch, by a clock that may have been put back: ``seq`` is the order.
        run_id: of the run that it is about, or empty.
        data: what it became, JSON-ready.
    """

    seq: int
    kind: str
    service: str
    at: float
    run_id: str = ""
    data: Mapping[str, Any] = field(factory=dict, hash=False)


@frozen
class Reader:
    """How far somebody has reported one kind of change."""

    name: str
    kind: str
    seq: int


@frozen
class NewChange:
    """A change that is to be written down, unless the newest of its kind and service says the same.

    Attributes:
        kind: a ``ChangeKind``.
        service: its name.
        digest: what must differ for it to be one.
        data: what it became.
        after: number of the newest change of that kind when it was looked for: what was written down since is
            newer, and stands. ``None``: it is known to be the newest.
    """

    kind: str
    service: str
    digest: str
    data: Mapping[str, Any] = field(factory=dict, hash=False)
    after: int | None = None


@define
class Feed:
    """The changes of one node's journal. Reads make no file; where none is, nothing has changed.

    A reader keeps its positions here, by ``confirm``. Whoever keeps them elsewhere keeps ``journal_id`` with them: a
    journal that broke is set aside, and the numbers of the one in its place begin anew.

    Attributes:
        journal: where they are written down.
    """

    journal: Journal

    # -- reading --------------------------------------------------------------------------------------------------

    def journal_id(self) -> str:
        """What tells this journal from one that was set aside; empty where there is none yet. Raises JournalError."""
        return self._read(_journal_id, "")

    def prepare(self) -> str:
        """Make the journal where there is none, or an old one; gives back its ``journal_id``. Raises JournalError."""
        with self.journal.database.writing() as db:
            return _journal_id(db)

    def changes(self, kind: str = "", after: int = 0, limit: int = 100) -> tuple[Change, ...]:
        """The changes of a kind, or of all, that come after a number, oldest first. Raises JournalError."""

        def read(db: sqlite3.Connection) -> tuple[Change, ...]:
            rows = db.execute(
                "SELECT seq, kind, service, at, run_id, data FROM change WHERE seq>? AND (?='' OR kind=?)"
                " ORDER BY seq LIMIT ?",
                (after, kind, kind, limit),
            )
            return tuple(_change(row) for row in rows)

        return self._read(read, ())

    def newest(self, kind: str = "") -> int:
        """The number of the newest change of a kind, or of all; 0 for none. Raises JournalError."""
        return self._number("SELECT COALESCE(MAX(seq), 0) FROM change WHERE ?='' OR kind=?", (kind, kind))

    def pending(self, kind: str = "", after: int = 0) -> int:
        """How many changes of a kind, or of all, come after a number. Raises JournalError."""
        return self._number("SELECT COUNT(*) FROM change WHERE seq>? AND (?='' OR kind=?)", (after, kind, kind))

    def run(self, run_id: str, service: str) -> RunRecord | None:
        """The run that a change is about, with its steps and their commands; ``None`` if it was dropped.

        Each node reports its own steps; ``is_elsewhere`` tells those that another node's journal has too.

        Raises:
            JournalError: the journal cannot be read.
        """

        def read(db: sqlite3.Connection) -> RunRecord | None:
            found = read_runs(db, "WHERE r.id=? AND s.service=?", (run_id, service), 1)
            return evolve(found[0], commands=tuple(read_commands(db, run_id, service))) if found else None

        return self._read(read, None)

    def latest(self, kind: str) -> dict[str, Change]:
        """The newest change of a kind of each service: what is known of it. Raises JournalError."""

        def read(db: sqlite3.Connection) -> dict[str, Change]:
            rows = db.execute(
                "SELECT seq, kind, service, at, run_id, data FROM change"
                " WHERE seq IN (SELECT MAX(seq) FROM change WHERE kind=? GROUP BY service)",
                (kind,),
            )
            return {change.service: change for change in map(_change, rows)}

        return self._read(read, {})

    # -- readers --------------------------------------------------------------------------------------------------

    def confirm(self, reader: str, kind: str, seq: int, journal_id: str) -> bool:
        """Write down that a reader needs no change of a kind up to a number any more, on disk when this returns.

        What no reader has confirmed is kept; 0 makes a reader known, so that all from now on is kept for it.

        Args:
            reader: its name, as that of its entry point.
            kind: of change.
            seq: the number; a lower one than before changes nothing.
            journal_id: of the journal that the changes were read from.

        Returns:
            Whether it was written; not where another journal is in the place of the one that was read.

        Raises:
            JournalError: the journal cannot be written.
        """
        with self.journal.database.writing() as db:
            if _journal_id(db) != journal_id:
                return False
            db.execute(
                "INSERT INTO reader VALUES (?,?,?) ON CONFLICT DO UPDATE SET seq=MAX(seq, excluded.seq)",
                (reader, kind, seq),
            )
        return True

    def position(self, reader: str, kind: str) -> int:
        """How far a reader has confirmed a kind of change; 0 for not at all. Raises JournalError."""
        return self._number(
            "SELECT COALESCE(MAX(seq), 0) FROM reader WHERE name=? AND kind=?",
            (reader, kind),
        )

    def readers(self) -> tuple[Reader, ...]:
        """All readers with their positions, sorted. Raises JournalError."""

        def read(db: sqlite3.Connection) -> tuple[Reader, ...]:
            return tuple(Reader(*row) for row in db.execute("SELECT name, kind, seq FROM reader ORDER BY name, kind"))

        return self._read(read, ())

    def forget(self, reader: str) -> None:
        """Keep nothing for a reader any more. Raises JournalError."""
        with self.journal.database.writing() as db:
            db.execute("DELETE FROM reader WHERE name=?", (reader,))

    def dropped(self) -> dict[str, int]:
        """How many changes of each kind were dropped before every reader had them, ever. Raises JournalError."""

        def read(db: sqlite3.Connection) -> dict[str, int]:
            rows = db.execute("SELECT name, value FROM fact WHERE name LIKE ?", (f"{DROPPED}%",))
            return {name.removeprefix(DROPPED): int(value) for name, value in rows}

        return self._read(read, {})

    # -- writing --------------------------------------------------------------------------------------------------

    def record(self, changes: Sequence[NewChange]) -> Sequence[NewChange]:
        """Write down what has changed, in one transaction; gives back what has. Raises JournalError.

        Nothing is opened for writing, and nothing goes to the disk, where nothing has.
        """
        if not self._read(lambda db: _really_new(db, changes), changes):
            return ()
        now = self.journal.clock.now()
        with self.journal.database.writing() as db:
            new = _really_new(db, changes)
            db.executemany(
                "INSERT INTO change (kind, service, at, digest, data) VALUES (?,?,?,?,?)",
                [(each.kind, each.service, now, each.digest, json.dumps(each.data)) for each in new],
            )
        return new

    # -- inside ---------------------------------------------------------------------------------------------------

    def _number(self, query: str, values: tuple[Any, ...]) -> int:
        return self._read(lambda db: int(db.execute(query, values).fetchone()[0]), 0)

    def _read(self, read: Callable[[sqlite3.Connection], _T], missing: _T) -> _T:
        """Read; of a journal that was not written to since it became older than the feed, ``missing``."""
        return self.journal.database.reading(lambda db: read(db) if version_of(db) >= FED_SINCE else missing, missing)


def _journal_id(db: sqlite3.Connection) -> str:
    return str(db.execute("SELECT value FROM fact WHERE name='journal_id'").fetchone()[0])


def _change(row: Sequence[Any]) -> Change:
    return Change(row[0], row[1], row[2], row[3], row[4], json.loads(row[5]))


def _really_new(db: sqlite3.Connection, changes: Sequence[NewChange]) -> Sequence[NewChange]:
    """Those that say something else than the newest of their kind and service, which they were not overtaken by."""
    kinds = {each.kind for each in changes}
    known = {
        (kind, service): (seq, digest)
        for kind in kinds
        for service, seq, digest in db.execute(
            "SELECT service, MAX(seq), digest FROM change WHERE kind=? GROUP BY service", (kind,)
        )
    }
    new = []
    for each in changes:
        seq, digest = known.get((each.kind, each.service), (0, None))
        if digest != each.digest and (each.after is None or seq <= each.after):
            new.append(each)
    return new
