"""Disks that several nodes see: which paths lead to them, and what a read or a write of a node meets."""

from __future__ import annotations

from opensvc_testkit.executables import news, reservations
from opensvc_testkit.executables.targets import target_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from opensvc_testkit.executables.shapes import SharedDisk, World

PLAIN = "plain"


def new_disk(
    wwid: str,
    size: int,
    paths: dict[str, list[str]],
    *,
    vendor: str = "SIMULATD",
    model: str = "SHARED DISK",
    target: str = "array",
) -> SharedDisk:
    """A disk on which nobody registered and nothing is written."""
    return {
        "wwid": wwid,
        "size": size,
        "vendor": vendor,
        "model": model,
        "target": target,
        "paths": {node: list(files) for node, files in paths.items()},
        "lost": {},
        "registrations": [],
        "holder": None,
        "type": 0,
        "generation": 0,
        "persists": False,
        "attentions": [],
        "label": {},
    }


def disks_of(world: World, node: str) -> Iterator[SharedDisk]:
    """The disks to which a node has special files, lost paths included."""
    for disk in world["disks"].values():
        if disk["paths"].get(node):
            yield disk


def find_disk(world: World, node: str, path: str) -> SharedDisk | None:
    """The disk to which a special file leads on a node; None for one that is not there."""
    for disk in disks_of(world, node):
        if path in disk["paths"][node]:
            return disk
    return None


def is_lost(disk: SharedDisk, node: str, path: str) -> bool:
    """Whether a path of a node to a disk is down."""
    return path in disk["lost"].get(node, ())


def working_paths(disk: SharedDisk, node: str) -> list[str]:
    """The special files of a node that lead to a disk and are not down."""
    return [path for path in disk["paths"].get(node, ()) if not is_lost(disk, node, path)]


def is_readable(disk: SharedDisk, node: str) -> bool:
    """Whether a read of a node is carried out: some path is up, and no reservation excludes it."""
    return any(reservations.may_read(disk, (node, path)) for path in working_paths(disk, node))


def is_writable(disk: SharedDisk, node: str) -> bool:
    """Whether a write of a node is carried out, whichever of its paths it takes; False without a path that is up."""
    paths = working_paths(disk, node)
    return bool(paths) and all(reservations.may_write(disk, (node, path)) for path in paths)


def lose_path(disk: SharedDisk, node: str, path: str) -> None:
    """A path goes down; what is registered through it stays registered. Raises KeyError if there is none."""
    if path not in disk["paths"].get(node, ()):
        raise KeyError(path)
    lost = disk["lost"].setdefault(node, [])
    if path not in lost:
        lost.append(path)


def return_path(disk: SharedDisk, node: str, path: str) -> None:
    """A path is up again: the same nexus, which hears that first where the target tells it."""
    if is_lost(disk, node, path):
        disk["lost"][node].remove(path)
        news.tell(disk, (node, path), target_of(disk).news_of_return)


def reboot_node(disk: SharedDisk, node: str, *, new_nexus: bool) -> None:
    """A node has been off and is back, on all paths; as a new nexus it leaves its registrations to nobody."""
    disk["lost"].pop(node, None)
    for path in disk["paths"].get(node, ()):
        nexus = (node, path)
        if new_nexus and reservations.key_of(disk, nexus):
            known = {registration["path"] for registration in disk["registrations"]}
            number = 1
            while f"{path}#{number}" in known:
                number += 1
            reservations.rename(disk, nexus, f"{path}#{number}")
        news.forget_attentions(disk, nexus)


def position(disk: SharedDisk, node: str, path: str) -> int:
    """Which of a node's paths to a disk this is, from 1; 0 for one that it has no more."""
    paths = disk["paths"].get(node, [])
    return paths.index(path) + 1 if path in paths else 0
