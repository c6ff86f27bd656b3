"""What is still to be sent: the journal's changes after this reader's positions, which the journal keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import define, field

from opensvc_collector_client.state import Refusals
from opensvc_core.api import ChangeKind, JournalError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from opensvc_collector_client.state import State
    from opensvc_core.api import Change, Feed

READER: Final = "collector"
"""Name of this reader of the feed: that of its entry point."""
KINDS: Final = (ChangeKind.BEGIN, ChangeKind.END, ChangeKind.STATUS)
"""Kinds of change that are sent, each with a position of its own, all in one order."""
BATCH: Final = 100
"""Changes that are read at once; after so many the positions are written down."""


@define
class Queue:
    """The queue of this node.

    Attributes:
        feed: the changes.
        state: what was taken before its turn.
        journal_id: of the journal that is read.
        positions: by kind, the last change that needs no sending any more.
    """

    feed: Feed
    state: State
    journal_id: str = field(default="", init=False)
    positions: dict[str, int] = field(factory=dict, init=False)
    _confirmed: dict[str, int] = field(factory=dict, init=False)

    def open(self) -> None:
        """Read the positions; what is remembered of another journal is forgotten. Raises JournalError."""
        self.journal_id = self.feed.journal_id()
        if self.state.journal_id != self.journal_id:
            self.state.journal_id = self.journal_id
            self.state.ahead.clear()
            self.state.refusals = Refusals()
        self.positions = {kind: self.feed.position(READER, kind) for kind in KINDS}
        self._confirmed = dict(self.positions)

    def is_known(self) -> bool:
        """Whether the journal keeps for this reader what it has not sent. Raises JournalError."""
        return {each.kind for each in self.feed.readers() if each.name == READER} >= set(KINDS)

    def make_known(self) -> None:
        """Have the journal keep for this reader what it has not sent. Raises JournalError."""
        if self.journal_id and not self.is_known():
            for kind in KINDS:
                self._confirm(kind, self.positions[kind])

    def due(self, blocked: Collection[str] = (), after: int = -1) -> Iterator[Change]:
        """What is to be sent, in order, a few at a time as it is asked for. Raises JournalError.

        Args:
            blocked: kinds that wait.
            after: a number to begin after; by default, where the positions say.
        """
        kinds = [kind for kind in KINDS if kind not in blocked]
        if not kinds:
            return
        is_turn = after < 0
        at = min(self.positions[kind] for kind in kinds) if is_turn else after
        while changes := self.feed.changes(after=at, limit=BATCH):
            at = changes[-1].seq
            for change in changes:
                if change.kind in kinds and change.seq > self.positions[change.kind]:
                    if change.seq not in self.state.ahead.get(change.kind, ()):
                        yield change
                    elif is_turn:
                        self.pass_over(change)

    def pending(self) -> dict[str, int]:
        """How many changes of each kind are to be sent. Raises JournalError."""
        return {kind.value: self.feed.pending(kind, self.positions[kind]) for kind in KINDS}

    def pass_over(self, change: Change) -> None:
        """It needs no sending any more; those of its kind before it neither."""
        self.positions[change.kind] = max(self.positions[change.kind], change.seq)

    def confirm(self) -> None:
        """Write the positions down: on disk when it returns. Raises JournalError."""
        for kind, seq in self.positions.items():
            if seq > self._confirmed[kind]:
                self._confirm(kind, seq)
        for kind, taken in list(self.state.ahead.items()):
            self.state.ahead[kind] = [seq for seq in taken if seq > self.positions.get(kind, 0)]

    def _confirm(self, kind: str, seq: int) -> None:
        if not self.feed.confirm(READER, kind, seq, self.journal_id):
            raise JournalError("the journal was replaced while it was read", hint="the next try reads the new one")
        self._confirmed[kind] = seq
