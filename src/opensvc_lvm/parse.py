"""What LVM's commands print, as values; pure. ``None`` means that it could not be understood."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from opensvc_lvm.groups import MISSING, LogicalVolume, PhysicalVolume, VolumeGroup

GROUP_COLUMNS = (
    "vg_name", "vg_uuid", "vg_attr", "vg_tags", "vg_systemid", "vg_size", "vg_free", "pv_name", "pv_uuid", "pv_missing",
)  # fmt: skip
"""Columns of ``vgs``: with those of disks in it, there is a row for each disk of each group."""
VOLUME_COLUMNS = (
    "vg_uuid", "lv_name", "lv_attr", "lv_role", "lv_kernel_major", "lv_kernel_minor", "lv_health_status",
    "data_percent", "metadata_percent",
)  # fmt: skip
"""Columns of ``lvs``."""
_ATTRIBUTES = 6
_VOLUME_ATTRIBUTES = 9
_MISSING = re.compile(
    r"WARNING: VG \S+ (?:is|was) missing PV (?:(?P<now>/\S+) )?(?P<uuid>[\w-]+)(?: \(last written to (?P<last>\S+)\))?"
)
_COPY = re.compile(r"WARNING: Not using device (?P<path>\S+) for PV (?P<uuid>[\w-]+)")

Row = Mapping[str, str]


def parse_report(text: str, kind: str, columns: Sequence[str]) -> tuple[Row, ...] | None:
    """Rows of a report in JSON (``--reportformat json``, lvmreport(7)); ``None`` if it is not one, or not whole.

    LVM's own messages may stand before and after it, and its log in it.

    Args:
        text: standard output of ``vgs``, ``lvs`` or ``pvs``.
        kind: ``vg``, ``lv`` or ``pv``.
        columns: that every row must have.
    """
    document = _document(text)
    reports = document.get("report") if isinstance(document, dict) else None
    if not isinstance(reports, list) or not all(isinstance(report, dict) for report in reports):
        return None
    lists = [report[kind] for report in reports if kind in report]
    if not lists or not all(isinstance(rows, list) for rows in lists):
        return None
    found = []
    for row in (row for rows in lists for row in rows):
        if not isinstance(row, dict) or not all(_is_plain(row.get(column)) for column in columns):
            return None
        found.append({column: str(row[column]) for column in columns})
    return tuple(found)


def parse_groups(text: str) -> tuple[VolumeGroup, ...] | None:
    """Groups from ``vgs`` with ``GROUP_COLUMNS``."""
    rows = parse_report(text, "vg", GROUP_COLUMNS)
    if rows is None or not all(
        row["vg_name"] and row["vg_uuid"] and len(row["vg_attr"]) >= _ATTRIBUTES for row in rows
    ):
        return None
    by_uuid: dict[str, list[Row]] = {}
    for row in rows:
        by_uuid.setdefault(row["vg_uuid"], []).append(row)
    return tuple(_group(rows) for rows in by_uuid.values())


def parse_volumes(text: str) -> tuple[LogicalVolume, ...] | None:
    """Logical volumes from ``lvs -a`` with ``VOLUME_COLUMNS``."""
    rows = parse_report(text, "lv", VOLUME_COLUMNS)
    if rows is None or not all(row["lv_name"] and len(row["lv_attr"]) >= _VOLUME_ATTRIBUTES for row in rows):
        return None
    return tuple(
        LogicalVolume(
            group=row["vg_uuid"],
            name=row["lv_name"],
            attributes=row["lv_attr"],
            roles=frozenset(_words(row["lv_role"])),
            number=_number(row["lv_kernel_major"], row["lv_kernel_minor"]),
            health=row["lv_health_status"],
            data_percent=_percent(row["data_percent"]),
            metadata_percent=_percent(row["metadata_percent"]),
        )
        for row in rows
    )


def parse_last_paths(stderr: str) -> dict[str, str]:
    """Where missing disks were last, by UUID, from LVM's warnings; what it does not know is left out."""
    places = ((found["uuid"], found["now"] or found["last"]) for found in _MISSING.finditer(stderr))
    return {uuid: path for uuid, path in places if path and path != MISSING}


def parse_copies(stderr: str) -> dict[str, tuple[str, ...]]:
    """Devices that LVM does not use, as they hold a copy of another disk, by the UUID of that disk."""
    found: dict[str, tuple[str, ...]] = {}
    for copy in _COPY.finditer(stderr):
        found[copy["uuid"]] = (*found.get(copy["uuid"], ()), copy["path"])
    return found


def parse_volume_list(text: str) -> tuple[str, ...]:
    """Entries of ``volume_list`` as ``lvmconfig activation/volume_list`` prints it: one, or several in brackets."""
    for line in text.splitlines():
        if line.strip().startswith("volume_list="):
            return tuple(re.findall(r'"((?:[^"\\]|\\.)*)"', line))
    return ()


def parse_tags(text: str) -> tuple[str, ...]:
    """This system's tags as ``lvm tags`` prints them, one a line."""
    return tuple(line.strip().lstrip("@") for line in text.splitlines() if line.strip())


def complaint(stderr: str, stdout: str = "") -> str:
    """What LVM complains about, in one line: its errors, or its warnings where there are no others."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if not line.startswith("WARNING:")]
    said = errors or lines or [line.strip() for line in stdout.splitlines() if line.strip()]
    return "; ".join(dict.fromkeys(said))[:400]


def _document(text: str) -> Any:
    """The one JSON object among LVM's messages, which begins on a line of its own; ``None`` if there is none."""
    starts = [found.start(1) for found in re.finditer(r"^[ \t]*(\{)", text, re.MULTILINE)]
    if not starts:
        return None
    try:
        document, end = json.JSONDecoder(object_pairs_hook=_once).raw_decode(text, starts[0])
    except (ValueError, RecursionError):
        return None
    return None if any(start >= end for start in starts) else document


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are told once, or always the same: two answers are none."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found and found[key] != value:
            raise ValueError(key)
        found[key] = value
    return found


def _is_plain(value: object) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def _group(rows: Sequence[Row]) -> VolumeGroup:
    first = rows[0]
    disks = {
        row["pv_uuid"]: PhysicalVolume(
            row["pv_uuid"], row["pv_name"], bool(row["pv_missing"]) or row["pv_name"] == MISSING
        )
        for row in rows
        if row["pv_uuid"]
    }
    return VolumeGroup(
        name=first["vg_name"],
        uuid=first["vg_uuid"],
        attributes=first["vg_attr"],
        tags=frozenset(_words(first["vg_tags"])),
        system_id=first["vg_systemid"],
        size=_bytes(first["vg_size"]),
        free=_bytes(first["vg_free"]),
        disks=tuple(disks.values()),
    )


def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word]


def _number(major: str, minor: str) -> str:
    return f"{major}:{minor}" if major.isdecimal() and minor.isdecimal() else ""


def _bytes(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None


def _percent(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?", text) else None
