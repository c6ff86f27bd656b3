"""Columns of LVM's reports: how each is headed, and its value for a row."""

from __future__ import annotations

from opensvc_testkit.executables import mapped
from opensvc_testkit.executables.lvm import metadata
from opensvc_testkit.executables.lvm.systems import active_of, mapper_name, system_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from opensvc_testkit.executables.lvm.metadata import Seen
    from opensvc_testkit.executables.lvm.shapes import Group, LogicalVolume, PhysicalVolume

HEALTH = {"D": "out_of_data", "M": "metadata_read_only", "F": "failed", "p": "partial"}
"""Letters of ``lv_attr`` and what ``lv_health_status`` says of them; captured but of ``M`` and ``F`` [R]."""


class Row:
    """What one row of a report is about; what it is not about is None."""

    __slots__ = ("device", "disk", "group", "seen", "uuid", "volume")

    def __init__(
        self,
        seen: Seen,
        group: Group | None = None,
        disk: PhysicalVolume | None = None,
        volume: LogicalVolume | None = None,
        uuid: str = "",
    ) -> None:
        self.seen = seen
        self.group = group
        self.disk = disk
        self.volume = volume
        self.uuid = uuid or (disk["uuid"] if disk else "")
        self.device = seen.devices.get(self.uuid)


class Size:
    """A value in bytes, printed in the units that were asked for."""

    __slots__ = ("size",)

    def __init__(self, size: int) -> None:
        self.size = size


Value = str | int | Size


def _group(of: Callable[[Seen, Group], Value]) -> Callable[[Row], Value]:
    return lambda row: "" if row.group is None else of(row.seen, row.group)


def _volume(of: Callable[[Row, Group, LogicalVolume], Value]) -> Callable[[Row], Value]:
    return lambda row: "" if row.volume is None or row.group is None else of(row, row.group, row.volume)


def _extents(group: Group) -> int:
    return sum(disk["size"] for disk in group["disks"])


def _free(group: Group) -> int:
    return sum(metadata.free_extents(group, disk["uuid"]) for disk in group["disks"])


def group_attributes(seen: Seen, group: Group) -> str:
    """``vg_attr``."""
    return f"wz{'x' if group['exported'] else '-'}{'p' if seen.missing(group) else '-'}n-"


def volume_attributes(row: Row, group: Group, volume: LogicalVolume) -> str:
    """``lv_attr``."""
    node = row.seen.node
    active = active_of(node, volume)
    state, opened = "-", "-"
    if not system_of(node)["has_mapper"]:
        state = opened = "X"
    elif active is not None:
        state, opened = "s" if active["suspended"] else "a", "o" if active["open"] else "-"
    return f"-wi-{state}{opened}--{_health(row, group, volume) or '-'}{'k' if volume['skip'] else '-'}"


def _health(row: Row, group: Group, volume: LogicalVolume) -> str:
    active = active_of(row.seen.node, volume)
    if row.seen.is_partial(group, volume):
        return "p"
    return active["health"] if active else ""


def _number(row: Row, volume: LogicalVolume, *, major: bool) -> str:
    active = active_of(row.seen.node, volume)
    if active is None or not system_of(row.seen.node)["has_mapper"]:
        return "-1"
    return str(mapped.MAJOR if major else mapped.number_of(row.seen.node, active["name"]))


def _full(row: Row, volume: LogicalVolume) -> str:
    active = active_of(row.seen.node, volume)
    return active["full"] if active else ""


def _physical_size(row: Row) -> Value:
    if row.disk is not None and row.group is not None:
        return Size(row.disk["size"] * row.group["extent"])
    return Size(row.device.disk["size"]) if row.device else ""


def _physical_free(row: Row) -> Value:
    if row.disk is not None and row.group is not None:
        return Size(metadata.free_extents(row.group, row.disk["uuid"]) * row.group["extent"])
    return Size(row.device.disk["size"]) if row.device else ""


def _physical_attributes(row: Row) -> Value:
    if row.group is None:
        return "---"
    is_missing = row.disk is not None and row.seen.is_missing(row.disk)
    return f"a{'x' if row.group['exported'] else '-'}{'m' if is_missing else '-'}"


def _device_name(row: Row) -> Value:
    return row.device.path if row.device else metadata.UNKNOWN if row.uuid else ""


COLUMNS: dict[str, tuple[str, Callable[[Row], Value]]] = {
    "vg_name": ("VG", _group(lambda seen, group: group["name"])),
    "vg_uuid": ("VG UUID", _group(lambda seen, group: group["uuid"])),
    "vg_fmt": ("Fmt", _group(lambda seen, group: "lvm2")),
    "vg_attr": ("Attr", _group(group_attributes)),
    "vg_tags": ("VG Tags", _group(lambda seen, group: ",".join(sorted(group["tags"])))),
    "vg_systemid": ("System ID", _group(lambda seen, group: group["system_id"])),
    "vg_size": ("VSize", _group(lambda seen, group: Size(_extents(group) * group["extent"]))),
    "vg_free": ("VFree", _group(lambda seen, group: Size(_free(group) * group["extent"]))),
    "vg_extent_size": ("Ext", _group(lambda seen, group: Size(group["extent"]))),
    "vg_extent_count": ("#Ext", _group(lambda seen, group: _extents(group))),
    "vg_free_count": ("Free", _group(lambda seen, group: _free(group))),
    "pv_count": ("#PV", _group(lambda seen, group: len(group["disks"]))),
    "vg_missing_pv_count": ("#PV Missing", _group(lambda seen, group: len(seen.missing(group)))),
    "lv_count": ("#LV", _group(lambda seen, group: len(group["volumes"]))),
    "snap_count": ("#SN", _group(lambda seen, group: 0)),
    "vg_seqno": ("Seq", _group(lambda seen, group: group["seqno"])),
    "vg_exported": ("Exported", _group(lambda seen, group: "exported" if group["exported"] else "")),
    "vg_partial": ("Partial", _group(lambda seen, group: "partial" if seen.missing(group) else "")),
    "pv_name": ("PV", _device_name),
    "pv_uuid": ("PV UUID", lambda row: row.uuid),
    "pv_fmt": ("Fmt", lambda row: "lvm2" if row.uuid else ""),
    "pv_attr": ("Attr", _physical_attributes),
    "pv_size": ("PSize", _physical_size),
    "pv_free": ("PFree", _physical_free),
    "pv_missing": ("Missing", lambda row: "missing" if row.disk and row.seen.is_missing(row.disk) else ""),
    "pv_exported": ("Exported", _group(lambda seen, group: "exported" if group["exported"] else "")),
    "dev_size": ("DevSize", lambda row: Size(row.device.disk["size"]) if row.device else Size(0)),
    "lv_name": ("LV", _volume(lambda row, group, volume: volume["name"])),
    "lv_full_name": ("LV", _volume(lambda row, group, volume: f"{group['name']}/{volume['name']}")),
    "lv_uuid": ("LV UUID", _volume(lambda row, group, volume: volume["uuid"])),
    "lv_path": ("Path", _volume(lambda row, group, volume: f"/dev/{group['name']}/{volume['name']}")),
    "lv_dm_path": (
        "DMPath",
        _volume(lambda row, group, volume: f"/dev/mapper/{mapper_name(group['name'], volume['name'])}"),
    ),
    "lv_attr": ("Attr", _volume(volume_attributes)),
    "lv_role": ("Role", _volume(lambda row, group, volume: "public")),
    "lv_size": ("LSize", _volume(lambda row, group, volume: Size(metadata.extents_of(volume) * group["extent"]))),
    "lv_tags": ("LV Tags", _volume(lambda row, group, volume: ",".join(sorted(volume["tags"])))),
    "lv_active": (
        "Active",
        _volume(lambda row, group, volume: "active" if active_of(row.seen.node, volume) else ""),
    ),
    "lv_kernel_major": ("KMaj", _volume(lambda row, group, volume: _number(row, volume, major=True))),
    "lv_kernel_minor": ("KMin", _volume(lambda row, group, volume: _number(row, volume, major=False))),
    "lv_health_status": (
        "Health",
        _volume(lambda row, group, volume: HEALTH.get(_health(row, group, volume), "")),
    ),
    "lv_skip_activation": (
        "SkipAct",
        _volume(lambda row, group, volume: "skip activation" if volume["skip"] else ""),
    ),
    "data_percent": ("Data%", _volume(lambda row, group, volume: _full(row, volume))),
    "metadata_percent": ("Meta%", lambda row: ""),
    "pool_lv": ("Pool", lambda row: ""),
    "origin": ("Origin", lambda row: ""),
    "move_pv": ("Move", lambda row: ""),
    "mirror_log": ("Log", lambda row: ""),
    "copy_percent": ("Cpy%Sync", lambda row: ""),
    "convert_lv": ("Convert", lambda row: ""),
}
ALIASES = {"vg_sysid": "vg_systemid", "lv_kernel_majr": "lv_kernel_major"}
NUMBERS = {"pv_count", "lv_count", "snap_count", "vg_extent_count", "vg_free_count", "vg_seqno", "vg_missing_pv_count",
           "vg_size", "vg_free", "vg_extent_size", "pv_size", "pv_free", "dev_size", "lv_size", "lv_kernel_major",
           "lv_kernel_minor", "data_percent", "metadata_percent", "copy_percent", "vg_partial", "vg_exported",
           "pv_missing", "pv_exported", "lv_skip_activation"}  # fmt: skip
"""Columns that are set flush right."""
WIDTHS = {"pv_name": 10, "lv_name": 4, "data_percent": 6, "metadata_percent": 6, "vg_partial": 10, "vg_exported": 10,
          "pv_missing": 10, "pv_exported": 10, "lv_skip_activation": 15}  # fmt: skip
"""Columns that are wider than their headings at least."""
FROM_MAPPER = {"lv_attr", "lv_active", "lv_kernel_major", "lv_kernel_minor", "lv_health_status", "data_percent",
               "metadata_percent", "copy_percent"}  # fmt: skip
"""Columns for which the kernel is asked."""
SHORT = {"attr", "name", "uuid", "size", "free", "tags", "fmt"}
"""Names that stand for the column of the report's own kind: ``tags`` of ``vgs`` is ``vg_tags``."""
