"""What drivers of replication have in common: no part in start and stop, and a status by stamps."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from opensvc_core.api import Outcome, Phase, hookimpl
from opensvc_core.replication import copy_status, is_active, read_stamp, stamp_file

if TYPE_CHECKING:
    from opensvc_core.api import Context, Resource, StatusReport
    from opensvc_core.replication import Copy


class Replication:
    """What every driver of replication is: no part of start and stop."""

    phase: ClassVar[Phase] = Phase.REPLICATION
    api_version: ClassVar[int] = 1

    @hookimpl
    def start(self) -> Outcome:
        """Nothing to do."""
        return Outcome.unchanged("replication is no part of a start")

    @hookimpl
    def stop(self) -> Outcome:
        """Nothing to do."""
        return Outcome.unchanged("replication is no part of a stop")


def stamped_status(resource: Resource, copy: Copy, context: Context) -> StatusReport:
    """Status of a replication on this node, by its stamps."""
    service = context.service_of(resource)
    folders = context.node.folders
    return copy_status(
        resource,
        copy,
        service,
        context.node.name,
        active=is_active(service, context.statuses),
        stamp=lambda node: read_stamp(stamp_file(folders, node, resource.id)),
        now=context.clock.now(),
    )
