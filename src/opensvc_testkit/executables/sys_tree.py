"""A tree of ``/sys`` for a simulated Linux node: its SCSI disks, multipath maps and active logical volumes.

It lies below the cluster's folder in ``sys/NODE``, a link to what was written last, so that a reader never finds half a
tree. Only nodes that somebody asked for a tree have one; then every change of maps, paths and volumes writes it anew.
"""

# pathlib would add a third to the time of a call:
# ruff: noqa: PTH103, PTH105, PTH106, PTH108, PTH112, PTH114, PTH115, PTH123, PTH208, PTH211
from __future__ import annotations

import os

from opensvc_testkit.executables import mapped
from opensvc_testkit.executables.disks import disks_of, is_lost
from opensvc_testkit.executables.multipath_maps import PLATFORM, scsi_id, state_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import Node, World

SD_MAJORS = (8, 65, 66, 67, 68, 69, 70, 71)
"""Majors of SCSI disks, sixteen disks each (Linux, devices.txt)."""
SECTOR = 512
"""Bytes of the unit of ``size``, whatever the disk's own sectors (sysfs-block)."""


def place(folder: str, node: str) -> str:
    """Where the tree of a node lies."""
    return f"{folder}/sys/{node}"


def disk_number(path: str) -> tuple[int, int]:
    """Major and minor number of ``/dev/sdX``. Raises ValueError for any other name."""
    letters = path.removeprefix("/dev/sd")
    if letters == path or not letters.isalpha() or not letters.islower():
        message = f"{path} is no name of a SCSI disk on Linux"
        raise ValueError(message)
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("a") + 1
    index -= 1
    return SD_MAJORS[index // 16 % len(SD_MAJORS)], index % 16 * 16


def refresh(folder: str, world: World, node: Node) -> None:
    """Write a node's tree anew if it has one."""
    if os.path.islink(place(folder, node["name"])):
        write(folder, world, node)


def write(folder: str, world: World, node: Node) -> None:
    """Write a node's tree. Raises ValueError for a special file that is not called as Linux calls disks."""
    link = place(folder, node["name"])
    old = os.readlink(link) if os.path.islink(link) else ""
    number = int(old.rpartition(".")[2]) + 1 if old else 1
    os.makedirs(f"{folder}/sys", exist_ok=True)
    new = f"{node['name']}.{number}"
    _Tree(f"{folder}/sys/{new}").fill(world, node)
    os.symlink(new, f"{link}.new")
    os.replace(f"{link}.new", link)
    if old:
        _remove(f"{folder}/sys/{old}")


class _Tree:
    """One tree that is being written."""

    def __init__(self, root: str) -> None:
        self.root = root
        os.makedirs(f"{root}/block")
        os.makedirs(f"{root}/dev/block")

    def fill(self, world: World, node: Node) -> None:
        """Everything of a node."""
        for disk in disks_of(world, node["name"]):
            for path in disk["paths"][node["name"]]:
                name = path.removeprefix("/dev/")
                state = "offline" if is_lost(disk, node["name"], path) else "running"
                facts = {"wwid": disk["wwid"], "state": state, "type": "0", "vendor": f"{disk['vendor']:<8}",
                         "model": f"{disk['model']:<16}"}  # fmt: skip
                attributes = {f"device/{key}": value for key, value in facts.items()}
                self.device(name, disk_number(path), {"size": str(disk["size"] // SECTOR), **attributes})
        if PLATFORM in node["platforms"]:
            for found in state_of(node)["maps"].values():
                paths = world["disks"][found["wwid"]]["paths"].get(node["name"], [])
                slaves = [path.removeprefix("/dev/") for path in paths]
                size = world["disks"][found["wwid"]]["size"]
                self.mapped(node, found["name"], f"mpath-{scsi_id(found['wwid'])}", slaves, size)
        for active in node["platforms"].get("lvm", {}).get("active", {}).values():
            self.mapped(node, active["name"], active["uuid"], [])

    def device(self, name: str, number: tuple[int, int], facts: dict[str, str]) -> None:
        """A block device with its number and attributes."""
        folder = f"{self.root}/block/{name}"
        for inside in ("holders", "slaves"):
            os.makedirs(f"{folder}/{inside}")
        self._write(f"{folder}/dev", f"{number[0]}:{number[1]}")
        for key, value in facts.items():
            self._write(f"{folder}/{key}", value)
        os.symlink(f"../../block/{name}", f"{self.root}/dev/block/{number[0]}:{number[1]}")

    def mapped(self, node: Node, name: str, uuid: str, slaves: list[str], size: int = 0) -> None:
        """A device-mapper device over others; without a size it tells none."""
        minor = mapped.number_of(node, name)
        own = f"dm-{minor}"
        facts = {"dm/name": name, "dm/uuid": uuid, "dm/suspended": "0"}
        if size:
            facts["size"] = str(size // SECTOR)
        self.device(own, (mapped.MAJOR, minor), facts)
        for slave in slaves:
            os.symlink(f"../../{slave}", f"{self.root}/block/{own}/slaves/{slave}")
            os.symlink(f"../../{own}", f"{self.root}/block/{slave}/holders/{own}")

    @staticmethod
    def _write(path: str, text: str) -> None:
        os.makedirs(path.rpartition("/")[0], exist_ok=True)
        with open(path, "w", encoding="ascii") as file:
            file.write(f"{text}\n")


def _remove(path: str) -> None:
    for name in os.listdir(path):
        inside = f"{path}/{name}"
        if os.path.isdir(inside) and not os.path.islink(inside):
            _remove(inside)
        else:
            os.unlink(inside)
    os.rmdir(path)
