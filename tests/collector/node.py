"""One node of a round: real `osvc` processes with a root folder, a disk and a clock of their own, and two services."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from tests.collector.shifted_clock import ShiftedClock
from tests.collector.small_disk import SmallDisk

NAME = "node1"
SERVICES = ("first", "second")
LIMIT = 90.0
"""Seconds after which a command of a node counts as stuck."""
LAUNCHER = """#!/bin/sh
# Who called is written down where no fault of the node reaches.
case $1 in
start) echo "{service} start $PPID" >>{ran}; sleep 0.1; [ ! -e {fails} ] && touch {state} ;;
stop) echo "{service} stop $PPID" >>{ran}; sleep 0.1; rm -f {state} ;;
status) test -e {state} ;;
esac
"""
_CHANGES = "SELECT kind, run_id, service FROM change WHERE kind IN ('begin', 'end') ORDER BY seq"


@frozen
class Told:
    """One change of the feed that a collector must come to know.

    Attributes:
        kind: ``begin`` or ``end``.
        run_id: of the run.
        service: its name.
    """

    kind: str
    run_id: str
    service: str


@frozen
class Run:
    """One run of a service as the journal has it.

    Attributes:
        id: of the run.
        service: its name.
        pid: of the process.
        outcome: empty while there is none.
    """

    id: str
    service: str
    pid: int
    outcome: str


@define
class Node:
    """The node.

    Attributes:
        folder: of the round, on a disk that is never full.
        clock: of its processes; None: the machine's.
        disk: of its root folder; None: the machine's.
        collector_settings: of ``[collector]`` in ``node.conf``.
    """

    folder: Path
    clock: ShiftedClock | None
    disk: SmallDisk | None
    collector_settings: Mapping[str, str] = field(factory=dict)

    @property
    def root(self) -> Path:
        """``$OSVC_ROOT``, as its processes see it."""
        return self.folder / "root"

    @property
    def outside(self) -> Path:
        """The same, as this process sees it."""
        return self.disk.outside if self.disk else self.root

    @property
    def ran(self) -> Path:
        """What the launchers wrote down: service, verb, pid of the agent."""
        return self.folder / "ran"

    def prepare(self) -> None:
        """Write its services and its settings."""
        etc = self.outside / "etc"
        for name in SERVICES:
            launchers = etc / f"{name}.d"
            launchers.mkdir(parents=True)
            text = LAUNCHER.format(
                service=name, ran=self.ran, fails=self.folder / f"{name}.fails", state=self.folder / f"{name}.up"
            )
            (launchers / "S10app").write_text(text)
            (launchers / "S10app").chmod(0o755)
            for letter in "KC":
                (launchers / f"{letter}10app").symlink_to("S10app")
            (etc / f"{name}.env").write_text(f"[default]\nnodes = {NAME}\n\n[app#0]\ntype = launchers\n")
        lines = [f"{name} = {value}\n" for name, value in self.collector_settings.items()]
        (etc / "node.conf").write_text(f"[node]\nhost_mode = TST\n\n[collector]\n{''.join(lines)}")

    def set_failing(self, service: str, *, fails: bool) -> None:
        """Have the launcher of a service fail to start, or not."""
        flag = self.folder / f"{service}.fails"
        if fails:
            flag.touch()
        else:
            flag.unlink(missing_ok=True)

    # -- commands -------------------------------------------------------------------------------------------------

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `osvc` on the node, in a session of its own; its output is kept in files."""
        enter = self.disk.enter if self.disk else ()
        shifted = self.clock.variables if self.clock else {}
        # Only the agent is under the shifted clock, and what it starts with its environment.
        wrapped = ["env", *(f"{name}={value}" for name, value in shifted.items())]
        with (self.folder / "stdout").open("w") as out, (self.folder / "stderr").open("w") as err:
            return subprocess.Popen(
                [*enter, *wrapped, sys.executable, "-m", "opensvc_core", *arguments],
                env={**os.environ, "OSVC_ROOT": str(self.root), "OSVC_NODE": NAME, "LC_ALL": "C.UTF-8"},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                text=True,
                start_new_session=True,
            )

    def osvc(self, *arguments: str, limit: float = LIMIT) -> int:
        """Run `osvc` to its end and give back its exit status. Raises TimeoutExpired."""
        child = self.start(*arguments)
        try:
            return child.wait(limit)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            raise

    def said(self) -> str:
        """What the last command printed."""
        return (self.folder / "stdout").read_text() + (self.folder / "stderr").read_text()

    # -- processes ------------------------------------------------------------------------------------------------

    def senders(self) -> list[int]:
        """Processes that send to the collector by themselves."""
        return [pid for pid, argv in self._processes() if "collector" in argv and "send" in argv]

    def wait_for_silence(self, limit: float = LIMIT) -> None:
        """Wait until no process of the node runs. Raises TimeoutError."""
        end = time.monotonic() + limit
        while left := [argv for _, argv in self._processes()]:
            if time.monotonic() > end:
                message = f"still there: {left}"
                raise TimeoutError(message)
            time.sleep(0.05)

    def end_all(self) -> None:
        """Kill what is left of the node."""
        for pid, _ in self._processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _processes(self) -> Iterator[tuple[int, list[str]]]:
        mark = f"OSVC_ROOT={self.root}".encode()
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal() or int(entry.name) == os.getpid():
                continue
            with suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    argv = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                    yield int(entry.name), argv

    # -- the journal ----------------------------------------------------------------------------------------------

    def told(self) -> list[Told]:
        """What the feed has of actions, in its order."""
        return [Told(*row) for row in self._query(_CHANGES)]

    def statuses(self) -> list[str]:
        """The service of each change of state, in the feed's order."""
        return [row[0] for row in self._query("SELECT service FROM change WHERE kind='status' ORDER BY seq")]

    def runs(self) -> list[Run]:
        """All runs in the journal, in the order in which they were written down."""
        rows = self._query(
            "SELECT r.id, s.service, r.pid, COALESCE(s.outcome, '') FROM run r JOIN run_service s ON s.run_id=r.id"
            " ORDER BY r.rowid"
        )
        return [Run(*row) for row in rows]

    def written(self) -> object:
        """What is another thing after each write of the journal."""
        return _state(self.outside / "var" / "journal.db")

    def running_steps(self) -> int:
        """How many steps of runs without outcome have begun and not ended."""
        rows = self._query(
            "SELECT count(*) FROM step t JOIN run_service s USING (run_id, service)"
            " WHERE s.outcome IS NULL AND t.ended IS NULL"
        )
        return int(rows[0][0]) if rows else 0

    def broken_journals(self) -> list[str]:
        """Names of journals that were set aside."""
        return [path.name for path in (self.outside / "var").glob("journal.db.broken-*")]

    def failed_observers(self) -> list[str]:
        """What is kept of observers that failed."""
        return [path.read_text() for path in (self.outside / "var" / "observers").glob("*.json")]

    def _query(self, text: str) -> list[tuple[Any, ...]]:
        """Rows of a copy of the journal: to read the original takes room beside it, and its disk may be full."""
        journal = self.outside / "var" / "journal.db"
        if not journal.exists():
            return []
        copy = self.folder / "copy.db"
        while True:
            before = _state(journal)
            for suffix in ("", "-wal"):
                copied = copy.with_name(copy.name + suffix)
                copied.unlink(missing_ok=True)
                with suppress(FileNotFoundError):
                    shutil.copyfile(journal.with_name(journal.name + suffix), copied)
            # A sender may have written meanwhile.
            if before == _state(journal):
                break
        copy.with_name(f"{copy.name}-shm").unlink(missing_ok=True)
        with closing(sqlite3.connect(copy)) as db:
            return db.execute(text).fetchall() if _has_tables(db) else []


def _state(journal: Path) -> list[tuple[int, int]]:
    """What changes with every write."""
    found = []
    for suffix in ("", "-wal"):
        with suppress(FileNotFoundError):
            told = journal.with_name(journal.name + suffix).stat()
            found.append((told.st_mtime_ns, told.st_size))
    return found


def _has_tables(db: sqlite3.Connection) -> bool:
    """Whether it is more than an empty file, all that a full disk had room for."""
    return db.execute("SELECT 1 FROM sqlite_master WHERE name='change'").fetchone() is not None
