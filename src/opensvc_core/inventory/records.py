"""What an inventory tells, as immutable values. ``None`` is what cannot be told: it is never a guess, and never 0."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.model import Note


@frozen
class Interface:
    """A network interface of the node.

    Attributes:
        name: as the system calls it: ``eth0``, ``lan0``, ``bge0:1``.
        mac: ``00:11:22:aa:bb:cc``, ``None`` if it has none or that cannot be told.
        addresses: with their prefix lengths, ``10.0.0.1/24``; without where the system does not tell them.
        is_up: whether it is administratively up.
    """

    name: str
    mac: str | None = None
    addresses: tuple[str, ...] = ()
    is_up: bool | None = None


@frozen
class NodeFacts:
    """What a node is.

    Attributes:
        node: its name.
        at: when it was asked, seconds since the epoch.
        host_mode: ``PRD``, ``DEV``, …; ``None`` while none is set.
        os_name: as ``uname -s`` prints it: ``Linux``, ``HP-UX``, ``SunOS``.
        os_vendor: who makes the system: ``Debian``, ``Red Hat``, ``HP``, ``Oracle``.
        os_release: of the distribution or system: ``12``, ``B.11.31``, ``11.4``.
        os_kernel: release of the kernel, ``6.1.0-13-amd64``.
        os_arch: ``x86_64``, ``ia64``, ``sun4v``.
        cpu_model: in the words of the maker.
        cpu_freq: nominal, MHz; of a CPU that tells no nominal one, the highest.
        cpu_dies: sockets that hold a processor.
        cpu_cores: physical cores of all of them.
        cpu_threads: logical processors that the system schedules on.
        mem_bytes: usable memory.
        mem_banks: memory modules that are there.
        mem_slots: places for memory modules.
        serial: number of the machine.
        manufacturer: of the machine.
        model: of the machine.
        interfaces: of the network, the loopback left out.
        boot_time: seconds since the epoch.
        notes: why something cannot be told.
    """

    node: str
    at: float
    host_mode: str | None = None
    os_name: str | None = None
    os_vendor: str | None = None
    os_release: str | None = None
    os_kernel: str | None = None
    os_arch: str | None = None
    cpu_model: str | None = None
    cpu_freq: int | None = None
    cpu_dies: int | None = None
    cpu_cores: int | None = None
    cpu_threads: int | None = None
    mem_bytes: int | None = None
    mem_banks: int | None = None
    mem_slots: int | None = None
    serial: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    interfaces: tuple[Interface, ...] | None = None
    boot_time: float | None = None
    notes: tuple[Note, ...] = ()


class CheckState(Enum):
    """What a check says."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    UNKNOWN = "unknown"
    """It cannot be told."""


@frozen
class Check:
    """How full one thing is.

    Attributes:
        type: ``fs_u`` (space of a file system), ``fs_i`` (inodes), ``vg_u`` (extents of a volume group).
        instance: mount point, or name of the group.
        value: percent in use, ``None`` if it cannot be told.
        state: as the thresholds judge it.
        warning: percent from which on it is a warning, ``None`` for never.
        error: percent from which on it is an error, ``None`` for never.
        service: that it belongs to, empty for what is the node's own.
        rid: resource of that service, empty likewise.
        text: why it cannot be told, or empty.
    """

    type: str
    instance: str
    value: int | None
    state: CheckState
    warning: int | None
    error: int | None
    service: str = ""
    rid: str = ""
    text: str = ""


@frozen
class CheckReport:
    """All checks of a node.

    Attributes:
        node: its name.
        at: when it was asked, seconds since the epoch.
        checks: ordered by type and instance.
        notes: what could not be asked at all.
    """

    node: str
    at: float
    checks: tuple[Check, ...] = ()
    notes: tuple[Note, ...] = ()


@frozen
class DiskRecord:
    """A disk that a service uses on this node.

    Attributes:
        disk_id: what every node calls it: WWID (``naa.…``, ``eui.…``, ``t10.…``, HP-UX ``0x…``) or serial number;
            ``None`` for one that has none (a file, an image on the network) or does not tell it.
        node: where it was seen.
        service: that uses it.
        rid: resource that lists it.
        guest: name of the guest that uses it, empty if none does.
        path: as this node sees it.
        kind: ``block``, ``file`` or ``network``.
        size: bytes.
        vendor: ``HP``, ``LIO-ORG``.
        model: ``OPEN-V``.
        group: name of the volume group or pool that it belongs to, empty if none.
        target: its name inside the guest, empty if unknown.
        is_writable: whether the service may write to it.
    """

    disk_id: str | None
    node: str
    service: str
    rid: str
    path: str
    kind: str = "block"
    guest: str = ""
    size: int | None = None
    vendor: str | None = None
    model: str | None = None
    group: str = ""
    target: str = ""
    is_writable: bool = True


@frozen
class ResourceFacts:
    """What the driver of one resource tells of it.

    Attributes:
        rid: of the resource.
        driver: id of its driver.
        label: in the words of tables.
        guest: name of the guest that it is, or lives in; empty if none.
        facts: by name, see ``docs/reference/inventory.md``: ``vcpus``, ``memory``, ``addresses``, ``size``, …
        files: configuration outside the service file that peers need.
        problem: why something of it cannot be told, or empty.
    """

    rid: str
    driver: str
    label: str = ""
    guest: str = ""
    facts: Mapping[str, Any] = field(factory=dict, hash=False)
    files: tuple[str, ...] = ()
    problem: str = ""


@frozen
class ServiceInventory:
    """What a service is made of on this node.

    Attributes:
        service: its name.
        vcpus: virtual processors of its guests, ``None`` if it has none or one of them cannot be told.
        memory: bytes of its guests, ``None`` likewise.
        addresses: numeric ones of its guests and of its own, as far as they are told.
        disks: each once, ordered by resource and path.
        resources: in the order of the service file.
    """

    service: str
    vcpus: int | None = None
    memory: int | None = None
    addresses: tuple[str, ...] = ()
    disks: tuple[DiskRecord, ...] = ()
    resources: tuple[ResourceFacts, ...] = ()


@frozen
class Inventory:
    """What services are made of on this node.

    Attributes:
        node: its name.
        at: when it was asked, seconds since the epoch.
        services: in the order in which they were asked for.
        notes: what tools could not tell.
    """

    node: str
    at: float
    services: tuple[ServiceInventory, ...] = ()
    notes: tuple[Note, ...] = ()


@frozen(order=True)
class Package:
    """An installed package."""

    name: str
    version: str
    arch: str = ""


@frozen(order=True)
class Patch:
    """An installed patch: its number, and its revision where the platform counts them apart."""

    number: str
    revision: str = ""


@frozen
class PackageList:
    """What is installed on a node.

    Attributes:
        node: its name.
        at: when it was asked, seconds since the epoch.
        packages: ordered; ``None`` if the platform cannot be asked.
        patches: ordered; ``None`` where the platform has none apart from packages, or cannot be asked.
        notes: what could not be asked.
    """

    node: str
    at: float
    packages: tuple[Package, ...] | None = None
    patches: tuple[Patch, ...] | None = None
    notes: tuple[Note, ...] = ()
