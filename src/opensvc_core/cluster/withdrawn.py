"""Nodes whose trust was taken back: their name is refused at the gate, also on a connection that stands since before.

sshd looks at keys when a connection is opened, and ssh keeps connections for later commands: without this, a node whose
key was taken out could go on for as long as it keeps one alive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.cluster.keys import make_private_folder
from opensvc_core.state_files import write_text

if TYPE_CHECKING:
    from pathlib import Path

    from opensvc_core.node import Folders


def withdraw(folders: Folders, peer: str) -> None:
    """Refuse a node from now on. Raises OSError."""
    make_private_folder(folders.ssh)
    write_text(_mark(folders, peer), "")


def restore(folders: Folders, peer: str) -> None:
    """Take that back. Raises OSError."""
    _mark(folders, peer).unlink(missing_ok=True)


def is_withdrawn(folders: Folders, peer: str) -> bool:
    """Whether a node is refused."""
    return _mark(folders, peer).exists()


def _mark(folders: Folders, peer: str) -> Path:
    return folders.ssh / "withdrawn" / peer.lower()
