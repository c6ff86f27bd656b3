"""What a node with this client does by itself: states each ten minutes, everything else once a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_collector_client.settings import SECTION, read_settings
from opensvc_core.api import NodeJob, OpenSVCError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.api import Node


def list_jobs(node: Node) -> Sequence[NodeJob]:
    """The jobs of a node; none where its settings say that there is no collector."""
    off = ""
    try:
        if read_settings(node).address is None:
            return ()
    except OpenSVCError as error:
        off = error.message
    report = ("collector", "report")
    return (
        NodeJob("collector.statuses", (*report, "statuses"), "@10", SECTION, "status_schedule", off),
        NodeJob("collector.daily", report, "~04:00-06:00", SECTION, "push_schedule", off),
    )
