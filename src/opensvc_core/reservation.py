"""Persistent reservations of SCSI disks: for now only that a wish for one is never passed over in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.model import Veto

if TYPE_CHECKING:
    from opensvc_core.model import Resource


def unavailable(resource: Resource) -> Veto | None:
    """The veto on a start of a resource whose disks are to be reserved, as no reservation backend is installed.

    No permit lifts it: who writes ``scsireserv = true`` has disks that two nodes can write to, and relies on it.
    """
    if not resource.options.get("scsireserv"):
        return None
    return Veto(
        "scsireserv_unavailable",
        "scsireserv = true, and no SCSI reservation backend is installed: its disks would not be protected",
        subject=str(resource.id),
        hint="set scsireserv = false only if no other node can write to these disks",
        is_liftable=False,
    )
