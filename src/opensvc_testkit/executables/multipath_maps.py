"""Multipath maps of a simulated Linux node, and what its multipathd does for reservations.

The state is ``node["platforms"]["multipath"]``: ``daemon`` whether multipathd runs, ``setting`` the ``reservation_key``
of ``multipath.conf`` (``file``, a key in hexadecimal, or empty), ``maps`` by name.
"""

from __future__ import annotations

from opensvc_testkit.executables import mapped, news, reservations
from opensvc_testkit.executables.disks import working_paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypedDict

    from opensvc_testkit.executables.shapes import Node, SharedDisk, World

    class Map(TypedDict):
        """A map: the disk behind it, and the key that multipathd registers on a path that returns (0: none)."""

        name: str
        wwid: str
        key: int

    class Multipath(TypedDict):
        """See the module's text."""

        daemon: bool
        setting: str
        maps: dict[str, Map]


PLATFORM = "multipath"


def state_of(node: Node) -> Multipath:
    """The state of a node's multipath; made on first use, without maps."""
    kept: Any = node["platforms"].setdefault(PLATFORM, {"daemon": True, "setting": "file", "maps": {}})
    state: Multipath = kept
    return state


def add_map(node: Node, name: str, wwid: str) -> None:
    """Make a map of a disk."""
    state_of(node)["maps"][name] = {"name": name, "wwid": wwid, "key": 0}
    mapped.number_of(node, name)


def forget_maps(node: Node, wwid: str) -> None:
    """The disk is gone, and its maps with it."""
    if PLATFORM not in node["platforms"]:
        return
    maps = state_of(node)["maps"]
    for name in [name for name, found in maps.items() if found["wwid"] == wwid]:
        del maps[name]
        mapped.forget(node, name)


def find_map(node: Node, device: str) -> Map | None:
    """The map that a special file is: ``/dev/mapper/NAME``, ``/dev/dm-N``; None for anything else."""
    if PLATFORM not in node["platforms"]:
        return None
    for found in state_of(node)["maps"].values():
        if device in (f"/dev/mapper/{found['name']}", f"/dev/dm-{mapped.number_of(node, found['name'])}"):
            return found
    return None


def path_of_map(world: World, node: Node, device: str) -> str:
    """The first working path of a map, as SCSI commands to the map take it; empty for what is no map."""
    found = find_map(node, device)
    if found is None or found["wwid"] not in world["disks"]:
        return ""
    paths = working_paths(world["disks"][found["wwid"]], node["name"])
    return paths[0] if paths else ""


def scsi_id(wwid: str) -> str:
    """A WWID as multipath writes it: ``36001…`` for ``naa.6001…``."""
    kinds = {"naa.": "3", "eui.": "2", "t10.": "1"}
    return kinds[wwid[:4]] + wwid[4:] if wwid[:4] in kinds else wwid


def restore_registration(node: Node, disk: SharedDisk, path: str) -> None:
    """A path is back: multipathd registers it if this node's key still stands on the disk (seen in the lab)."""
    if PLATFORM not in node["platforms"] or not state_of(node)["daemon"]:
        return
    nexus = (node["name"], path)
    for found in state_of(node)["maps"].values():
        if found["wwid"] == disk["wwid"] and found["key"] in reservations.keys_of(disk):
            news.forget_attentions(disk, nexus)
            reservations.register(disk, nexus, 0, found["key"], ignore=True)
