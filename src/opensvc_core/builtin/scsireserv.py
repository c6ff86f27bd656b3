"""``disk.scsireserv``: the reservation of another resource's disks, first taken and last given up."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, ClassVar

from opensvc_core.api import (
    Keyword,
    LogicalUnit,
    NodeState,
    OpenSVCError,
    Outcome,
    Phase,
    ReservationError,
    Resource,
    ResourceId,
    StatusReport,
    Veto,
    hookimpl,
)
from opensvc_core.boot_record import BootRecord
from opensvc_core.fanout import side_by_side
from opensvc_core.prkey import format_key, own_key, peer_keys
from opensvc_core.reservation import Claimant, identify_all, judge, view

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opensvc_core.api import Context


class ScsiReservation:
    """The companion ``<rid>pr`` of a resource with ``scsireserv = true``."""

    keywords: ClassVar[tuple[Keyword, ...]] = ()
    phase: ClassVar[Phase] = Phase.RESERVATION
    api_version: ClassVar[int] = 1

    @hookimpl
    def status(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, StatusReport]]:
        """Who holds the disks; resources are asked side by side."""

        def ask(resource: Resource) -> StatusReport:
            try:
                return _status(resource, context)
            except OpenSVCError as error:
                return StatusReport.undef(error.message, error.code)

        for resource, answer in side_by_side(resources, ask, 64):
            if isinstance(answer, Exception):
                raise answer
            yield resource.id, answer

    @hookimpl
    def preflight(self, resource: Resource, action: str, context: Context) -> Veto | None:
        """What forbids a start, or a clear: no key, a disk that cannot be reserved, somebody else who holds it."""
        if action != "start" and not resource.options.get("clear"):
            return None
        try:
            claimant = _claimant(resource, context)
            units = _units(resource, context)
            for each in view(context.reservations, units, context):
                if each.error is not None:
                    return _veto("scsireserv_unavailable", each.error)
                holder = each.reservation.key
                if holder not in {None, claimant.key} and not claimant.may_preempt(holder or 0):
                    return _veto("reserved_elsewhere", claimant.conflict(each.unit, holder or 0))
        except OpenSVCError as error:
            return _veto("scsireserv_unavailable", error)
        return None

    @hookimpl
    def start(self, resource: Resource, context: Context) -> Outcome:
        """Take all disks, alone. Raises ReservationError naming the holder, with nothing left registered."""
        claimant = _claimant(resource, context)
        units = _units(resource, context)
        if context.is_dry_run:
            return _rehearse(claimant, units)
        record = _record(context)
        if not claimant.take(units):
            return Outcome.unchanged(f"{len(units)} disks are held by {format_key(claimant.key)}")
        record.add(unit.identity for unit in units)
        return Outcome.changed(f"{len(units)} disks are held by {format_key(claimant.key)}")

    @hookimpl
    def stop(self, resource: Resource, context: Context) -> Outcome:
        """Give all disks up. Raises ReservationError if a registration of this node is still there."""
        claimant = _claimant(resource, context)
        units = _units(resource, context)
        if resource.options.get("clear"):
            return _clear(claimant, units)
        if context.is_dry_run:
            for unit in units:
                context.reservations.change("release", unit, context, key=claimant.key)
                context.reservations.change("unregister", unit, context, key=claimant.key)
            return Outcome.changed()
        changed = claimant.give_up(units)
        _record(context).remove(unit.identity for unit in units)
        return Outcome.changed("given up") if changed else Outcome.unchanged("not held by this node")


def _rehearse(claimant: Claimant, units: Sequence[LogicalUnit]) -> Outcome:
    """What a start would do to disks that are free: the commands for those that are not depend on the answers."""
    context = claimant.context
    views = view(claimant.backends, units, context)
    if all(each.reservation.key == claimant.key and claimant.made_here(each.unit) for each in views):
        return Outcome.unchanged()
    for each in views:
        claimant.backends.change("register", each.unit, context, key=claimant.key)
    for each in views:
        holder = each.reservation.key
        if holder is None:
            claimant.backends.change("reserve", each.unit, context, key=claimant.key)
        elif holder != claimant.key:
            claimant.backends.change("preempt", each.unit, context, key=claimant.key, victim=holder)
    return Outcome.changed()


def _clear(claimant: Claimant, units: Sequence[LogicalUnit]) -> Outcome:
    """Remove every registration of everybody, unless another node holds a disk."""
    context = claimant.context
    for each in view(claimant.backends, units, context):
        if each.error is not None:
            raise each.error
        holder = each.reservation.key
        if holder not in {None, claimant.key} and not claimant.may_preempt(holder or 0):
            raise claimant.conflict(each.unit, holder or 0)
    for unit in units:
        claimant.backends.change("register", unit, context, key=claimant.key)
        claimant.backends.change("clear", unit, context, key=claimant.key)
    if not context.is_dry_run:
        _record(context).remove(unit.identity for unit in units)
    return Outcome.changed(f"{len(units)} disks are free of registrations")


def _main(resource: Resource, context: Context) -> Resource:
    """The resource whose disks are reserved."""
    return context.service_of(resource).resource(resource.companion_of)


def _units(resource: Resource, context: Context) -> tuple[LogicalUnit, ...]:
    devices = [device for device in context.devices_of(_main(resource, context)) if device.is_writable]
    return identify_all(context.reservations, devices, context)


def _claimant(resource: Resource, context: Context) -> Claimant:
    key = own_key(context.node, secrets.randbits)
    names = _names(resource, context)
    fenced = {
        known.node.lower() for known in context.evidence.get(resource.id.service, ()) if known.state is NodeState.FENCED
    }
    record = _record(context)
    return Claimant(
        context.reservations,
        context,
        key,
        may_preempt=lambda other: names.get(other, "").lower() in fenced,
        name_of=lambda other: f"{names.get(other, 'a node that is not known')} (key {format_key(other)})",
        made_here=lambda unit: record.has(unit.identity),
    )


def _names(resource: Resource, context: Context) -> dict[int, str]:
    """Names of the service's other nodes by key, as far as ``[prkeys]`` of ``node.conf`` knows them."""
    members = {node.lower() for node in context.service_of(resource).all_nodes}
    return {key: name for name, key in peer_keys(context.node).items() if name in members}


def _record(context: Context) -> BootRecord:
    return BootRecord(context.node.folders.var / "registrations.json", context.node.boot_id)


def _status(resource: Resource, context: Context) -> StatusReport:
    key = own_key(context.node, secrets.randbits)
    units = _units(resource, context)
    record = _record(context)
    views = view(context.reservations, units, context)
    return judge(views, key, _names(resource, context), lambda unit: record.has(unit.identity))


def _veto(code: str, error: OpenSVCError) -> Veto:
    hint = error.hint
    if isinstance(error, ReservationError) and error.code in {"not_supported", "no_device"}:
        hint = hint or "scsireserv = false only if no other node can write to these disks"
    if isinstance(error, ReservationError) and error.code == "conflict":
        hint = hint or "not even who holds it can be read: does another machine reserve it in the old way (RESERVE 6)?"
    return Veto(code, error.message, hint=hint, is_liftable=False)
