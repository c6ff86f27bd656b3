"""Which driver a section means: the vocabulary of 2010 as one table.

It does not grow: what others bring is named by `type = ...`.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from opensvc_core.config.defaults import HOSTED
from opensvc_core.model import Phase

ANY: Final = "*"


@frozen
class Meaning:
    """One row: what a section of a type means.

    Attributes:
        section: type of the section, the part before ``#``.
        driver: driver id; empty where ``type`` must be given.
        mode: type of the container that the resource belongs to, ``hosted`` for none, ``*`` for any.
        os_name: of the node, as ``uname -s`` prints it, ``*`` for any.
    """

    section: str
    driver: str
    mode: str = ANY
    os_name: str = ANY


VOCABULARY: Final = (
    Meaning("container", ""),
    Meaning("vmdg", "disk.vmdg"),
    Meaning("vg", "disk.lvm", os_name="Linux"),
    Meaning("vg", "disk.hpux_lvm", os_name="HP-UX"),
    Meaning("pool", "disk.zpool"),
    Meaning("disk", ""),
    Meaning("drbd", "disk.drbd"),
    Meaning("loop", "disk.loop"),
    Meaning("vdisk", "disk.vdisk"),
    Meaning("fs", "fs.solaris", os_name="SunOS"),
    Meaning("fs", "fs.mount"),
    Meaning("ip", "ip.zone", mode="zone"),
    Meaning("ip", "ip.host", mode=HOSTED),
    Meaning("ip", "ip.guest"),
    Meaning("app", "app.launchers"),
    Meaning("sync", "sync.rsync"),
)
"""The first row that fits counts."""

DRIVER_GROUPS: Final = {"vmdg": "disk", "vg": "disk", "pool": "disk", "drbd": "disk", "loop": "disk", "vdisk": "disk"}
"""Driver group of the section types whose name is not the group itself: ``[vg#1] type = x`` is ``disk.x``."""

SECTION_TYPES: Final = tuple(dict.fromkeys(row.section for row in VOCABULARY))
"""Every type of section that makes a resource."""

SINGLE: Final = "vmdg"
"""The one section of a resource without ``#``: a service has one of it."""

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]*")
"""What may follow ``#``, in lower case."""

_DRIVER: Final = re.compile(r"[a-z][a-z0-9_]*\.[a-z0-9][a-z0-9_.-]*")

_UNRESERVABLE: Final = frozenset({"disk.loop", "disk.drbd", "disk.vdisk", "disk.scsireserv"})

_PHASES: Final = {
    "disk.scsireserv": Phase.RESERVATION,
    "ip.guest": Phase.GUEST_ADDRESS,
    "disk": Phase.DISK,
    "fs": Phase.FILESYSTEM,
    "ip": Phase.ADDRESS,
    "container": Phase.CONTAINER,
    "app": Phase.APPLICATION,
    "sync": Phase.REPLICATION,
}


def group_of_driver(driver: str) -> str:
    """``disk`` of ``disk.lvm``."""
    return driver.partition(".")[0]


def default_phase(driver: str) -> Phase | None:
    """Place of a driver in the default order by its id; ``None`` for a group that has none and must declare it."""
    return _PHASES.get(driver, _PHASES.get(group_of_driver(driver)))


def can_reserve(driver: str) -> bool:
    """Whether resources of a driver bring disks that a SCSI reservation can be taken on."""
    return group_of_driver(driver) in {"disk", "container"} and driver not in _UNRESERVABLE


def is_driver_id(driver: str) -> bool:
    """Whether this is spelt as a driver id: ``group.type``, lower case."""
    return _DRIVER.fullmatch(driver) is not None


def named_driver(section: str, type_name: str) -> str:
    """Driver id of ``type = type_name`` in a section of this type."""
    word = type_name.lower()
    return word if "." in word else f"{DRIVER_GROUPS.get(section, section)}.{word}"


def usual_driver(section: str, mode: str, os_name: str) -> str:
    """Driver id of a section that has no ``type``; empty where the table has none for this mode and system."""
    for row in VOCABULARY:
        if row.section == section and row.mode in {ANY, mode} and row.os_name in {ANY, os_name}:
            return row.driver
    return ""
