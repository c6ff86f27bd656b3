"""Volume groups as a simulated node sees them on the disks that it shares with others, and how they are written."""

# pathlib would add a third to the time of a call.
from __future__ import annotations

import marshal
import os

from opensvc_testkit.executables import multipath_maps, news, reservations
from opensvc_testkit.executables.disks import disks_of, working_paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.lvm.shapes import Group, Label, LogicalVolume, PhysicalVolume
    from opensvc_testkit.executables.shapes import Node, SharedDisk, World

LABEL = "lvm"
"""Key of what LVM wrote, in the label of a disk."""
EXTENT = 4 << 20
START = 1 << 20
"""Bytes before the first extent."""
LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
UNKNOWN = "[unknown]"
"""The name of a disk that is not there."""


class UnwritableError(Exception):
    """A write failed; the text is the special file."""


def new_uuid() -> str:
    """An identifier as LVM makes them: ``xoewiz-eZzs-TpSc-dTBY-gAfu-RCbq-M8fMEE``."""
    letters = "".join(LETTERS[byte % len(LETTERS)] for byte in os.urandom(32))
    parts, place = [], 0
    for size in (6, 4, 4, 4, 4, 4, 6):
        parts.append(letters[place : place + size])
        place += size
    return "-".join(parts)


def label_of(disk: SharedDisk) -> Label | None:
    """What LVM wrote on a disk; None for nothing."""
    label: Label | None = disk["label"].get(LABEL)
    return label


class Device:
    """A disk as a node sees it: ``path`` is the special file that LVM uses, ``copies`` are further ones."""

    __slots__ = ("copies", "disk", "nexuses", "path")

    def __init__(self, node: Node, disk: SharedDisk) -> None:
        files = working_paths(disk, node["name"])
        self.disk = disk
        self.nexuses = [(node["name"], file) for file in files]
        maps = (
            [each["name"] for each in multipath_maps.state_of(node)["maps"].values() if each["wwid"] == disk["wwid"]]
            if multipath_maps.PLATFORM in node["platforms"]
            else []
        )
        names = [f"/dev/mapper/{name}" for name in maps] or files
        self.path = names[0] if names and files else ""
        self.copies = names[1:] if not maps else []

    @property
    def is_readable(self) -> bool:
        """Whether it is there, and no reservation forbids to read it."""
        return bool(self.path) and reservations.may_read(self.disk, self.nexuses[0])

    @property
    def is_writable(self) -> bool:
        """Whether a write is carried out, whichever path it takes."""
        return bool(self.path) and all(reservations.may_write(self.disk, nexus) for nexus in self.nexuses)

    @property
    def extents(self) -> int:
        """Extents that fit on it."""
        return max((self.disk["size"] - START) // EXTENT, 0)


class Seen:
    """Everything that LVM finds on a node's disks.

    ``devices`` by UUID of the physical volume, ``groups`` the newest version of each, by name, ``unsorted`` as
    commands go through them that sort nothing; ``orphans`` are devices of no group, ``blank`` those that LVM never
    wrote on, ``order`` all in the order in which they were found.
    """

    def __init__(self, world: World, node: Node) -> None:
        self.node = node
        self.devices: dict[str, Device] = {}
        self.blank: list[Device] = []
        self.orphans: list[str] = []
        self.versions: dict[str, int] = {}
        newest: dict[str, Group] = {}
        for disk in disks_of(world, node["name"]):
            device = Device(node, disk)
            if not device.is_readable:
                continue
            label = label_of(disk)
            if label is None:
                self.blank.append(device)
                continue
            self.devices[label["uuid"]] = device
            group = label["group"]
            if group is None:
                self.orphans.append(label["uuid"])
                continue
            self.versions[label["uuid"]] = group["seqno"]
            known = newest.get(group["uuid"])
            if known is None or known["seqno"] < group["seqno"]:
                newest[group["uuid"]] = group
        self.order = [*self.devices.values(), *self.blank]
        self.unsorted = [copied(group) for group in reversed(newest.values())]
        self.groups = sorted(self.unsorted, key=lambda group: group["name"])

    def named(self, name: str) -> list[Group]:
        """Groups of a name; two may have one."""
        return [group for group in self.groups if group["name"] == name]

    def device_name(self, disk: PhysicalVolume) -> str:
        """The special file of a group's disk here."""
        return self.devices[disk["uuid"]].path if disk["uuid"] in self.devices else UNKNOWN

    def is_missing(self, disk: PhysicalVolume) -> bool:
        """Whether a group's disk is not there, or was not at a write."""
        return disk["missing"] or disk["uuid"] not in self.devices

    def missing(self, group: Group) -> list[PhysicalVolume]:
        """Disks that a group lacks."""
        return [disk for disk in group["disks"] if self.is_missing(disk)]

    def is_partial(self, group: Group, volume: LogicalVolume) -> bool:
        """Whether a volume lies on a disk that is missing."""
        gone = {disk["uuid"] for disk in self.missing(group)}
        return any(uuid in gone for uuid, _ in volume["parts"])

    def has_copies(self, group: Group) -> bool:
        """Whether a disk of a group is there twice."""
        return any(self.devices[disk["uuid"]].copies for disk in group["disks"] if disk["uuid"] in self.devices)

    def stale(self, group: Group) -> list[PhysicalVolume]:
        """Disks that are back and have an older version of their group."""
        return [
            disk for disk in group["disks"] if self.versions.get(disk["uuid"], group["seqno"]) < group["seqno"]
        ]  # fmt: skip

    def unwritable(self, group: Group) -> list[Device]:
        """Disks of a group that are there and refuse a write."""
        present = [self.devices[disk["uuid"]] for disk in group["disks"] if disk["uuid"] in self.devices]
        return [device for device in present if not device.is_writable]

    def write(self, group: Group) -> None:
        """Write a group on all of its disks that are there and take it; on others an older version stays."""
        group["seqno"] += 1
        for disk in group["disks"]:
            if disk["uuid"] in self.devices:
                disk["device"] = self.devices[disk["uuid"]].path
            else:
                disk["missing"], disk["device"] = True, UNKNOWN
        for disk in group["disks"]:
            device = self.devices.get(disk["uuid"])
            if device is None or not device.is_writable:
                continue
            device.disk["label"][LABEL] = {"uuid": disk["uuid"], "group": copied(group)}
            self.versions[disk["uuid"]] = group["seqno"]
            for nexus in device.nexuses:
                # The kernel tries a write again that heard news of its path.
                news.forget_attentions(device.disk, nexus)

    def label(self, device: Device) -> str:
        """Make a physical volume of a device; its UUID. Raises UnwritableError."""
        if not device.is_writable:
            raise UnwritableError(device.path)
        uuid = new_uuid()
        device.disk["label"][LABEL] = {"uuid": uuid, "group": None}
        self.devices[uuid] = device
        self.orphans.append(uuid)
        return uuid

    def wipe(self, uuid: str, *, keeps_label: bool) -> None:
        """Take a disk out of its group, or take the label off it. Raises UnwritableError."""
        device = self.devices[uuid]
        if not device.is_writable:
            raise UnwritableError(device.path)
        if keeps_label:
            device.disk["label"][LABEL] = {"uuid": uuid, "group": None}
        else:
            del device.disk["label"][LABEL]


def copied(group: Group) -> Group:
    """A copy of all of a group: what is written on two disks must not be one thing."""
    copy: Group = marshal.loads(marshal.dumps(group))  # type: ignore[arg-type] # noqa: S302 - our own plain values
    return copy


def free_extents(group: Group, uuid: str) -> int:
    """Extents of a group's disk that no volume has."""
    size = next(disk["size"] for disk in group["disks"] if disk["uuid"] == uuid)
    used = [extents for volume in group["volumes"] for where, extents in volume["parts"] if where == uuid]
    return size - sum(used)


def extents_of(volume: LogicalVolume) -> int:
    """Extents of a volume."""
    return sum(extents for _, extents in volume["parts"])
