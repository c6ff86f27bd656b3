"""What the status of a reservation is, and the veto where none can be made. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.model import Note, Severity, Status, StatusReport, Veto
from opensvc_core.prkey import format_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from opensvc_core.model import LogicalUnit, Resource
    from opensvc_core.reservation_units import View


BACKEND_DISTRIBUTIONS = {"HP-UX": "opensvc-scsi-scu"}
"""What gives a reservation backend, by operating system."""


def unavailable(resource: Resource, os_name: str = "Linux") -> Veto | None:
    """The veto on a start of a resource whose disks are to be reserved, as no reservation backend is installed.

    No permit lifts it: who writes ``scsireserv = true`` has disks that two nodes can write to, and relies on it.
    """
    if not resource.options.get("scsireserv"):
        return None
    return Veto(
        "scsireserv_unavailable",
        "scsireserv = true, and no SCSI reservation backend is installed: its disks would not be protected",
        subject=str(resource.id),
        hint=f"pip install {BACKEND_DISTRIBUTIONS.get(os_name, 'opensvc-scsi-sg')}; scsireserv = false only if no other"
        " node can write to these disks",
        is_liftable=False,
    )


def judge(
    views: Sequence[View],
    key: int,
    nodes: Mapping[int, str],
    made_here: Callable[[LogicalUnit], bool],
) -> StatusReport:
    """The status of a reservation from what its units say. Pure.

    Args:
        views: of every unit.
        key: of this node.
        nodes: names of the service's other nodes by their keys.
        made_here: whether this boot of this node registered at a unit.

    Returns:
        Up when this node holds every unit, registered on every path since this boot, alone; warn when part of that is
        missing or a stranger holds or is registered; down when all are free or another node of the service holds
        them; undef when a unit cannot tell.
    """
    unclear = [Note(each.error.message, each.error.code, Severity.WARNING) for each in views if each.error]
    if unclear or not views:
        return StatusReport(Status.UNDEF, tuple(unclear) or (Note("there is no disk to reserve", "no_device"),))
    notes: list[Note] = []
    held = [each for each in views if each.reservation.key == key]
    for each in views:
        notes += _oddities(each, key, nodes, made_here)
    if held and len(held) < len(views):
        free = ", ".join(each.unit.device.path for each in views if each.reservation.key != key)
        notes.append(Note(f"not held by this node: {free}", "partly_held", Severity.WARNING))
    if any(note.severity is not Severity.INFO for note in notes):
        return StatusReport(Status.WARN, tuple(notes))
    return StatusReport(Status.UP if held else Status.DOWN, tuple(notes))


def _oddities(
    each: View, key: int, nodes: Mapping[int, str], made_here: Callable[[LogicalUnit], bool]
) -> Iterable[Note]:
    path, holder = each.unit.device.path, each.reservation.key

    def name(other: int) -> str:
        return f"{nodes[other]} ({format_key(other)})" if other in nodes else f"the unknown key {format_key(other)}"

    if holder is not None and holder != key:
        known = Severity.INFO if holder in nodes else Severity.WARNING
        yield Note(f"{path} is held by {name(holder)}", "held_elsewhere", known)
    for other in each.others(key):
        if other != holder:
            yield Note(f"{path}: {name(other)} is registered and could write", "foreign_registrant", Severity.WARNING)
    count, paths = each.own_count(key), len(each.unit.paths)
    if holder == key or count:
        if not made_here(each.unit):
            text = f"{path}: the registration is of an earlier boot of this node: its writes may be refused"
            yield Note(text, "stale_registration", Severity.WARNING)
        elif count < paths:
            yield Note(f"{path}: {count} of {paths} paths are registered", "paths_missing", Severity.WARNING)
    if each.unit.lost_paths and holder == key:
        lost = ", ".join(each.unit.lost_paths)
        text = f"{path}: lost: {lost}; a path that returns may be refused to write until the next start"
        yield Note(text, "paths_lost", Severity.WARNING)
    if count and holder != key:
        yield Note(f"{path}: this node is registered and does not hold it", "registrant_only", Severity.WARNING)
