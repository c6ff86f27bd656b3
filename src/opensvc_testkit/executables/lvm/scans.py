"""Simulated ``vgscan``, ``pvscan`` and ``lvscan`` (checked against the real ones in the lab)."""

from __future__ import annotations

from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.lvm import warnings
from opensvc_testkit.executables.lvm.lines import RefusedError, understand
from opensvc_testkit.executables.lvm.metadata import Seen, extents_of, free_extents
from opensvc_testkit.executables.lvm.selection import choose
from opensvc_testkit.executables.lvm.systems import active_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call

OPTIONS: list[tuple[str, str, bool]] = [("", "cache", False), ("", "mknodes", False), ("a", "all", False)]
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def run(call: Call) -> Answer:
    """Answer one call."""
    try:
        parsed = understand(call.name, call.words, OPTIONS)
    except RefusedError as refused:
        return refused.answer
    if parsed.operands and not parsed.has("cache"):
        raise NotSimulatedError(" ".join([call.name, *call.words]))
    if call.name == "pvscan" and parsed.has("cache"):
        return Answer()
    with call.store.opened() as world:
        seen = Seen(world, call.here(world))
        groups = choose(seen, [], exported=True).groups
        stderr = warnings.of_reading(seen, groups)
        texts = {"vgscan": _groups, "pvscan": _disks, "lvscan": _volumes}[call.name](seen)
        return Answer(0, warnings.lines(*texts), stderr)


def _groups(seen: Seen) -> list[str]:
    return [
        f'Found {"exported " if group["exported"] else ""}volume group "{group["name"]}" using metadata type lvm2'
        for group in choose(seen, [], exported=True).groups
    ]


def _disks(seen: Seen) -> list[str]:
    rows, used, unused = [], 0, 0
    for group in choose(seen, [], exported=True).groups:
        for disk in group["disks"]:
            size, free = disk["size"] * group["extent"], free_extents(group, disk["uuid"]) * group["extent"]
            used += size
            state = "is in exported VG" if group["exported"] else "  VG"
            text = f"{_size(size)} / {_size(free)} free"
            rows.append((seen.device_name(disk), f"{state} {group['name']:<15} ", text))
    for uuid in seen.orphans:
        size = seen.devices[uuid].disk["size"]
        unused += size
        rows.append((seen.devices[uuid].path, "  " + " " * 20, _size(size)))
    if not rows:
        return ["No matching physical volumes found"]
    width = max(len(path) for path, _, _ in rows)
    count, loose = len(rows), len(seen.orphans)
    total = (
        f"Total: {count} [{_size(used + unused)}] / in use: {count - loose} [{_size(used)}] / "
        f"in no VG: {loose} [{_size(unused)}]"
    )
    return [*(f"PV {path:<{width}} {group}lvm2 [{text}]" for path, group, text in rows), total]


def _size(size: int) -> str:
    if not size:
        return "0   "
    power = max(index for index in range(len(UNITS)) if size >= 1024**index)
    return f"{size / 1024**power:.2f} {UNITS[power]}"


def _volumes(seen: Seen) -> list[str]:
    found = []
    for group in choose(seen, []).groups:
        for volume in group["volumes"]:
            state = "ACTIVE  " if active_of(seen.node, volume) else "inactive"
            path = f"'/dev/{group['name']}/{volume['name']}'"
            found.append(f"{state}          {path} [{_size(extents_of(volume) * group['extent'])}] inherit")
    return found
