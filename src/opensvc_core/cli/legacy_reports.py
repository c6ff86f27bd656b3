"""What the commands of 2010 tell a collector, in the words of `osvc` and of the distribution that does it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from opensvc_core.cli import verbs
from opensvc_core.cli.failure import UsageError
from opensvc_core.errors import NotYet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DISTRIBUTION = "opensvc-collector-client"

PUSH = ("push",)
"""Words for ``svcmgr push``, before the names of services."""
UPDATE = ("collector", "report", "statuses")
"""Words for ``svcmon --updatedb``."""
NODE_REPORTS: dict[str, tuple[str, ...]] = {
    "updateservices": ("diskupdate", "*"),
    "pushasset": ("collector", "report", "asset"),
    "pushservices": ("collector", "report", "services"),
    "pushpkg": ("collector", "report", "packages"),
    "pushpatch": ("collector", "report", "patches"),
    "checks": ("collector", "report", "checks"),
    "register": ("collector", "register"),
}
"""Words for verbs of ``nodemgr``."""


def run_words(words: Sequence[str], old: str, root: Path | None = None) -> int:
    """Run a command of ``osvc`` in this process, and give back its exit status.

    Args:
        words: of the command line.
        old: what was typed.
        root: a root folder that is named otherwise than by ``OSVC_ROOT``.

    Raises:
        NotYet: its distribution is not installed.
        OpenSVCError: what the command raises.
    """
    try:
        command = verbs.command(words[0])
    except UsageError as error:
        raise NotYet(
            f"{old}: nothing installed here reports to a collector", hint=f"pip install {DISTRIBUTION}"
        ) from error
    if root is not None:
        os.environ["OSVC_ROOT"] = str(root)
    status = command.main(args=list(words[1:]), prog_name=f"osvc {words[0]}", standalone_mode=False)
    return status if isinstance(status, int) else 0
