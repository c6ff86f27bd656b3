"""Shapes of what LVM writes on disks and keeps on a node, as plain values; read by type checkers only."""

from __future__ import annotations

from typing import TypedDict, final


class PhysicalVolume(TypedDict):
    """A disk as a group knows it.

    ``device`` is what it was called by who wrote last; ``missing``: it was not there at a write, and counts as missing
    for good since; ``size`` in extents.
    """

    uuid: str
    device: str
    size: int
    missing: bool


class LogicalVolume(TypedDict):
    """A volume: ``parts`` are UUID of a disk and number of extents; ``skip``: not activated unless overridden."""

    name: str
    uuid: str
    tags: list[str]
    skip: bool
    parts: list[tuple[str, int]]


@final
class Group(TypedDict):
    """A volume group as it is written on each of its disks. ``extent`` in bytes; ``seqno`` counts writes."""

    name: str
    uuid: str
    seqno: int
    tags: list[str]
    system_id: str
    exported: bool
    extent: int
    disks: list[PhysicalVolume]
    volumes: list[LogicalVolume]


class Label(TypedDict):
    """What is written on one disk; ``group`` None: it belongs to none."""

    uuid: str
    group: Group | None


class Active(TypedDict):
    """A volume that is active on a node, as its kernel knows it.

    ``name`` and ``uuid`` are device-mapper's; ``open`` counts openers, each of which goes at a refused deactivation
    (-1: one that stays); ``health`` a letter of ``lv_attr``, ``full`` per cent of its data as text.
    """

    name: str
    uuid: str
    open: int
    suspended: bool
    health: str
    full: str


class System(TypedDict):
    """The LVM of one node.

    ``volume_list`` None: everything may be activated. ``active`` by UUID of the volume. ``has_mapper`` whether its
    kernel has device-mapper; ``backs_up`` whether metadata is backed up, else LVM warns.
    """

    volume_list: list[str] | None
    host_tags: list[str]
    system_id: str
    uses_devices_file: bool
    has_mapper: bool
    backs_up: bool
    active: dict[str, Active]
