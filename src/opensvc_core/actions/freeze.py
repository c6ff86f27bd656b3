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


def refuse_frozen(node: Node, names: tuple[str, ...]) -> None:
    """Raise Frozen if any of the services is frozen."""
    frozen = [name for name in names if is_frozen(node, name)]
    if frozen:
        whole = (node.folders.var / "FROZEN").exists()
        raise Frozen(
            f"frozen: {', '.join(frozen)}",
            hint=f"remove {node.folders.var / 'FROZEN'}" if whole else f"osvc thaw {' '.join(frozen)}",
        )
