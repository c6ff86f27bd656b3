"""A file of a service on its way between nodes: what it may be, where it may lie."""

from __future__ import annotations

import base64
import binascii
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from opensvc_core.actions.destination import roots
from opensvc_core.copies import is_below
from opensvc_core.errors import ActionError

if TYPE_CHECKING:
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
            raise refused(f"a peer sent a file that is none: {error}") from error
        parts = file.path.split("/")
        is_odd = any(part in {"", ".", ".."} for part in parts) or not (file.path + file.target).isprintable()
        if file.place not in {"etc", "var", "/"} or file.kind not in {"file", "link", "folder"} or is_odd:
            raise refused(f"a peer sent a file with a path that no file of ours has: {file.place} {file.path!r}")
        if len(file.content) > LARGEST_FILE:
            raise refused(f"{file.path} is larger than {LARGEST_FILE} bytes")
        return file

    def where(self, node: Node) -> Path:
        """Its path on a node."""
        return {"etc": node.folders.etc, "var": node.folders.var, "/": Path("/")}[self.place] / self.path


def refused(reason: str, hint: str = "") -> ActionError:
    """An error for a file that is not taken."""
    return ActionError(reason, code="files_refused", hint=hint)


def place_of(node: Node, path: Path) -> tuple[str, str]:
    """What a path of a node begins at, and what it is below that; see ServiceFile."""
    for place, folder in (("etc", node.folders.etc), ("var", node.folders.var)):
        if path.is_relative_to(folder):
            return place, str(path.relative_to(folder))
    return "/", str(path).lstrip("/")


def is_allowed(agent: Agent, service: Service, path: str, context: Context) -> bool:
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


def _may_name(path: str, root: str) -> bool:
    if "*" in root:
        return path.count("/") == root.count("/") and fnmatchcase(path, root)
    return path == root or is_below(path, root)
