"""Which services the node has: the service files below `etc/`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from opensvc_core.config.reading import SUFFIX

LAUNCHER: Final = Path("..", "bin", "svcmgr")
"""What ``etc/<svc>`` links to, as the cookbook writes it."""


def list_services(etc: Path) -> tuple[str, ...]:
    """Names of the services, sorted: of each file ``<name>.env`` that is not hidden. None if there is no folder.

    The agent of 2010 took a file for a service only with the link of ``is_service_linked`` next to it.

    Raises:
        OSError: the folder cannot be read.
    """
    try:
        with os.scandir(etc) as entries:
            return tuple(
                sorted(
                    entry.name.removesuffix(SUFFIX)
                    for entry in entries
                    if entry.name.endswith(SUFFIX) and not entry.name.startswith(".") and entry.is_file()
                )
            )
    except FileNotFoundError:
        return ()


def is_service_linked(etc: Path, name: str) -> bool:
    """Whether ``etc/<name>`` leads to ``bin/svcmgr``, so that the service can be called as a command."""
    link = etc / name
    if not link.is_symlink():
        return False
    if link.readlink() == LAUNCHER:
        return True
    return link.resolve() == (etc.parent / "bin" / "svcmgr").resolve()
