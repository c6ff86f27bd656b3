"""Stamps of service files that were pushed to whoever collects them: which of them were changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.generation import digest_of
from opensvc_core.state_files import write_text

if TYPE_CHECKING:
    from pathlib import Path

    from opensvc_core.model import Service
    from opensvc_core.node import Folders


def push_stamp(folders: Folders, name: str) -> Path:
    """The file that is there once a service's file was pushed (agent 2010: ``var/<svc>.push``); holds its digest."""
    return folders.var / f"{name}.push"


def unpushed(folders: Folders, service: Service) -> str:
    """Digest of a service file that was not pushed as it is; empty for one that was, or that cannot be read.

    A stamp without a digest, as of 2010, counts by its age.
    """
    stamp = push_stamp(folders, service.name)
    try:
        digest = digest_of(service.path.read_bytes())
    except OSError:
        return ""
    try:
        told = stamp.read_text(encoding="ascii", errors="replace").strip()
        is_pushed = told == digest if told else stamp.stat().st_mtime_ns >= service.path.stat().st_mtime_ns
    except OSError:
        return digest
    return "" if is_pushed else digest


def stamp_push(folders: Folders, name: str, digest: str) -> None:
    """Write down that a service's file was pushed, on disk when this returns. Raises OSError."""
    write_text(push_stamp(folders, name), f"{digest}\n")
