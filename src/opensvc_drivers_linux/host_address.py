"""``ip.host``: an address that this node bears itself, on an interface of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from opensvc_core.api import (
    ActionError,
    Cancelled,
    InventoryItem,
    Keyword,
    Kind,
    Outcome,
    Phase,
    Resource,
    ResourceId,
    Severity,
    StatusReport,
    Veto,
    hookimpl,
)
from opensvc_drivers_linux.address_state import device_of, read_links, report, resolve, resolve_all
from opensvc_drivers_linux.links import Link, bearers
from opensvc_drivers_linux.plumbing import (
    add_address,
    can_ask,
    duplicate_of,
    keep_secondaries,
    link_of,
    prefix_of,
)
from opensvc_drivers_linux.segment import EthernetSegment, Segment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opensvc_core.api import CommandResult, Context

ANNOUNCEMENTS = 2
"""How often neighbours are told: a packet may be lost, and a switch may still be learning."""
BETWEEN_ANNOUNCEMENTS = 0.2
"""Seconds."""


class HostAddress:
    """An address on ``ipdev``, which no other machine may have.

    Args:
        segment: the network behind an interface.
    """

    keywords: ClassVar[tuple[Keyword, ...]] = (
        Keyword(
            "ipname", "Name or address. Of a name with several, the first, IPv4 first.", required=True, example="erp01"
        ),
        Keyword("ipdev", "Interface that bears it; an alias (`eth0:1`) means `eth0`.", required=True, example="eth0"),
        Keyword(
            "netmask",
            "Netmask, or length of the prefix: `24`, `255.255.255.0`, `64`. Default: that of the network on `ipdev` "
            "that the address lies in.",
            aliases=("prefix",),
            example="24",
        ),
        Keyword(
            "check_carrier",
            "Whether an interface with nothing at its other end is refused at start, and a warning; false for a bridge "
            "that only guests are connected to.",
            Kind.BOOLEAN,
            default=True,
        ),
        Keyword(
            "start_timeout",
            "Time that the address has to be usable: the kernel looks for duplicates of an IPv6 address first.",
            Kind.DURATION,
            30.0,
            example="1m",
        ),
    )
    phase: ClassVar[Phase] = Phase.ADDRESS
    api_version: ClassVar[int] = 1
    commands: ClassVar[tuple[str, ...]] = ("ip", "sysctl")

    def __init__(self, segment: Segment | None = None) -> None:
        self._segment = segment or EthernetSegment()

    @hookimpl
    def status(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, StatusReport]]:
        """One ``ip`` call for all addresses of all services."""
        links = read_links(context)
        for resource, address in resolve_all(resources, context):
            if isinstance(address, ActionError):
                yield resource.id, StatusReport.undef(address.message, address.code)
            else:
                yield resource.id, report(resource, address, links)

    @hookimpl
    def inventory(self, resources: Sequence[Resource], context: Context) -> Iterator[InventoryItem]:
        """The addresses as their names resolve, and the interfaces; no command is needed."""
        for resource, address in resolve_all(resources, context):
            yield InventoryItem(resource.id, "interface", resource.text("ipdev") or None)
            if isinstance(address, ActionError):
                context.note_error(address)
            else:
                yield InventoryItem(resource.id, "addresses", (address,))

    @hookimpl
    def preflight(self, resource: Resource, action: str, context: Context) -> Veto | None:
        """Before a start: the interface is there and alive, and nobody else has the address."""
        answered = context.statuses.get(resource.id)
        if action != "start" or (answered is not None and answered.status.is_up):
            return None
        try:
            address = resolve(resource, context)
            links = read_links(context)
            link = link_of(resource, address, links)
            prefix_of(resource, address, link)
        except Cancelled:
            raise
        except ActionError as error:
            return Veto(error.code, error.message, hint=error.hint, is_liftable=False)
        if link.find(address) is not None:
            return None
        if resource.flag("check_carrier") and not link.has_carrier:
            return Veto(
                "no_carrier",
                f"{link.name} has no carrier: nobody could reach {address}",
                hint="plug the cable in, or set check_carrier = false if that is as it should be",
            )
        # With an own address as the sender this is an everyday question, which disturbs nobody who is just starting.
        sender = next((own.address for own in link.addresses if can_ask(own, address)), "")
        try:
            owner = self._find_owner(address, link, links, context, sender)
        except Cancelled:
            raise
        except ActionError as error:
            return Veto("address_unknown", f"cannot tell whether another machine has {address}: {error.message}")
        if owner is None:
            return None
        return Veto(
            "duplicate_address",
            f"{address} is in use by another machine: {owner}",
            hint="find that machine; it would be there twice",
        )

    @hookimpl
    def start(self, resource: Resource, context: Context) -> Outcome:
        """Make sure that nobody has it, add it, wait until it can be used, tell the neighbours.

        Raises:
            ActionError: it is not up; ``duplicate_address`` names who has it.
        """
        address = resolve(resource, context)
        links = read_links(context)
        link = link_of(resource, address, links)
        plumbed = link.find(address)
        if plumbed is not None and not plumbed.is_tentative and not plumbed.is_duplicate:
            return Outcome.unchanged(f"{address} is on {link.name} already")
        added: CommandResult | None = None
        if plumbed is None:
            prefix = prefix_of(resource, address, link)
            self._refuse_duplicate(address, link, links, context)
            added = add_address(address, prefix, link, context)
        context.wait_until(
            lambda: self._is_usable(address, link, added, context),
            f"{address} to be usable on {link.name}",
            resource.seconds("start_timeout"),
        )
        if link.has_neighbours:
            self._announce(address, link, context)
        return Outcome.changed(f"{address} added to {link.name}")

    @hookimpl
    def stop(self, resource: Resource, context: Context) -> Outcome:
        """Take exactly this address from ``ipdev``, and nothing with it.

        Raises:
            ActionError: it is not verified gone.
        """
        address = resolve(resource, context)
        device = device_of(resource)
        links = read_links(context)
        link = next((each for each in links if each.name == device), None)
        plumbed = link.find(address) if link else None
        if link is None or plumbed is None:
            for other in bearers(address, links):
                text = f"{address} lies on {other.name}: not on {device}, so it is left there"
                context.note(text, "wrong_device", Severity.WARNING)
            return Outcome.unchanged(f"{address} is not on {device}")
        keep_secondaries(plumbed, link, context)
        removed = context.run("ip", "addr", "del", f"{address}/{plumbed.prefix}", "dev", device, check=False)
        if any(other.name == device for other in bearers(address, read_links(context, after=removed))):
            raise ActionError(
                f"{address} is still on {device}: {removed.stderr.strip() or 'ip did not say why'}",
                code="address_not_removed",
            )
        return Outcome.changed(f"{address} removed from {device}")

    # -- duplicates -------------------------------------------------------------------------------------------------

    def _find_owner(
        self, address: str, link: Link, links: tuple[Link, ...], context: Context, sender: str = ""
    ) -> str | None:
        """Who has an address, in words; None for nobody. Raises ActionError if that cannot be told."""
        if "LOOPBACK" in link.flags:
            return None
        ours = {each.mac for each in links}
        try:
            heard = self._segment.find_owner(address, link, ours, context.clock, context.cancel, sender)
        except Cancelled:
            raise
        except ActionError as error:
            # Asked the other way, as far as that goes: a machine may have it and be told not to answer ping.
            if not context.network.ping(address):
                context.note(f"{address} was only looked for by ping: {error.message}", "only_ping")
                return None
            return context.network.neighbour(address) or "one that answers ping, whose MAC address is not known"
        if heard is None:
            return None
        return heard.mac if heard.is_claim else f"{heard.mac}, which is about to take it"

    def _refuse_duplicate(self, address: str, link: Link, links: tuple[Link, ...], context: Context) -> None:
        """The last look before it is taken: another node may have been quicker since the checks."""
        try:
            owner = self._find_owner(address, link, links, context)
        except Cancelled:
            raise
        except ActionError as error:
            text = f"whether another machine has {address} is not known: {error.message}"
            context.note(text, "address_unknown", Severity.WARNING)
            return
        if owner is None:
            return
        if "duplicate_address" in context.permits:
            context.note(f"{address} is in use by {owner}, and taken all the same", "permitted", Severity.WARNING)
            return
        raise duplicate_of(address, owner)

    def _is_usable(self, address: str, link: Link, added: CommandResult | None, context: Context) -> bool:
        """Whether it lies there for good. Raises ActionError when the kernel says that it never will."""
        links = read_links(context, after=added)
        plumbed = next((each.find(address) for each in links if each.name == link.name), None)
        if plumbed is None:
            raise ActionError(f"{address} is not on {link.name} after it was added", code="address_not_added")
        if plumbed.is_duplicate:
            owner = self._find_owner(address, link, links, context) or "one that no longer answers"
            raise duplicate_of(address, owner)
        return not plumbed.is_tentative

    def _announce(self, address: str, link: Link, context: Context) -> None:
        """Have neighbours forget where it lay before; what goes wrong here costs them some minutes, not the start."""
        try:
            for number in range(ANNOUNCEMENTS):
                if number:
                    context.pause(BETWEEN_ANNOUNCEMENTS)
                self._segment.announce(address, link)
        except Cancelled:
            raise
        except ActionError as error:
            context.note(f"{address} was not announced: {error.message}", "not_announced", Severity.WARNING)
