"""Records that the collector does not take: set aside, so that those after them are not held up; bounded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from attrs import asdict, define, frozen

from opensvc_collector_client.private_files import write_private
from opensvc_collector_client.records import Call

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

MOST: Final = 1000
"""Records that are kept; of more, the oldest are dropped, and counted."""
MOST_CHARACTERS: Final = 8_000_000
"""Of all of them together."""


@frozen
class Poison:
    """One record that was set aside.

    Attributes:
        kind: of change.
        service: it is about.
        run_id: likewise, or empty.
        seq: number of the change in its journal.
        at: when it was set aside, seconds since the epoch.
        reason: what the collector said.
        calls: what it was sent as.
    """

    kind: str
    service: str
    run_id: str
    seq: int
    at: float
    reason: str
    calls: tuple[Call, ...] = ()


@define
class PoisonFile:
    """The file of them.

    Attributes:
        path: of the file.
    """

    path: Path

    def read(self) -> list[Poison]:
        """Those set aside, oldest first; what cannot be read is left out."""
        return [found for line in self._lines() if (found := _read(line)) is not None]

    def add(self, new: Poison) -> int:
        """Set one more aside; gives back how many had to be dropped for it. Raises OSError."""
        return self.write([*self.read(), new])

    def write(self, records: Iterable[Poison]) -> int:
        """Keep these, the newest of them where they are too many; gives back how many were dropped. Raises OSError."""
        lines = [json.dumps(asdict(each)) for each in records]
        kept: list[str] = []
        size = 0
        for line in reversed(lines):
            size += len(line)
            if len(kept) == MOST or size > MOST_CHARACTERS:
                break
            kept.append(line)
        write_private(self.path, "".join(f"{line}\n" for line in reversed(kept)))
        return len(lines) - len(kept)

    def _lines(self) -> Sequence[str]:
        try:
            return self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []


def _read(line: str) -> Poison | None:
    try:
        document: dict[str, Any] = json.loads(line)
        calls = tuple(Call(each["method"], tuple(each["arguments"])) for each in document.pop("calls"))
        return Poison(**document, calls=calls)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
