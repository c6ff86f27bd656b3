"""Simulated ``multipath`` 0.9.4 (captured): ``-h`` for its version, ``-l``/``-ll`` for the maps."""

from __future__ import annotations

from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.disks import is_lost
from opensvc_testkit.executables.mapped import number_of
from opensvc_testkit.executables.mpath_words import MULTIPATH_USAGE
from opensvc_testkit.executables.multipath_maps import scsi_id, state_of
from opensvc_testkit.executables.sys_tree import disk_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.multipath_maps import Map
    from opensvc_testkit.executables.shapes import Node, World


def run(call: Call) -> Answer:
    """Answer one ``multipath`` call."""
    if call.words == ["-h"]:
        return Answer(0, "", MULTIPATH_USAGE)
    if call.words[:1] not in (["-l"], ["-ll"]) or len(call.words) > 2:
        raise NotSimulatedError("multipath " + " ".join(call.words))
    wanted = call.words[1:]
    with call.store.opened() as world:
        node = call.here(world)
        maps = [found for found in state_of(node)["maps"].values() if not wanted or found["name"] in wanted]
        return Answer(0, "".join(_topology(world, node, found) for found in maps))


def _topology(world: World, node: Node, found: Map) -> str:
    disk = world["disks"][found["wwid"]]
    paths = disk["paths"][node["name"]]
    device = f"dm-{number_of(node, found['name'])} {disk['vendor']},{disk['model']}"
    lines = [
        f"{found['name']} ({scsi_id(found['wwid'])}) {device}",
        f"size={disk['size'] >> 20}M features='1 queue_if_no_path' hwhandler='1 alua' wp=rw",
        "`-+- policy='service-time 0' prio=50 status=enabled",
    ]
    rows = []
    for index, path in enumerate(paths):
        state, checked = ("failed", "faulty") if is_lost(disk, node["name"], path) else ("active", "ready")
        number = ":".join(map(str, disk_number(path)))
        rows.append([f"{index}:0:0:1", path.removeprefix("/dev/"), number, state, checked, "running"])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for index, row in enumerate(rows):
        branch = "`-" if index == len(rows) - 1 else "|-"
        cells = " ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append(f"  {branch} {cells}")
    return "".join(f"{line}\n" for line in lines)
