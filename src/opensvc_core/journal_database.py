"""The journal's file: its tables, transactions that are on disk when they end, and what a broken one becomes."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from attrs import define, field

from opensvc_core.errors import JournalError
from opensvc_core.journal_schema import SCHEMA_VERSION, UPGRADES
from opensvc_core.state_files import make_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from opensvc_core.clock import Clock

_T = TypeVar("_T")

BROKEN = ".broken-"
"""What stands between the name of a journal and the second at which it was set aside."""


@define
class Database:
    """One SQLite file; opened when first written, shared by all threads of a process.

    Attributes:
        path: of the file.
        clock: source of time.
    """

    path: Path
    clock: Clock
    _connection: sqlite3.Connection | None = None
    _guard: threading.RLock = field(factory=threading.RLock)

    def reading(self, read: Callable[[sqlite3.Connection], _T], missing: _T) -> _T:
        """Read without ever creating or repairing anything; ``missing`` if there is no file. Raises JournalError."""
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
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, on disk when it ends. Raises JournalError."""
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

    def close(self) -> None:
        """Close the database; a later use opens it again."""
        with self._guard:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            make_folder(self.path.parent)
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
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | getattr(os, "O_CLOEXEC", 0), 0o600))
        db = sqlite3.connect(self.path, timeout=5, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA busy_timeout=5000")
            db.execute("PRAGMA auto_vacuum=INCREMENTAL")  # of a new file; an old one stays as it is
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute("BEGIN IMMEDIATE")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version in UPGRADES:
                for statement in UPGRADES[version]:
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
                part.rename(self.path.with_name(f"{self.path.name}{BROKEN}{stamp}{suffix}"))


def read_unreported(path: Path) -> dict[str, int] | None:
    """How many changes of a journal that was set aside each reader had not confirmed; ``None`` if it cannot be told.

    Most of what breaks a journal leaves nothing that can be read; a table that lost its index can be.
    """
    try:
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=1)
        try:
            db.execute("PRAGMA writable_schema=ON")  # the way past a statement of the schema that makes no sense
            readers = {str(name): 0 for (name,) in db.execute("SELECT DISTINCT name FROM reader")}
            rows = db.execute(
                "SELECT r.name, COUNT(*) FROM reader r JOIN change c ON c.kind=r.kind AND c.seq>r.seq GROUP BY r.name"
            )
            return {**readers, **{str(name): int(count) for name, count in rows}}
        finally:
            db.close()
    except sqlite3.Error:
        return None
