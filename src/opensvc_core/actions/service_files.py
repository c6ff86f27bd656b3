"""The files of a service, as one node hands them to another: gathered, checked, put in place all or none."""

from __future__ import annotations

import base64
import binascii
import os
import shutil
import stat
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from opensvc_core.actions.destination import roots
from opensvc_core.actions.replications import reading_context
from opensvc_core.config.catalog import LAUNCHER
from opensvc_core.config.reading import SUFFIX
from opensvc_core.copies import is_below
from opensvc_core.errors import ActionError, OpenSVCError
from opensvc_core.model import Note, Severity
from opensvc_core.state_files import CLOSED_ON_EXEC, NO_LINK, make_folder, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.context import Context
    from opensvc_core.model import Service
    from opensvc_core.node import Node

LARGEST_FILE = 16 * 1024 * 1024
"""Bytes of one file."""
LARGEST_SUM = 48 * 1024 * 1024
"""Bytes of all files together, so that they fit into one message."""
MOST_FILES = 2000
PRIVATE = b"PRIVATE KEY-----"
"""What every private key in PEM has in its first line (RFC 7468): such a file never leaves its node."""
OWN_FOLDERS = (".d", ".dir")
"""Endings of the folders of a service below ``etc/``: what is not sent any more is taken away there."""


@frozen
class ServiceFile:
    """One file, link or folder on the way between nodes.

    Attributes:
        place: what the path begins at: ``etc``, ``var`` of each node's own root, or ``/``.
        path: below that.
        kind: ``file``, ``link`` or ``folder``.
        mode: its permissions.
        content: of a file.
        target: of a link.
    """

    place: str
    path: str
    kind: str
    mode: int = 0o644
    content: bytes = b""
    target: str = ""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        content = base64.b64encode(self.content).decode()
        return {"place": self.place, "path": self.path, "kind": self.kind, "mode": self.mode, "content": content,
                "target": self.target}  # fmt: skip

    @classmethod
    def of(cls, document: Any) -> ServiceFile:
        """From JSON, checked for all that can be checked without knowing the node. Raises ActionError."""
        try:
            file = cls(
                str(document["place"]),
                str(document["path"]),
                str(document["kind"]),
                int(document["mode"]) & 0o777,
                base64.b64decode(document["content"], validate=True),
                str(document["target"]),
            )
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise _refused(f"a peer sent a file that is none: {error}") from error
        parts = file.path.split("/")
        is_odd = any(part in {"", ".", ".."} for part in parts) or not (file.path + file.target).isprintable()
        if file.place not in {"etc", "var", "/"} or file.kind not in {"file", "link", "folder"} or is_odd:
            raise _refused(f"a peer sent a file with a path that no file of ours has: {file.place} {file.path!r}")
        if len(file.content) > LARGEST_FILE:
            raise _refused(f"{file.path} is larger than {LARGEST_FILE} bytes")
        return file

    def where(self, node: Node) -> Path:
        """Its path on a node."""
        return {"etc": node.folders.etc, "var": node.folders.var, "/": Path("/")}[self.place] / self.path


def _refused(reason: str, hint: str = "") -> ActionError:
    return ActionError(reason, code="files_refused", hint=hint)


# -- sending -----------------------------------------------------------------------------------------------------------


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
                if _is_allowed(agent, service, str(path), context):
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
    place, below = _place(node, path)
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


def _place(node: Node, path: Path) -> tuple[str, str]:
    for place, folder in (("etc", node.folders.etc), ("var", node.folders.var)):
        if path.is_relative_to(folder):
            return place, str(path.relative_to(folder))
    return "/", str(path).lstrip("/")


# -- receiving ---------------------------------------------------------------------------------------------------------


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
        if not _is_allowed(agent, service, str(path), context):
            raise _refused(
                f"{path} is no file that a driver of {service.name} says it has",
                "name its folder in `roots` of [sync] in node.conf of the node that receives, or move it",
            )
        if os.path.realpath(path.parent) != str(path.parent):
            raise _refused(f"{path.parent} leads elsewhere on {agent.node.name}")
        if is_idle and (is_source or not os.path.lexists(path)):
            chosen.append(file)
        elif file.kind == "file" and (not path.is_file() or path.read_bytes() != file.content):
            why = "the service runs nowhere that it could come from" if is_idle else "the service is not verified down"
            notes.append(Note(f"{path} was left as it is on {agent.node.name}: {why}", "file_kept"))
    return chosen


def _is_allowed(agent: Agent, service: Service, path: str, context: Context) -> bool:
    """Whether a driver of a service says that its files may lie there, or the administrator lets copies lie there."""
    own = agent.node.folders
    if any(is_below(path, root) for root in roots(agent.node)) and not is_below(path, str(own.root)):
        return True
    return any(
        _may_name(path, root)
        for resource in service.resources
        if not resource.problem
        for root in agent.dispatcher.file_roots(resource, context)
    )


def _is_own(name: str, file: ServiceFile) -> bool:
    """Whether it is the service file, its link, or in one of its folders. Raises ActionError for a link that is odd."""
    if file.place != "etc":
        return False
    first = file.path.partition("/")[0]
    if file.path == f"{name}{SUFFIX}":
        return file.kind == "file"
    if file.path == name:
        if file.kind != "link" or file.target != str(LAUNCHER):
            raise _refused(f"etc/{name} is to be a link to {LAUNCHER}, and nothing else")
        return True
    return first in {f"{name}{ending}" for ending in OWN_FOLDERS}


def _refuse_links_above(path: Path, ground: Path) -> None:
    for parent in path.parents:
        if parent == ground:
            return
        if parent.is_symlink():
            raise _refused(
                f"{parent} is a link here: nothing is put behind it", f"replace the link {parent} by a folder"
            )


def _may_name(path: str, root: str) -> bool:
    if "*" in root:
        return path.count("/") == root.count("/") and fnmatchcase(path, root)
    return path == root or is_below(path, root)


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
    place, below = _place(node, path)
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
