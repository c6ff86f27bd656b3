"""What an HP-UX node knows of itself and its LUNs: persistent and legacy special files, serial number, attributes."""

from __future__ import annotations

from typing import Any

from opensvc_testkit.executables import disks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import Node, SharedDisk, World

PLATFORM = "hpux"
FIRST_INSTANCE = 10
"""Of the shared disks that got no number; those of the node's own come before."""
ROOT_DISK = "/dev/disk/disk2_p2"
RAW = {"/dev/disk/": "/dev/rdisk/", "/dev/dsk/": "/dev/rdsk/"}


def state_of(node: Node) -> dict[str, Any]:
    """The state of HP-UX on a node, made on first use.

    ``luns`` by WWID: ``instance``, ``files`` (persistent special files that are there), ``attributes`` that were set
    for it alone; ``groups`` by ``/dev/vgXX``: see ``group_table``; ``leftovers``: group files without a group.
    """
    usual: dict[str, Any] = {
        "serial": f"SGH{sum(node['name'].encode()) % 10000:04d}XYZ",
        "model": "ia64 hp server rx2660",
        "release": "B.11.31",
        "leg_mpath_enable": "true",
        "luns": {},
        "groups": {},
        "leftovers": [],
    }
    return node["platforms"].setdefault(PLATFORM, usual)


def luns_of(world: World, node: Node) -> list[tuple[SharedDisk, dict[str, Any]]]:
    """The LUNs of a node in the order of their instances; one that it sees for the first time gets its files."""
    known = state_of(node)["luns"]
    for disk in disks.disks_of(world, node["name"]):
        if disk["wwid"] not in known:
            add_lun(node, disk["wwid"])
    found = [(disk, known[disk["wwid"]]) for disk in disks.disks_of(world, node["name"])]
    return sorted(found, key=lambda pair: pair[1]["instance"])


def add_lun(node: Node, wwid: str, instance: int | None = None) -> dict[str, Any]:
    """Give a LUN an instance number, the next free one by default, and its persistent special files."""
    luns = state_of(node)["luns"]
    number = instance
    if number is None:
        number = max([FIRST_INSTANCE - 1, *(lun["instance"] for lun in luns.values())]) + 1
    lun: dict[str, Any] = {"instance": number, "files": usual_files(number), "attributes": {}}
    luns[wwid] = lun
    return lun


def usual_files(instance: int) -> list[str]:
    """The persistent special files of a disk, block and character."""
    return [f"/dev/disk/disk{instance}", f"/dev/rdisk/disk{instance}"]


def raw(path: str) -> str:
    """The character special file of the same device; any other path as it is."""
    for block, character in RAW.items():
        if path.startswith(block):
            return character + path[len(block) :]
    return path


def block(path: str) -> str:
    """The block special file of the same device; any other path as it is."""
    for block_folder, character in RAW.items():
        if path.startswith(character):
            return block_folder + path[len(character) :]
    return path


def find_lun(world: World, node: Node, path: str) -> tuple[SharedDisk, dict[str, Any]] | None:
    """The LUN behind a special file of a node, persistent or legacy, block or character; None if there is none."""
    for disk, lun in luns_of(world, node):
        if path in lun["files"] or raw(path) in disk["paths"][node["name"]]:
            return disk, lun
    return None


def is_persistent(lun: dict[str, Any], path: str) -> bool:
    """Whether a special file is a persistent (agile) one of a LUN."""
    return path in lun["files"]


def persistent(lun: dict[str, Any], *, is_raw: bool) -> str:
    """A persistent special file of a LUN: the first of its kind that is there, empty for none."""
    usual = usual_files(lun["instance"])[is_raw]
    if usual in lun["files"]:
        return usual
    kinds = [path for path in lun["files"] if path.startswith("/dev/rdisk/") == is_raw]
    return kinds[0] if kinds else ""


def wwid_of(disk: SharedDisk) -> str:
    """A WWID as HP-UX writes it, ``0x6…``."""
    return "0x" + disk["wwid"].removeprefix("naa.").removeprefix("0x")


def is_lost(disk: SharedDisk, node: Node) -> bool:
    """Whether no path of a node to a LUN works."""
    return not disks.working_paths(disk, node["name"])


def attribute(node: Node, lun: dict[str, Any] | None, name: str) -> str:
    """The value of an attribute that can be set; of a LUN if it has its own."""
    own = lun["attributes"] if lun else {}
    value: str = own.get(name, state_of(node).get(name, ""))
    return value


def by_any_path(node: Node, lun: dict[str, Any]) -> bool:
    """Whether what is sent by a legacy special file may take any path (``leg_mpath_enable``)."""
    return attribute(node, lun, "leg_mpath_enable") != "false"
