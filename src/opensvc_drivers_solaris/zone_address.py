"""The driver ``ip.zone``: an address that the node plumbs for a zone, between the zone's being ready and its boot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from opensvc_core.api import (
    ActionError,
    Cancelled,
    Context,
    InventoryItem,
    Keyword,
    OpenSVCError,
    Outcome,
    Phase,
    Resource,
    ResourceId,
    Severity,
    Status,
    StatusReport,
    Veto,
    guest_name,
    hookimpl,
)
from opensvc_drivers_solaris.addresses import (
    duplicate_words,
    missing_device,
    netmask_word,
    read_interfaces,
    resolve,
)
from opensvc_drivers_solaris.parse_ifconfig import Interface, Interfaces
from opensvc_drivers_solaris.words import said
from opensvc_drivers_solaris.zoneadm import read_zone

PING_LIMIT = 1.0
"""Seconds after which an address counts as silent."""
CHANGE_LIMIT = 20.0
"""Seconds for an ``ifconfig`` that changes something: it may ask the name service for a netmask."""
PERMIT = "duplicate_address"
"""The permit with which an address is plumbed that another machine answers for."""


class ZoneAddress:
    """An address of a zone with shared network, on a logical interface of ``ipdev``."""

    keywords: ClassVar[tuple[Keyword, ...]] = (
        Keyword("ipname", "Name or address. Of a name with several, the first.", required=True, example="vm188"),
        Keyword(
            "ipdev",
            "Interface of the node that bears it; a logical one (`bge0:1`) means `bge0`.",
            required=True,
            example="bge0",
        ),
        Keyword(
            "netmask",
            "Netmask, or length of the prefix. Default: what the node finds in its netmasks (`ifconfig netmask +`).",
            example="255.255.255.0",
        ),
    )
    phase: ClassVar[Phase] = Phase.ADDRESS
    api_version: ClassVar[int] = 1
    commands: ClassVar[tuple[str, ...]] = ("ifconfig", "arp", "zoneadm")

    @hookimpl
    def status(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, StatusReport]]:
        """One ``ifconfig -a`` for all addresses; those that are not plumbed are pinged, all at once."""
        try:
            seen = read_interfaces(context)
        except Cancelled:
            raise
        except OpenSVCError as error:
            yield from ((each.id, StatusReport.undef(error.message, error.code)) for each in resources)
            return
        silent: dict[str, list[Resource]] = {}
        for resource in resources:
            try:
                address = resolve(resource.text("ipname"), context)
                zone = guest_name(context.container_of(resource))
            except Cancelled:
                raise
            except OpenSVCError as error:
                yield resource.id, StatusReport.undef(error.message, error.code)
                continue
            bearers = seen.bearing(address)
            if bearers:
                yield resource.id, _plumbed(resource, bearers, zone)
            elif trouble := seen.trouble or missing_device(resource.text("ipdev"), seen, context):
                text = f"ifconfig was not understood to its end: {trouble}"
                yield resource.id, StatusReport.undef(text, "ifconfig")
            else:
                silent.setdefault(address, []).append(resource)
        pings = context.network.ping_all(list(silent), PING_LIMIT)
        for address, asked in silent.items():
            yield from ((resource.id, _not_plumbed(address, pings)) for resource in asked)

    @hookimpl
    def inventory(self, resources: Sequence[Resource], context: Context) -> Iterator[InventoryItem]:
        """The addresses as their names resolve, and the interfaces; no command is needed."""
        for resource in resources:
            yield InventoryItem(resource.id, "interface", resource.text("ipdev") or None)
            try:
                yield InventoryItem(resource.id, "addresses", (resolve(resource.text("ipname"), context),))
            except OpenSVCError as error:
                context.note_error(error)

    @hookimpl
    def preflight(self, resource: Resource, action: str, context: Context) -> Veto | None:
        """Before a start: the zone shares the node's network, the interface is there, nobody else has the address."""
        report = context.statuses.get(resource.id)
        if action != "start" or (report is not None and report.status is Status.UP):
            return None
        try:
            address = resolve(resource.text("ipname"), context)
            netmask_word(resource.text("netmask"), address)
            _require_shared(resource, context)
            seen = read_interfaces(context)
            if seen.bearing(address):
                return None
            _understood(seen)
            _require_device(resource, seen)
        except Cancelled:
            raise
        except ActionError as error:
            return Veto(error.code, error.message, hint=error.hint, is_liftable=False)
        try:
            words = duplicate_words(address, context)
        except Cancelled:
            raise
        except ActionError as error:
            text = f"cannot tell whether another machine has {address}: {error.message}"
            return Veto("address_unknown", text, hint=error.hint)
        if not words:
            return None
        return Veto(PERMIT, words, hint="find that machine; it would be there twice")

    @hookimpl
    def start(self, resource: Resource, context: Context) -> Outcome:
        """Make sure that nobody has it, plumb it into the zone, verify.

        Raises:
            ActionError: it is not up in the zone; ``duplicate_address`` if another machine has it.
        """
        address = resolve(resource.text("ipname"), context)
        mask = netmask_word(resource.text("netmask"), address)
        zone = guest_name(context.container_of(resource))
        seen = _understood(read_interfaces(context))
        bearers = seen.bearing(address)
        if bearers:
            report = _plumbed(resource, bearers, zone)
            if report.status is Status.UP:
                return Outcome.unchanged(f"{address} is on {bearers[0].name} of {zone} already")
            words = "; ".join(note.text for note in report.notes)
            raise ActionError(
                words, code=report.notes[0].code, hint=f"take it away by hand: ifconfig {bearers[0].name} unplumb"
            )
        device = _require_device(resource, seen)
        _require_shared(resource, context)
        self._refuse_duplicate(address, context)
        place = ("zone", zone, "up")
        argv: tuple[str, ...]
        if ":" in address:
            argv = ("ifconfig", device, "inet6", "addif", f"{address}/{mask or '64'}", *place)
        else:
            argv = ("ifconfig", device, "addif", address, "netmask", mask or "+", "broadcast", "+", *place)
        added = context.run(*argv, timeout=CHANGE_LIMIT, check=False)
        now = _understood(read_interfaces(context, after=added)).bearing(address)
        if not now:
            raise ActionError(
                f"{address} cannot be plumbed on {device}: {said(added)}",
                code="address_not_added",
                hint=f"the zone must be ready or running: zoneadm -z {zone} list -v",
            )
        self._verify(resource, address, now, zone, context)
        return Outcome.changed(f"{address} plumbed on {now[0].name} of {zone}")

    @hookimpl
    def stop(self, resource: Resource, context: Context) -> Outcome:
        """Take it down and away. One that is not in this service's zone is left where it is.

        Raises:
            ActionError: it is not verified gone.
        """
        address = resolve(resource.text("ipname"), context)
        zone = guest_name(context.container_of(resource))
        bearers = _understood(read_interfaces(context)).bearing(address)
        own = [each for each in bearers if each.zone == zone]
        for other in bearers:
            if other.zone != zone:
                text = f"{address} lies on {other.name} of {other.zone or 'the node'}: it is left there"
                context.note(text, "wrong_zone", Severity.WARNING)
        if not own:
            return Outcome.unchanged(f"{address} is not plumbed for {zone}")
        for interface in own:
            family = ("inet6",) if ":" in address else ()
            context.run("ifconfig", interface.name, *family, "down", timeout=CHANGE_LIMIT, check=False)
            gone = context.run("ifconfig", interface.name, *family, "unplumb", timeout=CHANGE_LIMIT, check=False)
        left = _understood(read_interfaces(context, after=gone)).bearing(address)
        if any(each.zone == zone for each in left):
            raise ActionError(f"{address} is still on {left[0].name}: {said(gone)}", code="address_not_removed")
        return Outcome.changed(f"{address} removed from {own[0].name}")

    def _refuse_duplicate(self, address: str, context: Context) -> None:
        """The last look before it is taken: another node may have been quicker since the checks."""
        try:
            words = duplicate_words(address, context)
        except Cancelled:
            raise
        except ActionError as error:
            text = f"whether another machine has {address} is not known: {error.message}"
            context.note(text, "address_unknown", Severity.WARNING)
            return
        if not words:
            return
        if PERMIT in context.permits:
            context.note(f"{words}, and it is taken all the same", "permitted", Severity.WARNING)
            return
        raise ActionError(words, code=PERMIT, hint="find that machine; it would be there twice")

    def _verify(
        self, resource: Resource, address: str, bearers: Sequence[Interface], zone: str, context: Context
    ) -> None:
        report = _plumbed(resource, bearers, zone)
        if report.status is Status.UP:
            return
        duplicates = [each for each in bearers if each.is_duplicate]
        if duplicates:
            context.run("ifconfig", duplicates[0].name, "unplumb", timeout=CHANGE_LIMIT, check=False)
            raise ActionError(
                f"{address} is in use by another machine, as the kernel found when it was plumbed",
                code=PERMIT,
                hint="dmesg names its MAC address",
            )
        raise ActionError("; ".join(note.text for note in report.notes), code="address_not_added")


def _plumbed(resource: Resource, bearers: Sequence[Interface], zone: str) -> StatusReport:
    """State of an address that the node has."""
    device = resource.text("ipdev").partition(":")[0]
    own = [each for each in bearers if each.zone == zone]
    if not own:
        place = bearers[0].zone or "the node itself"
        return StatusReport.warn(f"it lies on {bearers[0].name} of {place}, not in {zone}", "wrong_zone")
    interface = own[0]
    if interface.is_duplicate:
        return StatusReport.warn(f"{interface.name} is down: another machine has its address", PERMIT)
    if not interface.is_up:
        return StatusReport.warn(f"{interface.name} is plumbed, and not up", "address_not_up")
    report = StatusReport(Status.UP)
    if interface.device != device:
        # A group of interfaces (IPMP) moves addresses to one that works.
        report = report.with_note(f"it lies on {interface.name}, not on {device}", "other_device")
    return report


def _not_plumbed(address: str, pings: Mapping[str, bool | ActionError]) -> StatusReport:
    """State of an address that the node has not."""
    answer = pings[address]
    if isinstance(answer, ActionError):
        return StatusReport(Status.DOWN).with_note(f"whether somebody else has it is unknown: {answer.message}")
    if answer:
        return StatusReport(Status.DOWN).with_note(f"{address} answers ping, from another machine", "answers_elsewhere")
    return StatusReport(Status.DOWN)


def _understood(seen: Interfaces) -> Interfaces:
    """The interfaces, all of them. Raises ActionError if the list was not understood to its end."""
    if seen.trouble:
        raise ActionError(f"ifconfig was not understood to its end: {seen.trouble}", code="ifconfig")
    return seen


def _require_device(resource: Resource, seen: Interfaces) -> str:
    """The interface that is to bear the address. Raises ActionError if the node has none of that name."""
    device = resource.text("ipdev").partition(":")[0]
    if all(each.device != device for each in seen.interfaces):
        names = ", ".join(dict.fromkeys(each.device for each in seen.interfaces))
        raise ActionError(
            f"there is no interface {device}: there are {names}", code="no_device", hint=f"ifconfig {device} plumb up"
        )
    return device


def _require_shared(resource: Resource, context: Context) -> None:
    """Raises ActionError if the zone has a network of its own: nothing can be plumbed in it from outside."""
    zone = read_zone(guest_name(context.container_of(resource)), context)
    if zone is not None and zone.has_own_network:
        raise ActionError(
            f"{zone.name} has a network of its own (ip-type=exclusive): it plumbs its addresses itself",
            code="exclusive_ip",
            hint="set `type = guest` in the section: the address is then only checked",
        )
