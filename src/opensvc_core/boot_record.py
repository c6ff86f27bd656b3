"""What was done since this boot of the node: a small file that a later boot no longer believes."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.state_files import CLOSED_ON_EXEC, NO_LINK, make_folder, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@frozen
class BootRecord:
    """A set of names that holds for one boot.

    Attributes:
        path: of the file.
        boot_id: of this boot; a file of another boot counts as empty, and so does every file where it is not known.
    """

    path: Path
    boot_id: str

    def has(self, name: str) -> bool:
        """Whether the name was added since this boot; no if the file cannot be read."""
        return name in self._names()

    def add(self, names: Iterable[str]) -> None:
        """Add names, on disk when it returns. Raises OSError."""
        with self._locked():
            self._write(self._names() | set(names))

    def remove(self, names: Iterable[str]) -> None:
        """Remove names. Raises OSError."""
        if self.path.exists():
            with self._locked():
                self._write(self._names() - set(names))

    def _names(self) -> set[str]:
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            return set(stored["names"]) if self.boot_id and stored["boot_id"] == self.boot_id else set()
        except (OSError, ValueError, KeyError, TypeError):
            return set()

    def _write(self, names: set[str]) -> None:
        write_json(self.path, {"boot_id": self.boot_id, "names": sorted(names)})

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Two services of one node may take reservations at the same instant."""
        make_folder(self.path.parent)
        lock = self.path.with_name(f".{self.path.name}.lock")
        # For its owner alone: whoever can open it can hold it.
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | CLOSED_ON_EXEC | NO_LINK, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
