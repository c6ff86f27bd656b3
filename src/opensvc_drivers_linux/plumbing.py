"""What must be true of an interface before it bears an address, and the commands that add one and keep others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.api import ActionError, CommandFailed
from opensvc_drivers_linux.address_state import device_of
from opensvc_drivers_linux.links import Link, Plumbed, bearers, prefix_length
from opensvc_drivers_linux.packets import is_version_6

if TYPE_CHECKING:
    from opensvc_core.api import CommandResult, Context, Resource


def can_ask(own: Plumbed, address: str) -> bool:
    """Whether an address of this node can be the sender of a question about another."""
    return is_version_6(own.address) == is_version_6(address) and not own.is_tentative


def duplicate_of(address: str, owner: str) -> ActionError:
    """The error that says who has an address."""
    return ActionError(
        f"{address} is in use by another machine: {owner}",
        code="duplicate_address",
        hint="find that machine: `ip neigh` of others on the network shows the same MAC address",
    )


def link_of(resource: Resource, address: str, links: tuple[Link, ...]) -> Link:
    """The interface of a resource. Raises ActionError if it is not there, switched off, or not where the address is."""
    device = device_of(resource)
    link = next((each for each in links if each.name == device), None)
    if link is None:
        raise ActionError(f"this node has no interface {device}", code="no_device", hint="see `ip link`")
    elsewhere = [other.name for other in bearers(address, links) if other is not link]
    if elsewhere:
        raise ActionError(
            f"{address} lies on {', '.join(elsewhere)} of this node, not on {device}",
            code="wrong_device",
            hint=f"take it from there, or set ipdev = {elsewhere[0]}",
        )
    if not link.is_up:
        raise ActionError(f"{device} is switched off", code="link_down", hint=f"ip link set {device} up")
    return link


def prefix_of(resource: Resource, address: str, link: Link) -> int:
    """Length of the network part. Raises ActionError if ``netmask`` is wrong, or needed and not given."""
    try:
        return prefix_length(resource.text("netmask"), address, link)
    except ValueError as error:
        raise ActionError(str(error), code="netmask", hint="set `netmask`, for example netmask = 24") from error


def add_address(address: str, prefix: int, link: Link, context: Context) -> CommandResult:
    """Add an address to an interface. Raises ActionError if it cannot be."""
    broadcast = () if is_version_6(address) or prefix > 30 else ("brd", "+")
    try:
        return context.run("ip", "addr", "add", f"{address}/{prefix}", *broadcast, "dev", link.name)
    except CommandFailed as error:
        # The first is of kernels that explain themselves (seen with 6.18), the second of older ones.
        if is_version_6(address) and ("disabled" in error.stderr or "Permission denied" in error.stderr):
            raise ActionError(
                f"{address} cannot be added: IPv6 is switched off on {link.name}",
                code="ipv6_off",
                hint=f"sysctl -w net.ipv6.conf.{link.name}.disable_ipv6=0",
            ) from error
        raise


def keep_secondaries(plumbed: Plumbed, link: Link, context: Context) -> None:
    """See to it that addresses of others do not go with this one.

    With the first IPv4 address of a network the kernel removes all others of that network from the interface, unless
    ``promote_secondaries`` is set on it (ip-sysctl, seen so with Linux 6.18).
    """
    others = [each.address for each in link.addresses if each.is_secondary and each.network == plumbed.network]
    if plumbed.is_secondary or not others or is_version_6(plumbed.address):
        return
    settings = [f"/proc/sys/net/ipv4/conf/{name}/promote_secondaries" for name in ("all", link.name)]
    if "1" in context.query("cat", *settings).stdout.split():
        return
    context.note(f"{', '.join(others)} would go with it: promote_secondaries is switched on first", "promote")
    context.run("sysctl", "-q", "-w", f"net/ipv4/conf/{link.name}/promote_secondaries=1")
