"""Addresses on a Solaris node: which there are, their netmasks, and whether another machine has one."""

from __future__ import annotations

import ipaddress
import re

from opensvc_core.api import ActionError, Cancelled, CommandResult, Context
from opensvc_drivers_solaris.parse_ifconfig import Interfaces, parse_interfaces
from opensvc_drivers_solaris.words import said

LIST_LIMIT = 8.0
"""Seconds for the list of interfaces."""
ARP_LIMIT = 5.0
"""Seconds for one entry of the table of neighbours."""
PING_LIMIT = 1.0
"""Seconds after which an address counts as silent."""
_MAC = re.compile(r"\b(?:[0-9A-Fa-f]{1,2}:){5}[0-9A-Fa-f]{1,2}\b")


def resolve(name: str, context: Context) -> str:
    """The first address of a name, IPv4 before IPv6, spelt in the usual way. Raises ActionError if it has none."""
    found = [str(ipaddress.ip_address(each.partition("%")[0])) for each in context.network.resolve(name)]
    if not found:
        raise ActionError(
            f"the name {name} has no address",
            code="name_unknown",
            hint=f"write it into {context.node.folders.etc / 'hosts'}, or into DNS",
        )
    return min(found, key=lambda each: ":" in each)


def netmask_word(netmask: str, address: str) -> str:
    """A netmask as ``ifconfig`` takes it: dotted, or the length of the prefix for IPv6; empty if none is given.

    Raises:
        ActionError: it is no netmask of such an address.
    """
    if not netmask:
        return ""
    try:
        network = ipaddress.ip_network(f"{address}/{netmask}", strict=False)
    except ValueError:
        raise ActionError(f"{netmask!r} is no netmask of {address}", code="bad_netmask", hint="mend netmask") from None
    return str(network.prefixlen) if network.version == 6 else str(network.netmask)


def read_interfaces(context: Context, after: CommandResult | None = None) -> Interfaces:
    """All interfaces of all zones of the node, as its global zone sees them. Raises ActionError, Undetermined."""
    result = context.query("ifconfig", "-a", timeout=LIST_LIMIT, check=False, after=after)
    if result.rc != 0:
        raise ActionError(f"ifconfig -a: {said(result)}", code="ifconfig")
    return parse_interfaces(result.stdout)


def missing_device(name: str, seen: Interfaces, context: Context) -> str:
    """Why a list of interfaces may lack some: it does not tell of one, which is not told to be absent either.

    The list has no mark of its end. Empty where it tells of the interface, or ``ifconfig`` says that there is none [R].
    """
    device = name.partition(":")[0]
    if any(each.device == device for each in seen.interfaces):
        return ""
    try:
        result = context.query("ifconfig", device, timeout=LIST_LIMIT, check=False)
    except Cancelled:
        raise
    except ActionError as error:
        return error.message
    is_absent = result.rc != 0 and "no such interface" in result.stderr
    return "" if is_absent else f"it does not tell of {device}"


def duplicate_words(address: str, context: Context) -> str:
    """Who has an address that this node has not, as far as ping tells; empty if nobody answers.

    A machine may be told not to answer ping. The table of neighbours would show it, and shows for some minutes also who
    had the address before: it only adds the MAC address. What ping does not find, the kernel does, when the address is
    plumbed.

    Raises:
        ActionError: that cannot be told.
    """
    if not context.network.ping(address, PING_LIMIT):
        return ""
    mac = neighbour(address, context)
    owner = mac or "one whose MAC address is not known"
    return f"{address} is in use by another machine: {owner}"


def neighbour(address: str, context: Context) -> str:
    """The MAC address that answered for an address, empty if that is not known. Raises Cancelled."""
    if ":" in address:
        return ""
    try:
        result = context.query("arp", address, timeout=ARP_LIMIT, check=False)
    except Cancelled:
        raise
    except ActionError:
        # Only words for a message hang on it.
        return ""
    found = _MAC.search(result.stdout) if result.rc == 0 else None
    return found.group() if found else ""
