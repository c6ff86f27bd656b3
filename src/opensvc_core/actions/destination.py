"""The folder that a copy is received into: below allowed roots, on what is mounted, with no link on the way."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from opensvc_core.copies import is_below
from opensvc_core.errors import ActionError
from opensvc_core.model import Phase
from opensvc_core.replication import SYSTEM_FILES
from opensvc_core.state_files import make_folder

if TYPE_CHECKING:
    from opensvc_core.model import Resource, Service
    from opensvc_core.node import Node
    from opensvc_core.replication import Copy

DEFAULT_ROOTS = ("/srv", "/data", "/export", "/u01", "/u02")
"""Folders below which data may be received where ``[sync] roots`` of ``node.conf`` names none: none that a system keeps
programs, settings, keys or homes in."""


def roots(node: Node) -> tuple[str, ...]:
    """The folders below which this node receives data."""
    return tuple(node.setting("sync", "roots").split()) or DEFAULT_ROOTS


def destination_of(node: Node, service: Service, resource: Resource, copy: Copy, peer: str) -> Path:
    """Where this node puts what a peer sends for a resource, made if it is missing.

    Args:
        node: this node.
        service: as this node's own file describes it.
        resource: the replication.
        copy: what its driver says of it here.
        peer: the node that sends.

    Raises:
        ActionError: there is no such place that may be written to (``sync_root``, ``sync_not_mounted``, ``sync_link``).
        OSError: it cannot be made.
    """
    if resource.driver == SYSTEM_FILES:
        folder = node.folders.var / "cache" / peer
        make_folder(folder)
        return folder
    path = copy.destination
    own = str(node.folders.root)
    is_own = path == own or is_below(path, own) or is_below(own, path)
    if is_own or not any(is_below(path, root) for root in roots(node)):
        raise ActionError(
            f"{node.name} receives nothing into {path}: it does not lie below {', '.join(roots(node))}, or holds {own}",
            code="sync_root",
            hint=f"change `dst`, or name the folder above it in `roots` of [sync] in {node.folders.etc / 'node.conf'}",
        )
    refuse_unmounted(node, service, path, copy.filesystem)
    folder = Path(path)
    if os.path.realpath(folder) != path:
        raise ActionError(
            f"{path} on {node.name} leads elsewhere, to {os.path.realpath(folder)}",
            code="sync_link",
            hint="write `dst` without links",
        )
    make_folder(folder)
    return folder


def refuse_unmounted(node: Node, service: Service, path: str, filesystem: str) -> None:
    """Refuse a folder whose file system is not mounted: ``dstfs``, or that of an ``fs#`` section of the service.

    Raises:
        ActionError: code ``sync_not_mounted``.
    """
    points = [filesystem] if filesystem else []
    for resource in service.resources:
        mount_point = str(resource.options.get("mnt") or "")
        is_mount = resource.phase is Phase.FILESYSTEM and not resource.container and mount_point.startswith("/")
        if is_mount and (path == mount_point or is_below(path, mount_point)):
            points.append(mount_point)
    for point in points:
        if not is_mounted(point):
            raise ActionError(
                f"{point} is not mounted on {node.name}",
                code="sync_not_mounted",
                hint=f"mount it there first; nothing is written to the folder below it ({path})",
            )


def is_mounted(point: str) -> bool:
    """Whether a file system is mounted at exactly this folder. Raises OSError if that cannot be told."""
    try:
        own, above = Path(point).stat(), Path(point, "..").stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    if own.st_dev != above.st_dev or own.st_ino == above.st_ino:
        return True
    return point in _bind_mounts()


def _bind_mounts() -> frozenset[str]:
    """Mount points that this system lists: a folder mounted over another one of the same device looks like none."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return frozenset()
    return frozenset(words[4].replace("\\040", " ") for line in lines if len(words := line.split()) > 4)
