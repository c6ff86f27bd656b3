"""What `osvc metrics` prints or writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.actions.metrics import collect_metrics
from opensvc_core.cli.output import write
from opensvc_core.errors import OpenSVCError
from opensvc_core.metrics_text import render
from opensvc_core.state_files import write_text

if TYPE_CHECKING:
    from pathlib import Path

    from opensvc_core.actions.agent import Agent

READABLE = 0o644
"""Mode of the file, whatever the umask: the node exporter is no root."""


def tell_metrics(agent: Agent, output: Path | None, *, is_asked: bool) -> int:
    """Print metrics, or put them into a file, whole or not at all; give back 0.

    Args:
        agent: this node's.
        output: the file; ``None`` for standard output.
        is_asked: whether platforms and disks are asked now.

    Raises:
        JournalError: the journal cannot be read.
        OpenSVCError: the file cannot be written.
    """
    text = render(collect_metrics(agent, is_asked=is_asked))
    if output is None:
        write(text)
        return 0
    try:
        write_text(output.absolute(), text, READABLE)
    except OSError as error:
        raise OpenSVCError(
            f"{output}: cannot be written: {error.strerror or error}",
            hint="name a file in the folder of the node exporter's textfile collector, on a disk with room",
        ) from error
    return 0
