"""Files below ``var/``: folders that only their owner writes to, and files that are whole or not there."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FOLDER_MODE = 0o755
FILE_MODE = 0o644
CLOSED_ON_EXEC: int = getattr(os, "O_CLOEXEC", 0)
"""Flag for ``os.open``; 0 where the system lacks it, as some HP-UX do: Python closes what it opens on exec anyhow."""
NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)
"""Flag for ``os.open`` of a file that must not be a link; 0 where the system lacks it."""


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, which others cannot write to whatever the umask.

    What runs as root trusts what it finds there: journal, locks, pinned host keys. Raises OSError.
    """
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(FOLDER_MODE, exist_ok=True)


def write_json(path: Path, document: Mapping[str, object]) -> None:
    """Replace a file by a document, on disk when it returns; a reader sees the old one or the new. Raises OSError."""
    write_text(path, json.dumps(document, indent=1))


def write_text(path: Path, text: str, mode: int | None = None) -> None:
    """Replace a file by a text, on disk when it returns; a reader sees the old one or the new. Raises OSError.

    Args:
        path: of the file.
        text: what is in it then.
        mode: permissions whatever the umask; ``None`` for those of a new file.
    """
    make_folder(path.parent)
    scratch = path.with_name(f".{path.name}.new")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | CLOSED_ON_EXEC | NO_LINK, FILE_MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if mode is not None:
            os.fchmod(file.fileno(), mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
