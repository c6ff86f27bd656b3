"""Shapes of the simulated world, as plain values that marshal can keep; read by type checkers only."""

from __future__ import annotations

from typing import Any, TypedDict, final


class Disk(TypedDict):
    """One disk of a definition, as ``virsh domblklist --details`` shows it."""

    type: str
    device: str
    target: str
    source: str


class Definition(TypedDict):
    """What a domain XML says. ``memory`` in KiB; ``agent``: it has a channel for the QEMU guest agent."""

    xml: str
    disks: list[Disk]
    memory: int
    vcpus: int
    agent: bool


class Job(TypedDict):
    """A migration under way: ``in`` or ``out``, and the process that does it.

    ``began``: see ``jobs.started``; ``is_over``: the guest's memory has gone over; ``is_aborted``: it was told to end.
    """

    direction: str
    pid: int
    began: int
    is_over: bool
    is_aborted: bool


@final
class Domain(TypedDict):
    """One domain of one node's libvirt.

    ``config`` is the persistent definition (None: transient), ``live`` that of the running one, ``id`` None while
    it is off; ``state`` and ``reason`` are libvirt's numbers; ``boot`` is the folder of what runs in it, empty while
    it is off. The times are of the cluster's clock; None: never.
    """

    name: str
    uuid: str
    config: Definition | None
    live: Definition | None
    autostart: bool
    id: int | None
    state: int
    reason: int
    start_at: float | None
    answers_at: float | None
    shell_at: float | None
    crash_at: float | None
    off_at: float | None
    is_frozen: bool
    boot: str
    job: Job | None


@final
class Power(TypedDict):
    """A guest of any platform but libvirt that has power on a node.

    ``platform`` is the name of the platform's state on its node and of its row in ``platforms.MODULES``; ``key`` is
    what that platform calls it. ``ending`` is what happens at ``off_at``: see ``life.ENDINGS``. ``boot``, the times,
    ``is_frozen`` as in ``Domain``; ``is_paused`` by the platform, which gives it no processor.
    """

    guest: str
    platform: str
    key: str
    boot: str
    answers_at: float | None
    shell_at: float | None
    crash_at: float | None
    off_at: float | None
    ending: str
    is_paused: bool
    is_frozen: bool


class Address(TypedDict):
    """An address that the guest plumbs on an adapter when it boots."""

    address: str
    prefix: int
    device: str
    mac: str


class Guest(TypedDict):
    """What is installed on a guest's disk: the same whichever node runs it. Times in seconds, None: never.

    ``iproute`` is one of iproute2, busybox (no ``-j``), or empty: there is no ``ip``. ``migration_time``: until its
    memory has gone over; ``has_shared_images``: its image files lie where the hypervisor knows that others see them.
    """

    name: str
    hostname: str
    addresses: list[Address]
    boot_time: float | None
    shell_delay: float | None
    shutdown_time: float | None
    crashes_after: float | None
    has_agent: bool
    iproute: str
    has_ifconfig: bool
    host_key: str
    migration_time: float | None
    has_shared_images: bool


class Node(TypedDict):
    """A hypervisor.

    ``os_name`` as ``uname -s`` prints it; ``libvirtd`` is one of running, absent, killed, denied, hung. ``platforms``
    is the state of each other platform, made on first use by its module; ``powered`` the guests of these that have
    power, by name of the guest.
    """

    name: str
    address: str
    os_name: str
    platforms: dict[str, dict[str, Any]]
    powered: dict[str, Power]
    libvirtd: str
    next_id: int
    domains: dict[str, Domain]


class Machine(TypedDict):
    """Something else on the network that has a name and an address."""

    name: str
    address: str
    mac: str
    answers: bool


class Fault(TypedDict):
    """A fault that waits for a call. ``times`` None: until it is cleared."""

    number: int
    command: str
    words: list[str]
    node: str
    kind: str
    seconds: float
    status: int
    text: str
    after: bool
    times: int | None


class Registration(TypedDict):
    """One registration on a disk: by the path of a node that leads to it (an I_T nexus).

    A nexus that is no more (the node came back as another one) keeps its registration under a path that no node has.
    """

    node: str
    path: str
    key: int


class Attention(TypedDict):
    """A unit attention that a nexus has not been told yet; ``sense`` is what it is about."""

    node: str
    path: str
    sense: str


class SharedDisk(TypedDict):
    """A LUN that several nodes may see.

    ``wwid`` as the kernel writes it, ``naa.6…``; ``size`` in bytes. ``target`` is what answers for it, one of
    ``targets.TARGETS``: they differ. ``paths`` by node are the special files that lead to it there, one a path;
    ``lost`` those of them that are down. ``holder`` is the nexus that holds the reservation as (node, path), ``type``
    its type (0: none); ``persists`` whether registrations outlive a power loss of the target (APTPL); ``label`` is
    what a volume manager wrote on it.
    """

    wwid: str
    size: int
    vendor: str
    model: str
    target: str
    paths: dict[str, list[str]]
    lost: dict[str, list[str]]
    registrations: list[Registration]
    holder: tuple[str, str] | None
    type: int
    generation: int
    persists: bool
    attentions: list[Attention]
    label: dict[str, Any]


class World(TypedDict):
    """Everything. ``clock_offset`` in seconds, added to this machine's time; ``disks`` by WWID."""

    clock_offset: float
    nodes: dict[str, Node]
    guests: dict[str, Guest]
    machines: dict[str, Machine]
    faults: list[Fault]
    next_fault: int
    next_boot: int
    disks: dict[str, SharedDisk]
