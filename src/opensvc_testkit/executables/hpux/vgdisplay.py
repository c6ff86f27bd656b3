"""Simulated ``vgdisplay`` of HP-UX: blocks, and with ``-F`` one line of ``key=value`` for each thing.

Labels and keys are after captures in the vendor notes; the blocks of volumes and what it says of a group that is not
active are [R].
"""

from __future__ import annotations

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer
from opensvc_testkit.executables.hpux import group_table, lun_table
from opensvc_testkit.executables.hpux.group_table import RefusedError
from opensvc_testkit.executables.hpux.options import UsageError, on_terminal, read_options, usage
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node, World

    Rows = list[tuple[str, str, str]]

STATUS = {"y": "", "e": "exclusive", "s": "shared", "r": ""}
TITLE = "--- Volume groups ---"


def run(call: Call) -> Answer:
    """Answer one ``vgdisplay`` call."""
    return on_terminal(call, _simulate)


def _simulate(call: Call) -> Answer:
    try:
        options, names = read_options(call.words, "vF", "")
    except UsageError as error:
        return usage("vgdisplay", error, "[-v] [-F] [vg_name...]")
    blocks, stderr = [], ""
    with call.store.opened() as world:
        life.settle(call.store.folder, world, now(world))
        node = call.here(world)
        known = group_table.groups_of(node)
        for word in names or list(known):
            name = group_table.full_name(word)
            try:
                group = group_table.find_group(node, "vgdisplay", word)
                if not group["mode"]:
                    raise RefusedError("vgdisplay: Volume group not activated.\n")
            except RefusedError as error:
                stderr += f'{error}vgdisplay: Cannot display volume group "{name}".\n'
                continue
            rows = _rows(world, node, name, group)
            more = [*_volumes(world, group, name), *_disks(world, node, group)] if "v" in options else []
            if "F" in options:
                blocks += [_fields(each) for _, each in [("", rows), *more]]
            else:
                blocks.append(_block(rows, more))
    if "F" in options:
        stdout = "".join(f"{line}\n" for line in blocks)
    else:
        stdout = (f"{TITLE}\n" + "\n".join(blocks) + "\n") if blocks else ""
    return Answer(1 if stderr else 0, stdout, stderr)


def _rows(world: World, node: Node, name: str, group: dict[str, Any]) -> Rows:
    """Key of ``-F``, label of the block, value."""
    label = group_table.label_of(world, group)
    numbers, _ = group_table.attached(world, node, group, for_writing=False)
    total = sum(label["extents"])
    used = sum(extents for _, extents in label["volumes"])
    mode = STATUS[group["mode"]]
    status = f"available, {mode}" if mode else "available"
    access = "read" if group["mode"] == "r" else "read/write"
    rows = [
        ("vg_name", "VG Name", name),
        ("vg_write_access", "VG Write Access", access),
        ("vg_status", "VG Status", status),
        ("max_lv", "Max LV", "255"),
        ("cur_lv", "Cur LV", str(len(label["volumes"]))),
        ("open_lv", "Open LV", str(len(label["volumes"]))),
        ("max_pv", "Max PV", "16"),
        ("cur_pv", "Cur PV", str(label["pvs"])),
        ("act_pv", "Act PV", str(len(numbers))),
        ("max_pe_per_pv", "Max PE per PV", str(max(label["extents"], default=0))),
        ("vgda", "VGDA", str(2 * label["pvs"])),
        ("pe_size", "PE Size (Mbytes)", str(label["extent"])),
        ("total_pe", "Total PE", str(total)),
        ("alloc_pe", "Alloc PE", str(used)),
        ("free_pe", "Free PE", str(total - used)),
        ("total_pvg", "Total PVG", "0"),
        ("total_spare_pvs", "Total Spare PVs", "0"),
        ("total_spare_pvs_in_use", "Total Spare PVs in use", "0"),
        ("vg_version", "VG Version", label["version"]),
    ]
    if lun_table.state_of(node)["release"] >= "B.11.31":
        size = 16 * max(label["extents"], default=0)
        rows += [("vg_max_size", "VG Max Size", f"{size * label['extent'] // 1024}g"),
                 ("vg_max_extents", "VG Max Extents", str(size))]  # fmt: skip
    return rows


def _volumes(world: World, group: dict[str, Any], name: str) -> list[tuple[str, Rows]]:
    label = group_table.label_of(world, group)
    return [
        (
            "Logical volumes",
            [
                ("lv_name", "LV Name", f"{name}/{group['names'].get(str(number), f'lvol{number}')}"),
                ("lv_status", "LV Status", "available/syncd"),
                ("lv_size", "LV Size (Mbytes)", str(extents * label["extent"])),
                ("current_le", "Current LE", str(extents)),
                ("allocated_pe", "Allocated PE", str(extents)),
                ("used_pv", "Used PV", "1"),
            ],
        )
        for number, extents in label["volumes"]
    ]


def _disks(world: World, node: Node, group: dict[str, Any]) -> list[tuple[str, Rows]]:
    label = group_table.label_of(world, group)
    used = sum(extents for _, extents in label["volumes"])
    found = []
    _, missing = group_table.attached(world, node, group, for_writing=False)
    for file in group["files"]:
        lun = lun_table.find_lun(world, node, file)
        number = lun[0]["label"].get("pv", 0) if lun else 0
        extents = label["extents"][number] if label["extents"] else 0
        free = max(0, extents - used)
        used -= extents - free
        found.append(
            (
                "Physical volumes",
                [
                    ("pv_name", "PV Name", file),
                    ("pv_status", "PV Status", "unavailable" if file in missing else "available"),
                    ("total_pe", "Total PE", str(extents)),
                    ("free_pe", "Free PE", str(free)),
                    ("autoswitch", "Autoswitch", "On"),
                    ("proactive_polling", "Proactive Polling", "On"),
                ],
            )
        )
    return found


def _fields(rows: Rows) -> str:
    """``a=b:c=d``; two words of one value are parted by a comma."""
    return ":".join(f"{key}={value.replace(', ', ',').replace('/', ',') if _is_words(key) else value}"
                    for key, _, value in rows)  # fmt: skip


def _is_words(key: str) -> bool:
    return key in ("vg_write_access", "vg_status", "lv_status")


def _block(rows: Rows, more: list[tuple[str, Rows]]) -> str:
    lines = [f"{label:<28}{value}" for _, label, value in rows] + [""]
    title = ""
    for kind, each in more:
        if kind != title:
            lines += ["", f"   --- {kind} ---"]
            title = kind
        lines += [f"   {label:<28}{value}" for _, label, value in each] + [""]
    return "\n".join(lines)
