"""Simulated ``vgs``, ``lvs`` and ``pvs``."""

from __future__ import annotations

from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.lvm import warnings
from opensvc_testkit.executables.lvm.columns import ALIASES, COLUMNS, FROM_MAPPER, SHORT, Row
from opensvc_testkit.executables.lvm.lines import FAILED, RefusedError, understand
from opensvc_testkit.executables.lvm.metadata import UNKNOWN, Seen
from opensvc_testkit.executables.lvm.report import Style, render
from opensvc_testkit.executables.lvm.selection import Chosen, choose, split_name
from opensvc_testkit.executables.lvm.systems import system_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.getopt_long import Parsed
    from opensvc_testkit.executables.lvm.shapes import Group, LogicalVolume

OPTIONS: list[tuple[str, str, bool]] = [
    ("a", "all", False), ("o", "options", True), ("", "foreign", False), ("", "reportformat", True),
    ("", "units", True), ("", "nosuffix", False), ("", "noheadings", False), ("", "separator", True),
    ("", "unbuffered", False), ("P", "partial", False), ("", "shared", False), ("", "aligned", False),
    ("", "ignorelockingfailure", False), ("", "ignoreskippedcluster", False), ("", "headings", True),
]  # fmt: skip
USUAL = {
    "vg": ["vg_name", "pv_count", "lv_count", "snap_count", "vg_attr", "vg_size", "vg_free"],
    "lv": ["lv_name", "vg_name", "lv_attr", "lv_size", "pool_lv", "origin", "data_percent", "metadata_percent",
           "move_pv", "mirror_log", "copy_percent", "convert_lv"],
    "pv": ["pv_name", "vg_name", "pv_fmt", "pv_attr", "pv_size", "pv_free"],
}  # fmt: skip


def run(call: Call) -> Answer:
    """Answer one ``vgs``, ``lvs`` or ``pvs`` call."""
    kind = call.name[:2]
    try:
        parsed = understand(call.name, call.words, OPTIONS)
        style = _style(parsed)
        names = _columns(kind, parsed)
    except RefusedError as refused:
        return refused.answer
    with call.store.opened() as world:
        seen = Seen(world, call.here(world))
        report = {"vg": _groups, "lv": _volumes, "pv": _disks}[kind]
        rows, status, stderr = report(seen, parsed, names)
        asks_kernel = any(row.volume for row in rows) and not FROM_MAPPER.isdisjoint(names)
        if asks_kernel and not system_of(seen.node)["has_mapper"]:
            stderr += warnings.lines(*warnings.NO_MAPPER)
        return Answer(status, render(kind, names, rows, style), stderr)


def _style(parsed: Parsed) -> Style:
    style = Style()
    style.is_json = parsed.get("reportformat", "basic") == "json"
    style.units = parsed.get("units", "r")
    if parsed.get("reportformat", "basic") not in ("basic", "json") or style.units.lower() not in "rhbkmgtpe":
        raise NotSimulatedError(f"--reportformat {parsed.get('reportformat')} --units {style.units}")
    style.has_suffix = not parsed.has("nosuffix")
    style.has_headings = not parsed.has("noheadings") and parsed.get("headings", "1") != "none"
    style.separator = parsed.get("separator")
    return style


def _columns(kind: str, parsed: Parsed) -> list[str]:
    names: list[str] = []
    for option in parsed.all("options"):
        given = [_full_name(kind, name) for name in option.removeprefix("+").split(",") if name]
        names = [*(names or USUAL[kind]), *given] if option.startswith("+") else [*names, *given]
    return names or USUAL[kind]


def _full_name(kind: str, name: str) -> str:
    full = f"{kind}_{name}" if name in SHORT else ALIASES.get(name, name)
    if full not in COLUMNS:
        raise NotSimulatedError(f"column {name}")
    return full


def _said(seen: Seen, chosen: Chosen, parsed: Parsed, refusals: str) -> str:
    return chosen.notes + warnings.of_reading(seen, chosen.groups, foreign=parsed.has("foreign")) + refusals


def _groups(seen: Seen, parsed: Parsed, names: list[str]) -> tuple[list[Row], int, str]:
    chosen = choose(seen, parsed.operands, foreign=parsed.has("foreign"), exported=True)
    rows: list[Row] = []
    for group in _sorted(chosen.groups):
        if any(name.startswith("pv_") and name != "pv_count" for name in names):
            rows += [Row(seen, group, disk=disk) for disk in group["disks"]]
        elif any(name.startswith("lv_") and name != "lv_count" for name in names):
            rows += [Row(seen, group, volume=volume) for volume in _sorted_volumes(group)]
        else:
            rows.append(Row(seen, group))
    return rows, chosen.status, _said(seen, chosen, parsed, chosen.stderr)


def _volumes(seen: Seen, parsed: Parsed, names: list[str]) -> tuple[list[Row], int, str]:
    wanted = [split_name(word) for word in parsed.operands if not word.startswith("@")]
    tags = [word for word in parsed.operands if word.startswith("@")]
    words = list(dict.fromkeys([group for group, _ in wanted])) + tags
    chosen = choose(seen, words, foreign=parsed.has("foreign"))
    rows: list[Row] = []
    status, stderr = chosen.status, chosen.stderr
    for group in _sorted(chosen.groups):
        only = [volume for name, volume in wanted if name == group["name"]]
        known = [volume["name"] for volume in group["volumes"]]
        for name in only:
            if name and name not in known:
                status = FAILED
                stderr += warnings.lines(f'Failed to find logical volume "{group["name"]}/{name}"')
        shown = [volume for volume in _sorted_volumes(group) if not only or "" in only or volume["name"] in only]
        rows += [Row(seen, group, volume=volume) for volume in shown]
    if any(name.startswith("pv_") for name in names):
        raise NotSimulatedError("columns of disks in lvs")
    return rows, status, _said(seen, chosen, parsed, stderr)


def _sorted(groups: list[Group]) -> list[Group]:
    return sorted(groups, key=lambda group: group["name"])


def _sorted_volumes(group: Group) -> list[LogicalVolume]:
    return sorted(group["volumes"], key=lambda volume: volume["name"])


def _disks(seen: Seen, parsed: Parsed, names: list[str]) -> tuple[list[Row], int, str]:
    if parsed.has("all") or any(name.startswith("lv_") and name != "lv_count" for name in names):
        raise NotSimulatedError("pvs of devices that are none, or with columns of volumes")
    chosen = choose(seen, [], foreign=parsed.has("foreign"), exported=True)
    rows = [Row(seen, group, disk=disk) for group in chosen.groups for disk in group["disks"]]
    rows += [Row(seen, uuid=uuid) for uuid in seen.orphans]
    rows.sort(key=lambda row: row.device.path if row.device else UNKNOWN)
    status, stderr = 0, ""
    if parsed.operands:
        found = {row.device.path: row for row in rows if row.device}
        blank = {device.path for device in seen.blank}
        for word in parsed.operands:
            if word not in found:
                status = FAILED
                text = (
                    f'Failed to find physical volume "{word}".'
                    if word in blank
                    else f"Cannot use {word}: device not found"
                )
                stderr += warnings.lines(text)
        rows = [row for path, row in found.items() if path in parsed.operands]
    return rows, status, _said(seen, chosen, parsed, stderr)
