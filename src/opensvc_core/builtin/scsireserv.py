"""``disk.scsireserv``: the reservation of another resource's disks, first taken and last given up."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, ClassVar

from opensvc_core.api import (
    Keyword,
    LogicalUnit,
    OpenSVCError,
    Outcome,
    Phase,
    ReservationError,
    Resource,
    ResourceId,
    Severity,
    StatusReport,
    Veto,
    hookimpl,
)
from opensvc_core.companion import claimant_for, key_of_peer, names_of, record_of, remember, take, units_of
from opensvc_core.fanout import side_by_side
from opensvc_core.prkey import exposed_keys, format_key, own_key
from opensvc_core.reservation import Claimant, judge, view

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
            main = _main(resource, context)
            claimant = claimant_for(main, context)
            units = units_of(main, context)
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
        main = _main(resource, context)
        claimant = claimant_for(main, context)
        units = units_of(main, context)
        return Outcome(take(claimant, units), f"{len(units)} disks are held by {format_key(claimant.key)}")

    @hookimpl
    def clean(self, resource: Resource, context: Context) -> Outcome:
        """Give up what an earlier boot of this node left registered or reserved; nobody else's is touched."""
        main = _main(resource, context)
        claimant = claimant_for(main, context)
        units = units_of(main, context)
        if not claimant.clean(units):
            return Outcome.unchanged("nothing was left")
        remember(context, units, is_held=False)
        return Outcome.changed("what an earlier boot had registered is given up")

    @hookimpl
    def stop(self, resource: Resource, context: Context) -> Outcome:
        """Give all disks up. Raises ReservationError if a registration of this node is still there."""
        main = _main(resource, context)
        claimant = claimant_for(main, context)
        units = units_of(main, context)
        if resource.options.get("clear"):
            return _clear(claimant, units)
        if context.is_dry_run:
            for unit in units:
                context.reservations.change("release", unit, context, key=claimant.key)
                context.reservations.change("unregister", unit, context, key=claimant.key)
            return Outcome.changed()
        changed = claimant.give_up(units)
        remember(context, units, is_held=False)
        return Outcome.changed("given up") if changed else Outcome.unchanged("not held by this node")

    # -- the hand-over of a migration -------------------------------------------------------------------------------

    @hookimpl
    def join(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """Register beside the peer, which holds the disks. Raises ReservationError, with nothing left registered."""
        main = _main(resource, context)
        claimant, units = claimant_for(main, context), units_of(main, context)
        holder = key_of_peer(main, peer, context)
        if context.is_dry_run:
            return _rehearse(claimant, units, "register")
        changed = claimant.join(units, holder)
        remember(context, units, is_held=True)
        return Outcome(changed, f"{len(units)} disks: registered beside {peer}, which holds them")

    @hookimpl
    def leave(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """Unregister, as the peer holds the disks, and remember them no more. Raises ReservationError."""
        main = _main(resource, context)
        claimant, units = claimant_for(main, context), units_of(main, context)
        if context.is_dry_run:
            return Outcome.unchanged(f"unregistered, unless {peer} has done that")
        changed = claimant.leave(units)
        remember(context, units, is_held=False)
        return Outcome(changed, f"{len(units)} disks: not registered any more")

    @hookimpl
    def settle(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """Hold the disks in place of the peer, which has left them. Raises ReservationError."""
        main = _main(resource, context)
        claimant, units = claimant_for(main, context), units_of(main, context)
        victim = key_of_peer(main, peer, context)
        if context.is_dry_run:
            return _rehearse(claimant, units, "preempt", victim=victim)
        changed = claimant.settle(units, victim)
        remember(context, units, is_held=True)
        return Outcome(changed, f"{len(units)} disks are held by {format_key(claimant.key)}, and no more by {peer}")


def _rehearse(claimant: Claimant, units: Sequence[LogicalUnit], primitive: str, **keys: int) -> Outcome:
    """The commands that a dry run of a hand-over shows."""
    for unit in units:
        claimant.backends.change(primitive, unit, claimant.context, key=claimant.key, **keys)
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
        remember(context, units, is_held=False)
    return Outcome.changed(f"{len(units)} disks are free of registrations")


def _main(resource: Resource, context: Context) -> Resource:
    """The resource whose disks are reserved."""
    return context.service_of(resource).resource(resource.companion_of)


def _status(resource: Resource, context: Context) -> StatusReport:
    key = own_key(context.node, secrets.randbits)
    main = _main(resource, context)
    units = units_of(main, context)
    record = record_of(context)
    views = view(context.reservations, units, context)
    report = judge(views, key, names_of(main, context), lambda unit: record.has(unit.identity))
    if exposed := exposed_keys(context.node):
        report = report.with_note(exposed, "keys_readable", Severity.WARNING)
    return report


def _veto(code: str, error: OpenSVCError) -> Veto:
    hint = error.hint
    if isinstance(error, ReservationError) and error.code in {"not_supported", "no_device"}:
        hint = hint or "scsireserv = false only if no other node can write to these disks"
    if isinstance(error, ReservationError) and error.code == "conflict":
        hint = hint or "not even who holds it can be read: does another machine reserve it in the old way (RESERVE 6)?"
    return Veto(code, error.message, hint=hint, is_liftable=False)
