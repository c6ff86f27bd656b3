"""What a survey means for a group: its state, and what an operator should know; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from attrs import frozen

from opensvc_core.api import Note, Severity, Status, StatusReport
from opensvc_lvm.devices_file import ANY
from opensvc_lvm.groups import MISSING, Activity, LogicalVolume, Survey, VolumeGroup
from opensvc_lvm.tags import NodeTags, node_tags

FULL = 90.0
"""Per cent from which a pool is told to be nearly full."""
_MOST_NAMED = 5


@frozen
class Seat:
    """Who asks: this node, for a service.

    Attributes:
        node: name of this node.
        members: names of all nodes of the service.
    """

    node: str
    members: tuple[str, ...]

    def tags_of(self, group: VolumeGroup) -> NodeTags:
        """The node tags of a group."""
        return node_tags(group.tags, self.node, self.members)


@frozen
class Obstacle:
    """Why a group cannot be brought up.

    Attributes:
        code: stable word.
        text: one line.
        hint: what to do.
    """

    code: str
    text: str
    hint: str = ""


def report(name: str, survey: Survey, seat: Seat) -> StatusReport:
    """State of the group of that name on this node."""
    groups = survey.named(name)
    notes = list(_notes(name, survey, seat))
    mapped = survey.mapped_of(name)
    volumes = survey.volumes_of(groups)
    unknown = [volume for volume in volumes if volume.activity is Activity.UNKNOWN]
    present = [volume for volume in volumes if volume.activity is not Activity.INACTIVE]
    if unknown:
        text = f"LVM cannot tell whether volumes are active: {names_of(unknown)}; see dmsetup version"
        return StatusReport(Status.UNDEF, (_warning(text, "activity_unknown"), *notes))
    if not present:
        return _inactive(name, survey, seat, notes, [device.name for device in mapped])
    expected = [volume for volume in volumes if volume.is_expected]
    worries = list(_worries(groups, expected, present, seat))
    return StatusReport(Status.WARN if worries else Status.UP, (*worries, *notes))


def _inactive(name: str, survey: Survey, seat: Seat, notes: Sequence[Note], mapped: Sequence[str]) -> StatusReport:
    """No volume is active, as far as LVM says."""
    if mapped:
        where = "LVM does not see the group" if not survey.named(name) else "LVM does not know them"
        text = f"volumes are in this node's kernel although {where}: {', '.join(mapped[:_MOST_NAMED])}"
        return StatusReport(Status.WARN, (_warning(text, "left_in_kernel"), *notes))
    if not survey.is_whole:
        return StatusReport(Status.UNDEF, (_warning(f"LVM stumbled: {survey.trouble}", "lvm_trouble"), *notes))
    groups = survey.named(name)
    is_empty = not any(volume.is_expected for volume in survey.volumes_of(groups))
    if len(groups) == 1 and is_empty and survey.can_use(groups[0]) and seat.tags_of(groups[0]).own:
        # A group without volumes has nothing but its tag to say who uses it.
        foreign = seat.tags_of(groups[0]).foreign_nodes
        extra = [_tagged_elsewhere(foreign)] if foreign else []
        return StatusReport(Status.WARN if foreign else Status.UP, (*extra, *notes))
    return StatusReport(Status.DOWN, tuple(notes))


def _worries(
    groups: Sequence[VolumeGroup], expected: Sequence[LogicalVolume], present: Sequence[LogicalVolume], seat: Seat
) -> Iterator[Note]:
    """Why a group with active volumes is not simply up."""
    inactive = [volume for volume in expected if volume.activity is Activity.INACTIVE]
    if inactive:
        yield _warning(f"not active: {names_of(inactive)}", "partly_active")
    for activity, words in ((Activity.SUSPENDED, "suspended"), (Activity.LEFTOVER, "in the kernel without a table")):
        which = [volume for volume in present if volume.activity is activity]
        if which:
            yield _warning(f"{words}: {names_of(which)}", "not_usable")
    for volume in present:
        if volume.unfitness:
            full = f" ({volume.data_percent:g} % full)" if volume.data_percent is not None else ""
            yield _warning(f"{volume.name}: {volume.unfitness}{full}: writes may fail", "unfit_volume")
    for group in groups:
        tags = seat.tags_of(group)
        if tags.foreign:
            yield _tagged_elsewhere(tags.foreign_nodes)
        if seat.node not in tags.own:
            yield _warning(
                f"active without the tag {seat.node}: nothing tells other nodes that it is in use; a start sets it",
                "untagged",
            )


def _notes(name: str, survey: Survey, seat: Seat) -> Iterator[Note]:
    """What should be known of a group, whatever its state."""
    groups = survey.named(name)
    volumes = survey.volumes_of(groups)
    is_active = any(volume.activity is not Activity.INACTIVE for volume in volumes)
    is_empty = not any(volume.is_expected for volume in volumes)
    for obstacle in obstacles(name, survey):
        yield _warning(obstacle.text, obstacle.code)
    for group in groups:
        tags = seat.tags_of(group)
        if not is_active and tags.foreign:
            yield Note(f"tagged for {' and '.join(tags.foreign_nodes)}", "tagged_elsewhere")
        if not is_active and tags.own and not is_empty:
            own = " and ".join(sorted(tags.own))
            yield _warning(f"carries the tag {own} of this node although inactive: a stop drops it", "stale_tag")
    for volume in volumes:
        for what, percent in (("data", volume.data_percent), ("metadata", volume.metadata_percent)):
            if volume.attributes[:1] == "t" and percent is not None and percent >= FULL and not volume.unfitness:
                yield _warning(f"thin pool {volume.name}: its {what} is {percent:g} % full", "pool_nearly_full")


def obstacles(name: str, survey: Survey) -> Iterator[Obstacle]:
    """Everything that stands in the way of a start, tags aside."""
    groups = survey.named(name)
    if not groups:
        blamed = ": its disks may not be in LVM's devices file (lvmdevices --adddev)" if ANY in survey.unlisted else ""
        yield Obstacle(
            "not_visible",
            f"LVM sees no volume group {name} on this node{blamed}",
            "are its disks connected, and not hidden by a filter of lvm.conf? pvs -a; lsblk",
        )
    if len(groups) > 1:
        uuids = ", ".join(group.uuid for group in groups)
        yield Obstacle(
            "duplicate_name",
            f"{len(groups)} volume groups are named {name}: {uuids}",
            "rename the one that is not meant: vgrename UUID NEW_NAME; or hide its disks",
        )
    for group in groups:
        yield from _obstacles_of(group, survey)


def _obstacles_of(group: VolumeGroup, survey: Survey) -> Iterator[Obstacle]:
    name = group.name
    if group.is_exported:
        yield Obstacle("exported", f"{name} is exported", f"if it is meant for this node: vgimport {name}")
    if group.uuid in survey.foreign:
        yield Obstacle(
            "foreign",
            f"{name} belongs to the system {group.system_id} (LVM system id), not to this one",
            f"tags do this better: on {group.system_id}, vgchange --systemid '' {name}",
        )
    if group.is_partial:
        yield Obstacle(
            "disk_missing",
            f"{name} misses {_missing(group, survey)}",
            f"connect it; if it is back and still told missing: vgextend --restoremissing {name} DISK; "
            f"without it, --permit disk_missing starts what is mirrored",
        )
    for disk in group.disks:
        if disk.uuid in survey.copies:
            others = ", ".join(survey.copies[disk.uuid])
            yield Obstacle(
                "duplicate_disk",
                f"{others} holds a copy of {disk.path} of {name}: LVM refuses to change the group",
                "hide the copy (a snapshot of the array? a path outside multipath?) by a filter of lvm.conf",
            )


def _missing(group: VolumeGroup, survey: Survey) -> str:
    """The missing disks of a group in words."""
    words = []
    for disk in group.missing:
        last = survey.last_paths.get(disk.uuid, "") or (disk.path if disk.path != MISSING else "")
        place = f", last seen as {last}" if last else ""
        hidden = (
            ", which LVM's devices file does not list (lvmdevices --adddev)" if disk.uuid in survey.unlisted else ""
        )
        words.append(f"the disk {disk.uuid}{place}{hidden}")
    return "; ".join(words) or "a disk"


def names_of(volumes: Iterable[LogicalVolume]) -> str:
    """Names of volumes for a message, the first of many."""
    names = [volume.name for volume in volumes]
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _tagged_elsewhere(nodes: Sequence[str]) -> Note:
    return _warning(
        f"active here, and tagged for {' and '.join(nodes)} too: it may be active there", "tagged_elsewhere"
    )


def _warning(text: str, code: str) -> Note:
    return Note(text, code, Severity.WARNING)
