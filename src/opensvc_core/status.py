"""Statuses merged into aggregates: the table of the agent, and our rules above it. Pure."""

from __future__ import annotations

from enum import Enum
from functools import reduce
from typing import TYPE_CHECKING

from attrs import field, frozen

from opensvc_core.model import Note, Phase, Resource, ResourceId, Service, Severity, Status, StatusReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class _Mix(Enum):
    """What a merge can be so far; the starred two print as the status they are made of."""

    UP = "up"
    DOWN = "down"
    WARN = "warn"
    STDBY_UP = "stdby up"
    STDBY_DOWN = "stdby down"
    UP_WITH_STDBY = "up*"
    STDBY_UP_WITH_DOWN = "stdby up*"


_U, _D, _W, _SU, _SD, _US, _SUS = _Mix

# agent 2.1, symmetric: rows and columns in the order of _Mix.
_ROWS: tuple[tuple[_Mix, ...], ...] = (
    (_U, _W, _W, _US, _W, _US, _W),
    (_W, _D, _W, _SUS, _SD, _W, _SUS),
    (_W, _W, _W, _W, _W, _W, _W),
    (_US, _SUS, _W, _SU, _W, _US, _SUS),
    (_W, _SD, _W, _W, _SD, _W, _W),
    (_US, _W, _W, _US, _W, _US, _W),
    (_W, _SUS, _W, _SUS, _W, _W, _SUS),
)
_TABLE = {(row, column): _ROWS[i][j] for i, row in enumerate(_Mix) for j, column in enumerate(_Mix)}

_ENTER = {
    Status.UP: _U,
    Status.DOWN: _D,
    Status.WARN: _W,
    Status.STDBY_UP: _SU,
    Status.STDBY_DOWN: _SD,
}
_LEAVE = {
    _U: Status.UP,
    _D: Status.DOWN,
    _W: Status.WARN,
    _SU: Status.STDBY_UP,
    _SD: Status.STDBY_DOWN,
    _US: Status.UP,
    _SUS: Status.STDBY_UP,
}


def merge(statuses: Iterable[Status]) -> Status:
    """One status for many.

    ``n/a`` yields to everything. Any ``undef`` makes the result ``undef``, or ``warn`` if anything is up: a state that
    cannot be told is never shown as down.
    """
    given = list(statuses)
    known = [_ENTER[status] for status in given if status in _ENTER]
    merged = _LEAVE[reduce(lambda left, right: _TABLE[left, right], known)] if known else Status.NA
    if Status.UNDEF not in given:
        return merged
    anything_up = any(status.is_up or status is Status.WARN for status in given)
    return Status.WARN if anything_up else Status.UNDEF


def shown_status(resource: Resource, report: StatusReport) -> Status:
    """The status as an operator sees it: ``n/a`` for a disabled resource, ``stdby …`` for a standby one."""
    if resource.is_disabled:
        return Status.NA
    if resource.is_standby:
        return {Status.UP: Status.STDBY_UP, Status.DOWN: Status.STDBY_DOWN}.get(report.status, report.status)
    return report.status


@frozen
class ResourceStatus:
    """A resource, what its driver answered, and what is shown."""

    resource: Resource
    report: StatusReport
    shown: Status


@frozen
class ServiceStatus:
    """State of a service on this node.

    Attributes:
        service: the service.
        resources: in the order of a start, companions included.
        avail: the non-optional resources without replication.
        overall: ``avail`` with the optional ones and replication.
        groups: by column of ``svcmon``: container, ip, disk, fs, app, sync.
        is_frozen: whether it refuses actions.
        is_node_frozen: whether it does so because the whole node is frozen.
        is_drained: whether nothing new starts on the node.
        notes: about the service as a whole, an interrupted run for example.
    """

    service: Service
    resources: tuple[ResourceStatus, ...]
    avail: Status
    overall: Status
    groups: Mapping[str, Status] = field(factory=dict, hash=False)
    is_frozen: bool = False
    notes: tuple[Note, ...] = ()
    is_node_frozen: bool = False
    is_drained: bool = False


GROUPS = ("container", "ip", "disk", "fs", "app", "sync")
"""Columns of ``svcmon`` (agent 2010)."""

_GROUP_OF_PHASE = {
    Phase.RESERVATION: "disk",
    Phase.DISK: "disk",
    Phase.FILESYSTEM: "fs",
    Phase.READY: "container",
    Phase.ADDRESS: "ip",
    Phase.CONTAINER: "container",
    Phase.GUEST_ADDRESS: "ip",
    Phase.APPLICATION: "app",
    Phase.REPLICATION: "sync",
}


def group_of(resource: Resource) -> str:
    """The column of ``svcmon`` that a resource counts in."""
    return _GROUP_OF_PHASE[resource.phase]


def _in_overall(item: ResourceStatus) -> Status:
    """What a resource adds to ``overall``: replication that is up is no news, and nobody waits for an optional one."""
    if item.resource.phase is Phase.REPLICATION:
        return Status.NA if item.shown in {Status.UP, Status.NA} else Status.WARN
    if item.resource.is_optional and item.shown is Status.UNDEF:
        return Status.WARN
    return item.shown


def aggregate(
    service: Service,
    resources: Sequence[Resource],
    reports: Mapping[ResourceId, StatusReport],
    *,
    is_frozen: bool = False,
    notes: Sequence[Note] = (),
) -> ServiceStatus:
    """Put the answers for one service together.

    Args:
        service: the service.
        resources: in the order in which they are to be shown, companions included.
        reports: answers; a resource without one is ``undef``.
        is_frozen: whether the service refuses actions.
        notes: about the service as a whole.
    """
    items = []
    for resource in resources:
        report = reports.get(resource.id) or StatusReport.undef("no answer within the time limit", "no_answer")
        if resource.is_disabled and report.status.is_up:
            report = report.with_note("disabled, and yet up", "disabled_up", Severity.WARNING)
        items.append(ResourceStatus(resource, report, shown_status(resource, report)))
    needed = [item for item in items if item.resource.phase is not Phase.REPLICATION and not item.resource.is_optional]
    avail = merge(item.shown for item in needed)
    overall = merge([avail, *(_in_overall(item) for item in items if item not in needed)])
    groups = {
        name: merge(item.shown for item in items if group_of(item.resource) == name and not item.resource.is_optional)
        for name in GROUPS
    }
    return ServiceStatus(service, tuple(items), avail, overall, groups, is_frozen, tuple(notes))
