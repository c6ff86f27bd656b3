"""What the recording collector keeps, in SQLite: every call in order of arrival, and what they amount to."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from opensvc_testkit.collector.checking import Checked, Row
from opensvc_testkit.collector.methods import DELETIONS, IDENTITY, METHODS, Shape

DATABASE = "collector.sqlite"
"""Name of the file in the collector's folder."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS call (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, method TEXT NOT NULL, node TEXT NOT NULL,
    arguments TEXT NOT NULL, rows TEXT NOT NULL, violations TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS record (
    kind TEXT NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (kind, key));
CREATE TABLE IF NOT EXISTS node (name TEXT PRIMARY KEY, uuid TEXT NOT NULL);
"""
_NODE_FIELDS = (
    "hostname",
    "nodename",
    "mon_nodname",
    "disk_nodename",
    "pkg_nodename",
    "patch_nodename",
    "chk_nodename",
)


@frozen
class Call:
    """One call as it came.

    Attributes:
        seq: its place in the order of arrival, from 1.
        at: seconds since 1970 by the collector's clock.
        method: that was called.
        node: that called, as its registration or its records say; empty if neither does.
        arguments: as XML-RPC brought them.
        rows: its records without the quotes of 2010.
        violations: what the tables do not allow; then the call changed nothing.
    """

    seq: int
    at: float
    method: str
    node: str
    arguments: tuple[Any, ...]
    rows: tuple[Row, ...]
    violations: tuple[str, ...] = ()

    @property
    def identities(self) -> tuple[str, ...]:
        """What tells its records from all others, one each: their id, or the fields that name them."""
        method = METHODS.get(self.method)
        key = method.key if method else ()
        return tuple(row.get(IDENTITY) or json.dumps([row.get(name) for name in key]) for row in self.rows)


@define
class Record:
    """The collector's database. Threads of one process may share it, and other processes read it.

    Attributes:
        folder: of the collector; made.
    """

    folder: Path
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False)
    _db: sqlite3.Connection = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Open or make the database."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(self.folder / DATABASE, timeout=30, isolation_level=None, check_same_thread=False)
        # A kill of the collector loses nothing that it answered for; a power cut of the machine is not played.
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close it."""
        with self._lock:
            self._db.close()

    # -- writing --------------------------------------------------------------------------------------------------

    def keep(self, name: str, arguments: Sequence[Any], checked: Checked) -> None:
        """Keep a call, and if nothing is wrong with it, what it changes."""
        row: Row = next(iter(checked.rows), {})
        node = checked.auth[1] if checked.auth else next((row[each] for each in _NODE_FIELDS if each in row), "")
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                seq = self._db.execute(
                    "INSERT INTO call (at, method, node, arguments, rows, violations) VALUES (?,?,?,?,?,?)",
                    (
                        time.time(),
                        name,
                        node,
                        json.dumps(arguments, default=str),
                        json.dumps(checked.rows + checked.more),
                        json.dumps(checked.violations),
                    ),
                ).lastrowid
                if not checked.violations:
                    self._apply(seq or 0, checked)
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    def register(self, node: str, uuid: str) -> bool:
        """Keep a node's uuid; False if it has one already."""
        with self._lock:
            done = self._db.execute("INSERT OR IGNORE INTO node VALUES (?,?)", (node, uuid))
            return done.rowcount == 1

    def _apply(self, seq: int, checked: Checked) -> None:
        method = checked.method
        if method is None:
            return
        if method.name in DELETIONS:
            kind, names = DELETIONS[method.name]
            # A list names many records by one field each; plain words name one by several.
            for words in [[word] for word in checked.words] if method.shape is Shape.LIST else [checked.words]:
                first, last = (f"$.{names[0]}", f"$.{names[-1]}")
                self._db.execute(
                    "DELETE FROM record WHERE kind=? AND json_extract(data, ?)=? AND json_extract(data, ?)=?",
                    (kind, first, words[0], last, words[-1]),
                )
        for each in checked.rows:
            self._put(method.record, method.key, seq, each)
        for each in checked.more:
            self._put("resource", METHODS["resmon_update"].key, seq, each)

    def _put(self, kind: str, names: Sequence[str], seq: int, row: Mapping[str, Any]) -> None:
        key = json.dumps([row.get(name) for name in names])
        # What a later call does not say of the same record stays: the end of an action says no version.
        self._db.execute(
            "INSERT INTO record VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET data=json_patch(data, excluded.data)",
            (kind, key, seq, json.dumps(row)),
        )

    # -- reading --------------------------------------------------------------------------------------------------

    def calls(self, *methods: str) -> tuple[Call, ...]:
        """Calls in order of arrival: all, or those of some methods."""
        with self._lock:
            rows = self._db.execute(
                "SELECT seq, at, method, node, arguments, rows, violations FROM call"
                " WHERE ?='[]' OR method IN (SELECT value FROM json_each(?)) ORDER BY seq",
                (json.dumps(methods), json.dumps(methods)),
            ).fetchall()
        return tuple(
            Call(r[0], r[1], r[2], r[3], tuple(json.loads(r[4])), tuple(json.loads(r[5])), tuple(json.loads(r[6])))
            for r in rows
        )

    def records(self, kind: str) -> tuple[Row, ...]:
        """What all calls amount to for one kind (``service``, ``action``, ``disk``, …), oldest first."""
        with self._lock:
            rows = self._db.execute("SELECT data FROM record WHERE kind=? ORDER BY seq, rowid", (kind,)).fetchall()
        return tuple(json.loads(row[0]) for row in rows)

    def count(self, *methods: str) -> int:
        """How many calls there were, of all methods or of some."""
        with self._lock:
            found = self._db.execute(
                "SELECT count(*) FROM call WHERE ?='[]' OR method IN (SELECT value FROM json_each(?))",
                (json.dumps(methods), json.dumps(methods)),
            ).fetchone()
        return int(found[0])

    def uuid(self, node: str) -> str:
        """What a node was registered with, or nothing."""
        with self._lock:
            row = self._db.execute("SELECT uuid FROM node WHERE name=?", (node,)).fetchone()
        return row[0] if row else ""
