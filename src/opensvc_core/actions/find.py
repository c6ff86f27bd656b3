"""Names of services: by glob, and the file of one."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from opensvc_core.errors import ServiceNotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from opensvc_core.node import Node


def all_services(node: Node) -> tuple[str, ...]:
    """Names of all services of the node, sorted."""
    from opensvc_core.config.catalog import list_services

    return tuple(sorted(list_services(node.folders.etc)))


def find_services(node: Node, patterns: Sequence[str]) -> tuple[str, ...]:
    """Names that match any of the globs, sorted; all for none. Raises ServiceNotFound for one that matches nothing."""
    names = all_services(node)
    if not patterns:
        return names
    chosen: set[str] = set()
    for pattern in patterns:
        matching = [name for name in names if fnmatchcase(name, pattern)]
        if not matching:
            raise _not_found(node, pattern, names)
        chosen.update(matching)
    return tuple(sorted(chosen))


def service_file(node: Node, name: str) -> Path:
    """Path of a service's file. Raises ServiceNotFound if there is none."""
    path = node.folders.etc / f"{name}.env"
    if "/" in name or not path.is_file():
        raise _not_found(node, name, all_services(node))
    return path


def _not_found(node: Node, name: str, names: Sequence[str]) -> ServiceNotFound:
    from difflib import get_close_matches

    near = get_close_matches(name, names, n=1)
    return ServiceNotFound(
        f"no service {name!r}: there is no {node.folders.etc / (name + '.env')}",
        hint=f"did you mean {near[0]}?" if near else f"osvc config create {name}",
    )
