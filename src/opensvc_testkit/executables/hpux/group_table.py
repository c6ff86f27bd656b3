"""Volume groups of HP-UX LVM: what is written on the shared disks, and what a node's tables know of it.

On each disk of a group lies the same description (``disk["label"]``): ``manager`` hpux_lvm, ``vgid``, ``version``,
``extent`` in MiB, ``pvs`` how many disks, ``extents`` of each disk in the order of ``vgcreate``, ``pv`` this one's
number, ``volumes`` as [number, extents], ``is_clustered`` (``vgchange -c y``). Names of volumes are not written there:
they are a node's, which has them from a map file.
"""

from __future__ import annotations

from typing import Any

from opensvc_testkit.executables import disks
from opensvc_testkit.executables.call import Answer
from opensvc_testkit.executables.hpux import lun_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from opensvc_testkit.executables.shapes import Node, SharedDisk, World

    Group = dict[str, Any]

MANAGER = "hpux_lvm"
TABLES = {"1.0": "/etc/lvmtab", "2.0": "/etc/lvmtab_p", "2.1": "/etc/lvmtab_p", "2.2": "/etc/lvmtab_p"}
"""Where a node lists groups, by version (from the manual page of ``vgimport``)."""
ROOT_GROUP = "/dev/vg00"


class RefusedError(Exception):
    """The command failed; the text is what it prints on standard error."""


def groups_of(node: Node) -> dict[str, Group]:
    """Groups that a node's tables list, by ``/dev/vgXX``; the node's own root group is one of them.

    Of a group: ``vgid``, ``version``, ``files`` (block special files of its disks), ``names`` of volumes by number as
    text, ``mode`` (empty: not active; y, e, s, r as ``vgchange -a`` was told), ``open`` names of volumes in use,
    ``label`` of the root group only, whose disk nobody else sees.
    """
    groups: dict[str, Group] = lun_table.state_of(node)["groups"]
    if ROOT_GROUP not in groups:
        label = new_label(f"{ROOT_GROUP}.{node['name']}", [4372], [(1, 112), (2, 512), (3, 96)], extent=16)
        names = {"1": "lvol1", "2": "lvol2", "3": "lvol3"}
        groups[ROOT_GROUP] = {**new_group(label, [lun_table.ROOT_DISK], names), "mode": "y", "label": label}
        groups[ROOT_GROUP]["open"] = list(names.values())
    return groups


def new_label(
    name: str, extents: list[int], volumes: list[tuple[int, int]], *, extent: int = 4, version: str = "1.0"
) -> dict[str, Any]:
    """What ``vgcreate`` and ``lvcreate`` write: sizes in extents, of each disk and of each volume by number."""
    code = 0
    for char in name:
        code = (code * 257 + ord(char)) % (1 << 60)
    return {
        "manager": MANAGER,
        "vgid": f"{code:016x}",
        "version": version,
        "extent": extent,
        "pvs": len(extents),
        "pv": 0,
        "extents": list(extents),
        "volumes": [list(volume) for volume in volumes],
        "is_clustered": False,
    }


def new_group(label: dict[str, Any], files: list[str], names: dict[str, str]) -> Group:
    """An entry of a node's table, not active."""
    return {
        "vgid": label["vgid"],
        "version": label["version"],
        "files": list(files),
        "names": dict(names),
        "mode": "",
        "open": [],
        "label": None,
    }


def full_name(word: str) -> str:
    """``/dev/vg01`` of ``vg01``."""
    return word if word.startswith("/dev/") else f"/dev/{word}"


def find_group(node: Node, tool: str, word: str) -> Group:
    """The group that a word means. Raises RefusedError: it is not in a table of this node."""
    group = groups_of(node).get(full_name(word))
    if group is None:
        # The phrase is from HP's vgcfgrestore text, its use here is [R].
        raise RefusedError(f'{tool}: Volume group "{full_name(word)}" does not exist in the "/etc/lvmtab" file.\n')
    return group


def disks_of_group(world: World, vgid: str) -> list[SharedDisk]:
    """The shared disks on which a group lies, in the order of ``vgcreate``."""
    found = [each for each in world["disks"].values() if _vgid(each) == vgid]
    return sorted(found, key=lambda disk: disk["label"]["pv"])


def _vgid(disk: SharedDisk) -> str:
    label = disk["label"]
    return str(label["vgid"]) if label.get("manager") == MANAGER else ""


def label_of(world: World, group: Group) -> dict[str, Any]:
    """What is written on the disks of a group that a node knows; an empty one if they are gone."""
    if group["label"]:
        own: dict[str, Any] = group["label"]
        return own
    found = disks_of_group(world, group["vgid"])
    return found[0]["label"] if found else new_label("", [], [])


def attached(world: World, node: Node, group: Group, *, for_writing: bool) -> tuple[list[int], list[str]]:
    """Numbers of the disks of a group that a node can use, and the special files by which it finds none.

    A disk that another node has reserved for itself is none that can be written: LVM writes at each activation.
    """
    if group["label"]:
        return [0], []
    numbers, missing = [], []
    for file in group["files"]:
        found = lun_table.find_lun(world, node, file)
        usable = disks.is_writable if for_writing else disks.is_readable
        if found and _vgid(found[0]) == group["vgid"] and usable(found[0], node["name"]):
            numbers.append(found[0]["label"]["pv"])
        else:
            missing.append(file)
    return sorted(set(numbers)), missing


def others_with(world: World, node: Node, vgid: str) -> Iterator[Node]:
    """Other nodes on which a group is active."""
    for other in world["nodes"].values():
        if other is not node and any(
            group["vgid"] == vgid and group["mode"] for group in lun_table.state_of(other)["groups"].values()
        ):
            yield other


def group_of_file(node: Node, path: str) -> tuple[str, Group, str] | None:
    """Name and group of ``/dev/vg01/lvol1`` or ``/dev/vg01/rlvol1``, and the volume's name; None for no such one."""
    folder, _, last = path.rpartition("/")
    group = groups_of(node).get(folder)
    if group is None:
        return None
    names = group["names"].values()
    name = last if last in names else last.removeprefix("r")
    return (folder, group, name) if name in names else None


def is_in_active_group(node: Node, disk: SharedDisk) -> bool:
    """Whether a disk belongs to a group that is active on a node."""
    vgid = _vgid(disk)
    return bool(vgid) and any(group["vgid"] == vgid and group["mode"] for group in groups_of(node).values())


def open_volumes(node: Node, name: str, group: Group) -> list[str]:
    """Volumes of a group that are in use: opened by a test, or by a guest that runs on them."""
    used = set(group["open"])
    for guest in node["platforms"].get("hpvm", {}).get("guests", {}).values():
        if guest["name"] in node["powered"]:
            for device in guest["devices"]:
                found = group_of_file(node, device["path"])
                if found and found[0] == name:
                    used.add(found[2])
    return sorted(used)


def failed(error: RefusedError, stdout: str = "", stderr: str = "") -> Answer:
    """The answer of a command that failed."""
    return Answer(1, stdout, f"{stderr}{error}")
