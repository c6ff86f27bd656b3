"""Volume groups, their disks and volumes as LVM reports them (lvmreport(7), lvs(8), vgs(8); seen with 2.03.16)."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from attrs import field, frozen


class Activity(Enum):
    """Whether a logical volume is in the kernel, from the fifth letter of ``lv_attr`` (lvs(8))."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    SUSPENDED = "suspended"
    """In the kernel, and whoever writes to it waits."""
    LEFTOVER = "left over"
    """In the kernel without a table: neither usable nor gone."""
    UNKNOWN = "unknown"
    """LVM could not ask the kernel, or says what is not known here."""


_ACTIVITIES = {
    "-": Activity.INACTIVE,
    "h": Activity.INACTIVE,
    "a": Activity.ACTIVE,
    "I": Activity.ACTIVE,
    "m": Activity.ACTIVE,
    "c": Activity.ACTIVE,
    "s": Activity.SUSPENDED,
    "S": Activity.SUSPENDED,
    "M": Activity.SUSPENDED,
    "C": Activity.SUSPENDED,
    "d": Activity.LEFTOVER,
    "i": Activity.LEFTOVER,
}
UNFIT = {"D": "out of data space", "F": "failed", "M": "its metadata is read only", "p": "misses a disk"}
"""What the ninth letter of ``lv_attr`` says of a volume that does not take every write."""
MISSING = "[unknown]"
"""What LVM prints as the name of a disk that it does not find."""


@frozen
class PhysicalVolume:
    """A disk of a group.

    Attributes:
        uuid: LVM's own.
        path: the special file on this node; ``[unknown]`` where the disk is not found.
        is_missing: the group does without it: it is not found, or was written to without it and not restored.
    """

    uuid: str
    path: str
    is_missing: bool = False


@frozen
class VolumeGroup:
    """A volume group.

    Attributes:
        name: of the group; two groups may have one.
        uuid: LVM's own.
        attributes: ``vg_attr``: third letter ``x`` for exported, fourth ``p`` for partial.
        tags: without ``@``.
        system_id: the one system that may use it, empty for any.
        size: bytes, ``None`` if not told.
        free: bytes, ``None`` if not told.
        disks: its physical volumes.
    """

    name: str
    uuid: str
    attributes: str
    tags: frozenset[str] = frozenset()
    system_id: str = ""
    size: int | None = None
    free: int | None = None
    disks: tuple[PhysicalVolume, ...] = ()

    @property
    def is_exported(self) -> bool:
        """Whether it was exported (``vgexport``): nobody can activate it."""
        return self.attributes[2:3] == "x"

    @property
    def missing(self) -> tuple[PhysicalVolume, ...]:
        """Disks that it does without."""
        return tuple(disk for disk in self.disks if disk.is_missing)

    @property
    def is_partial(self) -> bool:
        """Whether a disk is missing."""
        return self.attributes[3:4] == "p" or bool(self.missing)


@frozen
class LogicalVolume:
    """A logical volume, hidden parts of others included.

    Attributes:
        group: UUID of its group.
        name: in brackets for hidden parts.
        attributes: ``lv_attr``.
        roles: ``public`` for what can be used, ``private`` for parts.
        number: ``major:minor`` of its device, empty while it has none.
        health: LVM's own words.
        data_percent: how full a pool or snapshot is.
        metadata_percent: how full a pool's metadata is.
    """

    group: str
    name: str
    attributes: str
    roles: frozenset[str] = frozenset()
    number: str = ""
    health: str = ""
    data_percent: float | None = None
    metadata_percent: float | None = None

    @property
    def activity(self) -> Activity:
        """Whether it is in the kernel."""
        return _ACTIVITIES.get(self.attributes[4:5], Activity.UNKNOWN)

    @property
    def is_expected(self) -> bool:
        """Whether an activation of the group brings it up: what can be used and does not ask to be skipped."""
        is_skipped = self.attributes[9:10] == "k" or self.attributes[4:5] == "h"
        return "public" in self.roles and not is_skipped

    @property
    def unfitness(self) -> str:
        """Why it does not take every write though it is active, empty if it does."""
        if self.attributes[4:5] in {"I", "S"}:
            return "its snapshot is invalid"
        return UNFIT.get(self.attributes[8:9], "")


@frozen
class MappedDevice:
    """A device of the kernel's device-mapper.

    Attributes:
        number: ``major:minor``.
        name: as in ``/dev/mapper``: hyphens of LVM names are doubled.
        uuid: for LVM: ``LVM-``, the group's UUID, the volume's, without hyphens.
    """

    number: str
    name: str
    uuid: str

    def is_of(self, group: VolumeGroup) -> bool:
        """Whether it is a volume of a group, or a part of one."""
        return self.uuid.startswith(f"LVM-{group.uuid.replace('-', '')}")

    def is_named_for(self, name: str) -> bool:
        """Whether it is a volume of some group of that name."""
        prefix = f"{name.replace('-', '--')}-"
        return self.uuid.startswith("LVM-") and self.name.startswith(prefix) and self.name[len(prefix) :][:1] != "-"


@frozen
class Survey:
    """What LVM and the kernel say of this node's groups.

    Attributes:
        groups: every group that LVM sees.
        volumes: every logical volume of them; ``None`` if that could not be told.
        is_whole: LVM had nothing to complain about: what it does not list is not there.
        trouble: what it complained about, in its words.
        mapped: devices in the kernel.
        foreign: UUIDs of groups that belong to another system, by LVM's system id.
        copies: for the UUID of a physical volume, other devices that hold a copy of it.
        last_paths: for the UUID of a missing physical volume, where it was last.
        unlisted: UUIDs of missing physical volumes that LVM's devices file leaves out, ``*`` for groups not seen.
    """

    groups: tuple[VolumeGroup, ...] = ()
    volumes: tuple[LogicalVolume, ...] | None = None
    is_whole: bool = True
    trouble: str = ""
    mapped: tuple[MappedDevice, ...] = ()
    foreign: frozenset[str] = frozenset()
    copies: dict[str, tuple[str, ...]] = field(factory=dict, hash=False)
    last_paths: dict[str, str] = field(factory=dict, hash=False)
    unlisted: frozenset[str] = frozenset()

    def named(self, name: str) -> tuple[VolumeGroup, ...]:
        """The groups of that name."""
        return tuple(group for group in self.groups if group.name == name)

    def can_use(self, group: VolumeGroup) -> bool:
        """Whether LVM lets this node use a group at all: of one that is exported it does not even list the volumes."""
        return not group.is_exported and group.uuid not in self.foreign

    def volumes_of(self, groups: Collection[VolumeGroup]) -> tuple[LogicalVolume, ...]:
        """Logical volumes of groups, hidden parts included."""
        uuids = {group.uuid for group in groups}
        return tuple(volume for volume in self.volumes or () if volume.group in uuids)

    def mapped_of(self, name: str) -> tuple[MappedDevice, ...]:
        """Devices in the kernel that belong to the groups of that name; by name only where LVM sees none."""
        groups = self.named(name)
        if not groups:
            return tuple(device for device in self.mapped if device.is_named_for(name))
        return tuple(device for device in self.mapped if any(device.is_of(group) for group in groups))
