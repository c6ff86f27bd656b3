"""Journals that broke and were set aside: where each lies, and what of it nobody has reported."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

from opensvc_core.journal_database import BROKEN, read_unreported

if TYPE_CHECKING:
    from collections.abc import Mapping


@frozen
class JournalAside:
    """A journal that was set aside, as long as its file is there.

    Attributes:
        path: of its file.
        at: when that was, seconds since the epoch; 0 where its name does not say.
        unreported: changes that a reader had not confirmed, by reader: the most that was not reported, as a reader may
            have been cut before it confirmed. ``None``: it cannot be read.
    """

    path: Path
    at: float
    unreported: Mapping[str, int] | None = field(default=None, hash=False)

    @property
    def warning(self) -> str:
        """A line for the operator."""
        since = f" on {datetime.fromtimestamp(self.at, UTC):%Y-%m-%dT%H:%M:%SZ}" if self.at else ""
        if self.unreported is None:
            lost = "how many of its changes were not reported is unknown"
        elif any(self.unreported.values()):
            counts = (f"{count} of its changes to {name}" for name, count in sorted(self.unreported.items()) if count)
            lost = f"up to {', '.join(counts)} were not reported, and will not be"
        else:
            lost = "all that was to be reported of it was"
        return f"a journal broke{since} and was set aside: {lost}; it lies in {self.path}; remove it when done with it"


def find_journals_aside(journal: Path) -> tuple[JournalAside, ...]:
    """Those of one journal, the oldest first; raises nothing.

    Args:
        journal: its path.
    """
    try:
        found = sorted(journal.parent.glob(f"{journal.name}{BROKEN}*"))
    except OSError:
        return ()
    stamps = {path: path.name.partition(BROKEN)[2] for path in found}
    return tuple(
        JournalAside(path, float(stamp) if stamp.isdecimal() else 0.0, read_unreported(path))
        for path, stamp in stamps.items()
        if not stamp.endswith(("-wal", "-shm"))
    )
