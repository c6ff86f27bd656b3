"""`log/peer.log`: what peers did and tried on this node, a JSON object a line, for its owner alone."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from attrs import frozen

from opensvc_core.state_files import CLOSED_ON_EXEC, NO_LINK, make_folder

if TYPE_CHECKING:
    from pathlib import Path

    from opensvc_core.clock import Clock

LARGEST = 1024 * 1024
"""Bytes after which a log is put aside and a new one begun."""
KEPT = 4
"""How many that were put aside are kept: ``peer.log.1`` is the latest of them."""
LONGEST_TEXT = 500
"""Characters of a text that are written."""


@frozen
class PeerLog:
    """The log, for one connection of one peer.

    Attributes:
        path: of the log.
        clock: source of time.
        peer: name of the peer.
        address: where it comes from, ``10.0.0.2 40022``.
        pid: of the process that serves it: what tells the entries of one connection from those of another.
        largest: bytes after which a new file is begun.
    """

    path: Path
    clock: Clock
    peer: str
    address: str
    pid: int
    largest: int = LARGEST

    def record(self, event: str, **facts: Any) -> None:
        """Write an entry. A log that cannot be written stops nobody: a stop must go on when the disk is full.

        Args:
            event: ``begin``, ``end``, ``operation``, ``refused``, ``receive`` or ``channel``.
            facts: what else is known; what is empty is left out.
        """
        moment = datetime.fromtimestamp(self.clock.now(), UTC).isoformat(timespec="milliseconds")
        entry = {"at": moment, "event": event, "peer": self.peer, "address": self.address, "pid": self.pid}
        entry |= {name: _short(value) for name, value in facts.items() if value not in ("", None, {})}
        line = json.dumps(entry, default=str).encode("ascii") + b"\n"
        with suppress(OSError):
            make_folder(self.path.parent)
            self._append(line)

    def _append(self, line: bytes) -> None:
        while True:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | CLOSED_ON_EXEC | NO_LINK
            descriptor = os.open(self.path, flags, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                found = os.fstat(descriptor)
                # Somebody else may have put it aside while we waited for our turn.
                if found.st_ino != self.path.stat().st_ino:
                    continue
                if found.st_mode & 0o177:
                    os.fchmod(descriptor, 0o600)
                if found.st_size and found.st_size + len(line) > self.largest:
                    self._put_aside()
                    continue
                os.write(descriptor, line)
            finally:
                os.close(descriptor)
            return

    def _put_aside(self) -> None:
        for number in range(KEPT, 1, -1):
            with suppress(FileNotFoundError):
                self._numbered(number - 1).replace(self._numbered(number))
        self.path.replace(self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def _short(value: Any) -> Any:
    """A fact in few words: what a peer sends must not fill the disk."""
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {str(key)[:40]: _short(each) for key, each in list(value.items())[:20]}
    if isinstance(value, list | tuple):
        return [_short(each) for each in list(value)[:20]]
    return str(value)[:LONGEST_TEXT]
