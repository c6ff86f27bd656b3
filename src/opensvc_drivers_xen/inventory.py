"""What Xen and the configurations tell of guests: processors, memory, disks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from opensvc_core.api import (
    ActionError,
    Context,
    Device,
    InventoryItem,
    OpenSVCError,
    Resource,
    Severity,
    guest_name,
)
from opensvc_drivers_xen.disks import held_disks, list_disks
from opensvc_drivers_xen.parse import parse_all_disks, parse_listing, said
from opensvc_drivers_xen.settings import SettingsError, read_settings
from opensvc_drivers_xen.toolstack import LISTING_LIMIT, XL, Toolstack, trouble_with

MIB = 1 << 20
"""Bytes of the unit in which Xen counts memory."""


def merge_disks(wanted: Iterable[Device], held: Iterable[Device]) -> tuple[Device, ...]:
    """Disks of a configuration and those that the running domain has beside them; writable for one is writable."""
    found: dict[str, Device] = {}
    for device in (*wanted, *held):
        known = found.get(device.path)
        if known is None or (device.is_writable and not known.is_writable):
            found[device.path] = device
    return tuple(found.values())


def domain_items(
    tools: tuple[str, ...],
    resources: Sequence[Resource],
    context: Context,
    config_path: Callable[[Resource], Path],
) -> Iterator[InventoryItem]:
    """Facts of guests of one toolstack: two lists for all of them, and their configurations. Raises Cancelled only.

    Args:
        tools: commands of the toolstack.
        resources: its guests.
        context: of the inventory.
        config_path: where the configuration of a guest is.
    """
    toolstack = Toolstack(tools, context)
    try:
        answer = toolstack.query("list")
        listing = parse_listing(answer.stdout)
        if answer.rc != 0 or not listing.is_sound:
            raise ActionError(f"{answer.argv[0]} list: {said(answer.stderr, answer.stdout)}")
        details = toolstack.query("list", "-l", timeout=LISTING_LIMIT * 2)
    except OpenSVCError as error:
        context.note_error(error)
        return
    held = parse_all_disks(details.stdout) if details.rc == 0 and details.argv[0] == XL else None
    for resource in resources:
        name = guest_name(resource)
        if problem := trouble_with(name):
            context.note(problem, "ambiguous_name", Severity.WARNING)
            continue
        try:
            settings = read_settings(config_path(resource))
            wanted = [] if settings is None else list_disks(settings.words("disk"), str(config_path(resource)))
        except SettingsError as error:
            context.note_error(error)
            continue
        row = listing.rows.get(name)
        if row is not None:
            yield InventoryItem(resource.id, "vcpus", row.vcpus or None)
            yield InventoryItem(resource.id, "memory", row.memory * MIB or None)
        elif settings is not None and name not in listing.rows:
            # One that does not say how many has one (xl.cfg(5)).
            yield InventoryItem(resource.id, "vcpus", settings.number("vcpus") or 1)
            yield InventoryItem(resource.id, "memory", (settings.number("memory") or 0) * MIB or None)
        running = (held or {}).get(name)
        if settings is not None or running is not None:
            yield InventoryItem(resource.id, "disks", merge_disks(wanted, held_disks(running or [])))
