"""Shapes of what a simulated Solaris node knows, as plain values that marshal can keep; read by type checkers only."""

from __future__ import annotations

from typing import TypedDict


class Zone(TypedDict):
    """One zone that a node knows.

    ``state`` is the word of ``zoneadm list``; while the zone shuts down, ``zones.shown_state`` tells how far it is.
    ``id`` is None unless it is ready or above; ``boot_at``: a late boot takes effect then; ``held_until``: another
    ``zoneadm`` works on it until then (the brand's hook after a halt, ``hook_time`` seconds). ``nets`` (address,
    physical, defrouter) and ``filesystems`` (dir, special, type) are resources of its configuration, an empty word is
    not specified. ``attach_fails``: options of which an attach needs one, empty for none; ``boot_error``: why its
    platform cannot be made, empty if it can.
    """

    name: str
    state: str
    zonepath: str
    uuid: str
    brand: str
    ip_type: str
    autoboot: bool
    nets: list[dict[str, str]]
    filesystems: list[dict[str, str]]
    datasets: list[str]
    id: int | None
    boot_at: float | None
    held_until: float
    hook_time: float
    attach_fails: list[str]
    boot_error: str


class System(TypedDict):
    """A node's Solaris: its release decides columns and subcommands; ``links`` are its network cards.

    ``missing_folders`` are zonepaths that somebody took away, ``modes`` those of zonepaths that are not 700;
    ``is_privileged``: whether commands run as root.
    """

    release: str
    hostid: int
    links: list[str]
    missing_folders: list[str]
    modes: dict[str, str]
    is_privileged: bool
    next_zone: int


class Interface(TypedDict):
    """A logical interface, ``bge0`` or ``bge0:1``; ``zone`` is empty for the global one."""

    name: str
    address: str
    prefix: int
    broadcast: str
    zone: str
    mac: str
    is_up: bool


class VirtualDisk(TypedDict):
    """A disk of a logical domain; ``volume`` is ``volume@service``."""

    name: str
    volume: str
    number: int


class LogicalDomain(TypedDict):
    """One logical domain of a node: ``state`` is inactive, bound, active; sizes in bytes; ``console`` a port."""

    name: str
    state: str
    cpus: int
    memory: int
    console: int
    disks: list[VirtualDisk]
    variables: dict[str, str]
    started_at: float


class Volume(TypedDict):
    """A volume of a virtual disk service: its name and the device of the service domain behind it."""

    name: str
    device: str
    options: str


class VirtualDisks(TypedDict):
    """Everything that the Logical Domains Manager of a node knows. ``services``: volumes by disk service."""

    version: str
    domains: dict[str, LogicalDomain]
    services: dict[str, list[Volume]]


class PoolDevice(TypedDict):
    """A device of a pool: the disk by its identity, and the state that was set for it (empty: what it is)."""

    disk: str
    fault: str


class PoolGroup(TypedDict):
    """A top-level part of a pool: ``kind`` is mirror, raidz1, or empty for a single device."""

    kind: str
    devices: list[PoolDevice]


class Dataset(TypedDict):
    """A file system of a pool; ``name`` without the pool's, empty for its top; ``mountpoint`` may be none or legacy."""

    name: str
    mountpoint: str
    canmount: str


class Pool(TypedDict):
    """What the labels on a pool's disks say.

    ``is_exported``: the last node that had it gave it up; ``hostid``, ``hostname``, ``accessed_at`` of that node.
    ``generation`` counts the writes: of several labels the highest holds.
    """

    name: str
    guid: int
    groups: list[PoolGroup]
    datasets: list[Dataset]
    properties: dict[str, str]
    size: int
    generation: int
    is_exported: bool
    hostid: int
    hostname: str
    accessed_at: float


class ImportedPool(TypedDict):
    """A pool that a node has imported: under which name, where it is mounted, what its user says that it suffers."""

    name: str
    guid: int
    altroot: str
    cachefile: str
    mounted: list[str]
    busy: list[str]
    is_suspended: bool
