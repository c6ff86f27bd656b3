"""Where a simulated logical volume is put: extents of disks, in their order."""

from __future__ import annotations

from opensvc_testkit.executables.call import NotSimulatedError
from opensvc_testkit.executables.lvm.metadata import free_extents

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.lvm.shapes import Group

UNITS = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


class NoSpaceError(Exception):
    """There are only ``free`` extents."""

    def __init__(self, free: int) -> None:
        super().__init__(free)
        self.free = free


def extents_asked(group: Group, size: str, extents: str) -> int:
    """Extents of ``-L 8M`` or ``-l 2``, ``-l 100%FREE``. Raises NotSimulatedError for other words."""
    if size:
        number, unit = (size[:-1], size[-1].lower()) if size[-1].isalpha() else (size, "m")
        if number.isdigit() and unit in UNITS:
            return -(-int(number) * UNITS[unit] // group["extent"])
    elif extents.isdigit():
        return int(extents)
    elif extents.upper().endswith("%FREE") and extents[:-5].isdigit():
        free = sum(free_extents(group, disk["uuid"]) for disk in group["disks"])
        return free * int(extents[:-5]) // 100
    raise NotSimulatedError(f"lvcreate -L {size} -l {extents}")


def allocate(group: Group, count: int, only: list[str]) -> list[tuple[str, int]]:
    """Parts of a volume, on some disks or on all. Raises NoSpaceError."""
    disks = [disk["uuid"] for disk in group["disks"] if not only or disk["uuid"] in only]
    free = {uuid: free_extents(group, uuid) for uuid in disks}
    if sum(free.values()) < count:
        raise NoSpaceError(sum(free.values()))
    whole = next((uuid for uuid in disks if free[uuid] >= count), "")
    if whole:
        return [(whole, count)]
    parts: list[tuple[str, int]] = []
    for uuid in disks:
        taken = min(free[uuid], count)
        if taken:
            parts.append((uuid, taken))
            count -= taken
    return parts
