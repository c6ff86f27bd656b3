"""Where addresses of services lie on this node, and what that says of each."""

from __future__ import annotations

import ipaddress
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from opensvc_core.api import ActionError, Status, StatusReport
from opensvc_drivers_linux.links import Link, bearers, parse_links, prefix_length

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opensvc_core.api import CommandResult, Context, Resource

READ_LIMIT = 10.0
"""Seconds for ``ip -j addr show``: it asks the kernel alone."""
NAMES_AT_ONCE = 16
"""Names that are looked up side by side: each may take seconds when the name service is gone."""


def read_links(context: Context, after: CommandResult | None = None) -> tuple[Link, ...]:
    """All interfaces of this node with their addresses, in one call.

    Raises:
        ActionError: ``ip`` is missing, fails, hangs, or says what cannot be read.
        Undetermined: ``after`` was not made.
    """
    links = parse_links(context.query("ip", "-j", "addr", "show", timeout=READ_LIMIT, after=after).stdout)
    if links is None:
        raise ActionError(
            "cannot read what `ip -j addr show` says",
            code="ip_unreadable",
            hint="run it by hand; iproute2 since 4.13 knows -j",
        )
    return links


def device_of(resource: Resource) -> str:
    """The interface that ``ipdev`` means: that of an alias is the one that it lies on."""
    return resource.text("ipdev").partition(":")[0]


def resolve(resource: Resource, context: Context) -> str:
    """The address of a resource. Raises ActionError if its name has none, or that cannot be told."""
    name = resource.text("ipname")
    found = context.network.resolve(name)
    if not found:
        raise ActionError(
            f"the name {name} has no address",
            code="name_unknown",
            hint=f"write it into {context.node.folders.etc / 'hosts'}, or into DNS",
        )
    # Canonical, as `ip` prints it: an IPv6 address can be spelt in many ways.
    return _canonical(found[0])


def resolve_all(resources: Sequence[Resource], context: Context) -> Iterator[tuple[Resource, str | ActionError]]:
    """The addresses of many resources, looked up side by side, or the error of each."""

    def ask(resource: Resource) -> str | ActionError:
        try:
            return resolve(resource, context)
        except ActionError as error:
            return error

    with ThreadPoolExecutor(NAMES_AT_ONCE, "resolve") as pool:
        yield from zip(resources, pool.map(ask, resources), strict=True)


def report(resource: Resource, address: str, links: tuple[Link, ...]) -> StatusReport:
    """What the interfaces say of one address."""
    device = device_of(resource)
    link = next((each for each in links if each.name == device), None)
    elsewhere = [other.name for other in bearers(address, links) if other.name != device]
    if elsewhere:
        return StatusReport.warn(f"{address} lies on {', '.join(elsewhere)}, not on {device} alone", "wrong_device")
    plumbed = link.find(address) if link else None
    trouble = _trouble(resource, device, link)
    if link is None or plumbed is None:
        down = StatusReport(Status.DOWN)
        return down.with_note(*trouble) if trouble else down
    if plumbed.is_duplicate:
        return StatusReport.warn(f"another machine has {address}: the kernel does not use it", "duplicate_address")
    if trouble:
        return StatusReport.warn(*trouble)
    if plumbed.is_tentative:
        return StatusReport.warn(f"{address} cannot be used yet: the kernel looks for duplicates", "tentative")
    up = StatusReport(Status.UP)
    try:
        wanted = prefix_length(resource.text("netmask"), address, link)
    except ValueError as error:
        return up.with_note(str(error), "netmask")
    if wanted != plumbed.prefix:
        return up.with_note(f"{address}/{plumbed.prefix} is on {device}, with netmask {wanted} in mind", "netmask")
    return up


def _trouble(resource: Resource, device: str, link: Link | None) -> tuple[str, str] | None:
    """What is wrong with the interface: text and code."""
    if link is None:
        return f"this node has no interface {device}", "no_device"
    if not link.is_up:
        return f"{device} is switched off", "link_down"
    if resource.flag("check_carrier") and not link.has_carrier:
        return f"{device} has no carrier", "no_carrier"
    return None


def _canonical(address: str) -> str:
    return str(ipaddress.ip_address(address.partition("%")[0]))
