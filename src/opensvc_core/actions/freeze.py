"""Freezing: a flag file that makes a service refuse actions (agent: ``var/FROZEN``, ``var/FROZEN.<service>``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.errors import Frozen
from opensvc_core.state_files import make_folder

if TYPE_CHECKING:
    from pathlib import Path

    from opensvc_core.node import Node


def _flag(node: Node, name: str) -> Path:
    return node.folders.var / f"FROZEN.{name}"


def freeze(node: Node, name: str) -> None:
    """Freeze a service on this node."""
    make_folder(node.folders.var)
    _flag(node, name).touch(0o644)


def thaw(node: Node, name: str) -> None:
    """Thaw a service; one that is not frozen stays as it is."""
    _flag(node, name).unlink(missing_ok=True)


def is_frozen(node: Node, name: str) -> bool:
    """Whether the service, or with ``var/FROZEN`` every service of the node, is frozen."""
    return _flag(node, name).exists() or (node.folders.var / "FROZEN").exists()


def freeze_node(node: Node) -> None:
    """Freeze every service of this node (agent: ``var/FROZEN``)."""
    make_folder(node.folders.var)
    (node.folders.var / "FROZEN").touch(0o644)


def thaw_node(node: Node) -> None:
    """Undo ``freeze_node``; services that are frozen themselves stay so."""
    (node.folders.var / "FROZEN").unlink(missing_ok=True)


def is_node_frozen(node: Node) -> bool:
    """Whether the whole node is frozen."""
    return (node.folders.var / "FROZEN").exists()


def mark_drained(node: Node) -> None:
    """Have nothing new start on this node, until ``unmark_drained``."""
    make_folder(node.folders.var)
    (node.folders.var / "DRAINED").touch(0o644)


def unmark_drained(node: Node) -> None:
    """Let services start on this node again."""
    (node.folders.var / "DRAINED").unlink(missing_ok=True)


def is_drained(node: Node) -> bool:
    """Whether nothing new starts on this node."""
    return (node.folders.var / "DRAINED").exists()


def refuse_frozen(node: Node, names: tuple[str, ...]) -> None:
    """Raise Frozen if any of the services is frozen."""
    frozen = [name for name in names if is_frozen(node, name)]
    if frozen:
        whole = (node.folders.var / "FROZEN").exists()
        raise Frozen(
            f"frozen: {', '.join(frozen)}",
            hint="osvc node thaw" if whole else f"osvc thaw {' '.join(frozen)}",
        )
