"""The companion that holds the reservation of a resource's disks: what it is, what it claims, who else needs it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from attrs import evolve

from opensvc_core.boot_record import BootRecord
from opensvc_core.errors import Cancelled, OpenSVCError, ReservationError
from opensvc_core.model import LogicalUnit, NodeState, Phase, Resource, ResourceId, Severity
from opensvc_core.prkey import format_key, own_key, peer_keys
from opensvc_core.reservation import Claimant, identify_all, view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.context import Context


def reservation_of(resource: Resource) -> Resource:
    """The companion of a resource whose disks are reserved: first on start, last on stop (design §4)."""
    return Resource(
        ResourceId(resource.id.service, f"{resource.rid}pr"),
        "disk.scsireserv",
        options={"scsireserv": False},
        label=f"reservation of {resource.rid}",
        phase=Phase.RESERVATION,
        is_disabled=resource.is_disabled,
        # Never optional: a disk that could not be reserved must not be used, whoever can do without it.
        is_standby=resource.is_standby,
        tags=resource.tags,
        companion_of=resource.rid,
        line=resource.line,
    )


def units_of(resource: Resource, context: Context) -> tuple[LogicalUnit, ...]:
    """The units behind a resource's disks. Raises ActionError, ReservationError where one cannot be told."""
    devices = [device for device in context.devices_of(resource) if device.is_writable]
    return identify_all(context.reservations, devices, context)


def claimant_for(resource: Resource, context: Context) -> Claimant:
    """This node as somebody who wants a resource's disks. Raises ReservationError where it has no key of its own."""
    key = own_key(context.node, secrets.randbits)
    names = names_of(resource, context)
    fenced = {
        known.node.lower() for known in context.evidence.get(resource.id.service, ()) if known.state is NodeState.FENCED
    }
    record = record_of(context)
    return Claimant(
        context.reservations,
        context,
        key,
        may_preempt=lambda other: names.get(other, "").lower() in fenced,
        name_of=lambda other: f"{names.get(other, 'a node that is not known')} (key {format_key(other)})",
        made_here=lambda unit: record.has(unit.identity),
    )


def names_of(resource: Resource, context: Context) -> dict[int, str]:
    """Names of the service's other nodes by key, as far as ``[prkeys]`` of ``node.conf`` knows them."""
    members = {node.lower() for node in context.service_of(resource).all_nodes}
    return {key: name for name, key in peer_keys(context.node).items() if name in members}


def key_of_peer(resource: Resource, peer: str, context: Context) -> int:
    """The key of another node of the service. Raises ReservationError ``unknown_key`` where it is not known here."""
    for key, name in names_of(resource, context).items():
        if name.lower() == peer.lower():
            return key
    raise ReservationError(
        f"the reservation key of {peer} is not known on {context.node.name}",
        code="unknown_key",
        hint=f"add what `osvc node prkey` says on {peer} to [prkeys] in etc/node.conf here",
    )


def record_of(context: Context) -> BootRecord:
    """Units that this boot of this node registered at, by identity."""
    return BootRecord(context.node.folders.var / "registrations.json", context.node.boot_id)


def take(claimant: Claimant, units: Sequence[LogicalUnit]) -> bool:
    """Hold units alone, and remember it for this boot; whether anything was changed. A dry run shows the commands.

    Raises:
        ReservationError: names the holder; nothing is left registered.
    """
    if claimant.context.is_dry_run:
        return _rehearse(claimant, units)
    if not claimant.take(units):
        return False
    remember(claimant.context, units, is_held=True)
    return True


def remember(context: Context, units: Sequence[LogicalUnit], *, is_held: bool) -> None:
    """Keep that this boot of this node is registered at units, or is no more.

    A full disk undoes nothing that was done at them: the next start registers anew where that is not known.
    """
    record = record_of(context)
    identities = [unit.identity for unit in units]
    try:
        if is_held:
            record.add(identities)
        else:
            record.remove(identities)
    except OSError as error:
        text = (
            f"{record.path} cannot be written ({error.strerror}): a status may tell the registration of an earlier boot"
        )
        context.note(text, "record_unwritten", Severity.WARNING)


def _rehearse(claimant: Claimant, units: Sequence[LogicalUnit]) -> bool:
    """What would be done to disks that are free: the commands for those that are not depend on the answers."""
    context = claimant.context
    views = view(claimant.backends, units, context)
    if all(each.reservation.key == claimant.key and claimant.made_here(each.unit) for each in views):
        return False
    for each in views:
        claimant.backends.change("register", each.unit, context, key=claimant.key)
    for each in views:
        holder = each.reservation.key
        if holder is None:
            claimant.backends.change("reserve", each.unit, context, key=claimant.key)
        elif holder != claimant.key:
            claimant.backends.change("preempt", each.unit, context, key=claimant.key, victim=holder)
    return True


def hold_again(resource: Resource, context: Context) -> bool:
    """See ``Context.holds_still``."""
    if not resource.options.get("scsireserv"):
        return False
    try:
        return claimant_for(resource, context).hold_again(units_of(resource, context))
    except Cancelled:
        raise
    except OpenSVCError as error:
        text = f"whether this node holds the disks of {resource.rid} cannot be told: {error.message}"
        context.note(text, "not_reserved", Severity.WARNING)
        return False


def hold(resource: Resource, context: Context) -> bool:
    """See ``Context.hold_reservation``."""
    if not resource.options.get("scsireserv"):
        return True
    try:
        claimant = claimant_for(resource, context)
        # What another node holds is never touched for a write of ours, whatever is known of that node.
        claimant = evolve(claimant, may_preempt=lambda _: False)
        units = units_of(resource, context)
        claimant.refuse_held(units)
        take(claimant, units)
    except Cancelled:
        raise
    except OpenSVCError as error:
        text = f"this node does not hold the disks of {resource.rid}: {error.message}"
        context.note(text, "not_reserved", Severity.WARNING)
        return False
    return True
