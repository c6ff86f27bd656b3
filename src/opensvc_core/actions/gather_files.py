"""The files of a service on this node, gathered for another one; private keys stay here."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from opensvc_core.actions.replications import reading_context
from opensvc_core.actions.service_files import (
    LARGEST_FILE,
    LARGEST_SUM,
    MOST_FILES,
    OWN_FOLDERS,
    PRIVATE,
    ServiceFile,
    is_allowed,
    place_of,
)
from opensvc_core.config.reading import SUFFIX
from opensvc_core.errors import ActionError, OpenSVCError
from opensvc_core.model import Note, Severity

if TYPE_CHECKING:
    from pathlib import Path

    from opensvc_core.actions.agent import Agent
    from opensvc_core.model import Service
    from opensvc_core.node import Node


def gather(agent: Agent, service: Service, notes: list[Note], *, has_drivers: bool = True) -> list[ServiceFile]:
    """The files of a service on this node, its service file last.

    Args:
        agent: this node's.
        service: the service.
        notes: takes what is left out, and why.
        has_drivers: whether what its drivers list belongs to them.

    Raises:
        ActionError: they are too many or too large.
        OSError: one of its own files cannot be read.
    """
    node, etc = agent.node, agent.node.folders.etc
    found: dict[Path, ServiceFile] = {}
    for ending in OWN_FOLDERS:
        _add(node, etc / f"{service.name}{ending}", found, notes)
    _add(node, etc / service.name, found, notes)
    if has_drivers:
        context = reading_context(agent, (service,))
        for resource in service.resources:
            if resource.problem:
                continue
            try:
                paths = agent.dispatcher.list_files(resource, context)
            except OpenSVCError as error:
                text = f"{resource.id}: its files are not replicated: {error.message}"
                notes.append(Note(text, "files_unlisted", Severity.WARNING))
                continue
            for path in paths:
                if is_allowed(agent, service, str(path), context):
                    _add(node, path, found, notes)
                else:
                    text = f"{path} is not replicated: {resource.driver} does not name its place, nor do [sync] roots"
                    notes.append(Note(text, "file_elsewhere", Severity.WARNING))
    _add(node, etc / f"{service.name}{SUFFIX}", found, notes)
    files = list(found.values())
    if len(files) > MOST_FILES or sum(len(file.content) for file in files) > LARGEST_SUM:
        raise ActionError(
            f"{service.name}: its files are too many or too large: {len(files)}",
            code="files_too_large",
            hint=f"move what is data out of {etc / service.name}.d into a sync# section",
        )
    return files


def _add(node: Node, path: Path, found: dict[Path, ServiceFile], notes: list[Note]) -> None:
    """A file, a link, or a folder with all that is in it; what is none of these, or a secret, is left out."""
    try:
        about = path.lstat()
    except FileNotFoundError:
        return
    place, below = place_of(node, path)
    mode = stat.S_IMODE(about.st_mode) & 0o777
    if stat.S_ISLNK(about.st_mode):
        found[path] = ServiceFile(place, below, "link", 0o777, b"", str(path.readlink()))
    elif stat.S_ISDIR(about.st_mode):
        found[path] = ServiceFile(place, below, "folder", mode)
        for each in sorted(path.iterdir()):
            _add(node, each, found, notes)
    elif stat.S_ISREG(about.st_mode):
        if about.st_size > LARGEST_FILE:
            notes.append(Note(f"{path} is not replicated: it is too large", "file_too_large", Severity.WARNING))
            return
        content = path.read_bytes()
        if PRIVATE in content:
            notes.append(Note(f"{path} is not replicated: it holds a private key", "private_key", Severity.WARNING))
            return
        found[path] = ServiceFile(place, below, "file", mode, content)
