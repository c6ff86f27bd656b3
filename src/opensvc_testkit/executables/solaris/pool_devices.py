"""Names of disks as Solaris has them: ``c0t5d0`` for ``/dev/rdsk/c0t5d0s2``."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import Node, SharedDisk, World
    from opensvc_testkit.executables.solaris.shapes import PoolDevice


def short_name(path: str) -> str:
    """The disk's name without folder and slice."""
    name = path.rpartition("/")[2]
    head, mark, tail = name.rpartition("s")
    return head if mark and tail.isdigit() and "d" in head else name


def device_name(world: World, node: Node, device: PoolDevice) -> str:
    """What this node calls a device of a pool; its number in the label, where the disk is not seen."""
    disk = world["disks"].get(device["disk"])
    paths = disk["paths"].get(node["name"]) if disk else None
    if paths:
        return short_name(paths[0])
    return str(sum((index + 1) * ord(char) for index, char in enumerate(device["disk"])) * 7919)


def find_disk(world: World, node: Node, word: str) -> SharedDisk | None:
    """The disk that a word of a command line means on this node."""
    for disk in world["disks"].values():
        if any(short_name(path) == short_name(word) for path in disk["paths"].get(node["name"], ())):
            return disk
    return None


def is_in_folder(world: World, node: Node, device: PoolDevice, folder: str) -> bool:
    """Whether a device would be found in a folder: block and raw devices are two views of the same disks."""
    disk = world["disks"].get(device["disk"])
    folders = {folder.rstrip("/"), folder.rstrip("/").replace("/dev/dsk", "/dev/rdsk")}
    paths = disk["paths"].get(node["name"], ()) if disk else ()
    return any(path.rpartition("/")[0] in folders or path.rpartition("/")[0].replace("/rdsk", "/dsk") in folders
               for path in paths)  # fmt: skip
