"""The files of a service that another node sent: checked, and put in place here, all or none."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from opensvc_core.actions.replications import reading_context
from opensvc_core.actions.service_files import OWN_FOLDERS, ServiceFile, is_allowed, place_of, refused
from opensvc_core.config.catalog import LAUNCHER
from opensvc_core.config.reading import SUFFIX
from opensvc_core.model import Note
from opensvc_core.state_files import CLOSED_ON_EXEC, NO_LINK, make_folder, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.model import Service
    from opensvc_core.node import Node


def choose(
    agent: Agent, service: Service, files: Sequence[ServiceFile], notes: list[Note], *, is_idle: bool, is_source: bool
) -> list[ServiceFile]:
    """Those of a peer's files that may be put here.

    A driver's file is put where the service is verified down; over one that is there only from the node where the
    service runs.

    Args:
        agent: this node's.
        service: as the file that was sent describes it.
        files: all that were sent.
        notes: takes what is left out, and why.
        is_idle: whether the service is verified down here.
        is_source: whether it is up where they come from.

    Raises:
        ActionError: one of them is none of the service's; nothing at all is to be put then.
    """
    chosen = []
    context = reading_context(agent, (service,))
    for file in files:
        path = file.where(agent.node)
        if _is_own(service.name, file):
            _refuse_links_above(path, agent.node.folders.etc)
            chosen.append(file)
            continue
        if not is_allowed(agent, service, str(path), context):
            raise refused(
                f"{path} is no file that a driver of {service.name} says it has",
                "name its folder in `roots` of [sync] in node.conf of the node that receives, or move it",
            )
        if os.path.realpath(path.parent) != str(path.parent):
            raise refused(f"{path.parent} leads elsewhere on {agent.node.name}")
        if is_idle and (is_source or not os.path.lexists(path)):
            chosen.append(file)
        elif file.kind == "file" and (not path.is_file() or path.read_bytes() != file.content):
            why = "the service runs nowhere that it could come from" if is_idle else "the service is not verified down"
            notes.append(Note(f"{path} was left as it is on {agent.node.name}: {why}", "file_kept"))
    return chosen


def _is_own(name: str, file: ServiceFile) -> bool:
    """Whether it is the service file, its link, or in one of its folders. Raises ActionError for a link that is odd."""
    if file.place != "etc":
        return False
    first = file.path.partition("/")[0]
    if file.path == f"{name}{SUFFIX}":
        return file.kind == "file"
    if file.path == name:
        if file.kind != "link" or file.target != str(LAUNCHER):
            raise refused(f"etc/{name} is to be a link to {LAUNCHER}, and nothing else")
        return True
    return first in {f"{name}{ending}" for ending in OWN_FOLDERS}


def _refuse_links_above(path: Path, ground: Path) -> None:
    for parent in path.parents:
        if parent == ground:
            return
        if parent.is_symlink():
            raise refused(
                f"{parent} is a link here: nothing is put behind it", f"replace the link {parent} by a folder"
            )


def put(agent: Agent, service: str, files: Iterable[ServiceFile], notes: list[Note]) -> int:
    """Put files in place, each whole or not at all, the service file last; what was there before is kept.

    Returns:
        How many were new or other than before.

    Raises:
        OSError: one could not be written: those after it are as they were.
    """
    node = agent.node
    kept = node.folders.var / "sync" / "old" / service
    sent = sorted(files, key=lambda file: (file.path == f"{service}{SUFFIX}", file.place, file.path.count("/")))
    changed = sum(_put(node, file, kept) for file in sent)
    paths = {file.where(node) for file in sent}
    for ending in OWN_FOLDERS:
        folder = node.folders.etc / f"{service}{ending}"
        if folder in paths and not folder.is_symlink():
            for extra in [path for path in _walk(folder) if path not in paths]:
                _keep(node, extra, kept)
                notes.append(Note(f"{extra} was taken away on {node.name}: it is kept in {kept}", "file_removed"))
                changed += 1
    return changed


def _walk(folder: Path) -> Iterator[Path]:
    """Everything below a folder, what is deepest first; links are not followed."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path))
        yield Path(entry.path)


def _put(node: Node, file: ServiceFile, kept: Path) -> bool:
    path = file.where(node)
    if file.kind == "folder":
        if path.is_dir() and not path.is_symlink():
            return False
        if os.path.lexists(path):
            _keep(node, path, kept)
        make_folder(path.parent)
        path.mkdir(file.mode & 0o755 | 0o700)
        return True
    if file.kind == "link":
        if path.is_symlink() and str(path.readlink()) == file.target:
            return False
    elif path.is_file() and not path.is_symlink() and path.read_bytes() == file.content:
        path.chmod(file.mode & 0o755)
        return False
    make_folder(path.parent)
    scratch = path.with_name(f".{path.name}.osvc-new")
    with suppress(FileNotFoundError):
        scratch.unlink()
    if file.kind == "link":
        scratch.symlink_to(file.target)
    else:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | CLOSED_ON_EXEC | NO_LINK
        descriptor = os.open(scratch, flags, 0o600)
        with os.fdopen(descriptor, "wb") as new:
            new.write(file.content)
            new.flush()
            os.fchmod(descriptor, file.mode & 0o755)
            os.fsync(descriptor)
    if os.path.lexists(path):
        _keep(node, path, kept, is_replaced=not path.is_dir() or path.is_symlink())
    scratch.replace(path)
    sync_folder(path.parent)
    return True


def _keep(node: Node, path: Path, kept: Path, *, is_replaced: bool = False) -> None:
    """Keep one older version of what is there; of what is about to be replaced a copy, so that it is never gone."""
    place, below = place_of(node, path)
    old = kept / (place if place != "/" else "root") / below
    make_folder(old.parent)
    if os.path.lexists(old):
        shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
    if is_replaced and not path.is_symlink():
        shutil.copy2(path, old)
    elif is_replaced:
        old.symlink_to(path.readlink())
    else:
        shutil.move(path, old)
