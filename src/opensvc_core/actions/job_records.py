"""What is remembered of each job: when it last began, and how it ended; one file a job below `var/schedule`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from attrs import asdict, evolve, frozen

from opensvc_core.state_files import write_json

if TYPE_CHECKING:
    from pathlib import Path

    from opensvc_core.node import Folders

GRAIN = 60.0
"""Seconds: a run counts from the minute in which it began, as whoever looks each ten minutes is now early, now late."""
REFUSED = frozenset({4, 5, 7})
"""Exit statuses of commands that were refused, and did nothing: vetoed, locked, frozen."""


@frozen
class JobRecord:
    """The last run of a job.

    Attributes:
        counted: the moment that its schedule counts from; ``None`` where it never ran.
        began: seconds since the epoch; 0 for never.
        ended: seconds since the epoch; 0 while it runs, or where it was cut.
        status: exit status, ``None`` where there was none.
        text: one line on how it ended.
    """

    counted: float | None = None
    began: float = 0.0
    ended: float = 0.0
    status: int | None = None
    text: str = ""

    @property
    def outcome(self) -> str:
        """``done``, ``refused``, ``failed``, ``unended`` (it runs, or was cut), or empty for never."""
        if not self.began:
            return ""
        if not self.ended:
            return "unended"
        if self.status == 0:
            return "done"
        return "refused" if self.status in REFUSED else "failed"

    def begin(self, now: float) -> JobRecord:
        """Of a run that begins now."""
        return JobRecord(now - now % GRAIN, now)

    def end(self, now: float, status: int | None, text: str) -> JobRecord:
        """Of that run, ended."""
        return evolve(self, ended=now, status=status, text=text)

    def corrected(self, now: float) -> JobRecord:
        """The same, where it lies ahead of now, as if it had run now: the clock was put back."""
        if self.counted is None or self.counted <= now:
            return self
        return evolve(self, counted=now - now % GRAIN)


def record_file(folders: Folders, name: str) -> Path:
    """Where the last run of a job is kept."""
    return folders.var / "schedule" / f"{name}.json"


def read_record(folders: Folders, name: str) -> JobRecord:
    """The last run of a job; that of a job that never ran where nothing is kept, or nothing that can be read."""
    try:
        document = json.loads(record_file(folders, name).read_bytes())
        counted, status = document["counted"], document["status"]
        return JobRecord(
            None if counted is None else float(counted),
            float(document["began"]),
            float(document["ended"]),
            None if status is None else int(status),
            str(document["text"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return JobRecord()


def write_record(folders: Folders, name: str, record: JobRecord) -> None:
    """Keep the last run of a job. Raises OSError."""
    write_json(record_file(folders, name), asdict(record))
