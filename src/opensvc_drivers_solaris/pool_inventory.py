"""What ZFS tells of pools: their disks, size and free space, by a few commands for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from opensvc_core.api import ActionError, Context, Device, InventoryItem, OpenSVCError, Resource
from opensvc_drivers_solaris.parse_pools import PoolTree, parse_sizes, parse_trees
from opensvc_drivers_solaris.pool_states import device_of
from opensvc_drivers_solaris.pools import LIST_LIMIT, list_importable
from opensvc_drivers_solaris.words import said


def devices_of(tree: PoolTree) -> tuple[Device, ...]:
    """The disks of a pool but idle spares. Raises ActionError if one is missing: half of them is not enough."""
    disks = [disk for disk in tree.disks if not disk.is_spare or disk.state == "INUSE"]
    missing = [disk.name for disk in disks if disk.is_missing]
    if missing:
        raise ActionError(
            f"{tree.name} misses {', '.join(missing)}",
            code="disk_missing",
            hint="connect it, or take it out of the pool: zpool detach",
        )
    if not disks or not tree.is_whole:
        raise ActionError(f"zpool does not tell the disks of {tree.name}", code="devices_unknown")
    return tuple({device.path: device for device in map(device_of, disks)}.values())


def pool_items(
    resources: Sequence[Resource], context: Context, problem_of: Callable[[Resource], str]
) -> Iterator[InventoryItem]:
    """Facts of pools: imported ones from two lists; what else disks of this node have, from one look at all of them.

    What cannot be told is noted. Raises Cancelled only.
    """
    named = {resource.id: resource.text("poolname") for resource in resources if not problem_of(resource)}
    trees, sizes = _imported(context)
    absent = [each for each in resources if each.id in named and named[each.id] not in trees]
    for folders in {each.words("devices") for each in absent}:
        try:
            found = list_importable(folders, context)
        except OpenSVCError as error:
            context.note_error(error)
            continue
        trees.update({each.text("poolname"): found[each.text("poolname")] for each in absent
                      if each.words("devices") == folders and each.text("poolname") in found})  # fmt: skip
    for resource in resources:
        name = named.get(resource.id, "")
        if name not in trees:
            continue
        yield InventoryItem(resource.id, "group", name)
        size, free = sizes.get(name, (None, None))
        yield InventoryItem(resource.id, "size", size)
        yield InventoryItem(resource.id, "free", free)
        try:
            yield InventoryItem(resource.id, "disks", devices_of(trees[name]))
        except ActionError as error:
            context.note_error(error)


def _imported(context: Context) -> tuple[dict[str, PoolTree], dict[str, tuple[int, int]]]:
    """Trees and sizes of the pools that this node has imported, as far as ``zpool`` tells them."""
    texts = []
    # Solaris 10 knows no `-p`, and no exact sizes then.
    for words in (("status",), ("list", "-Hp", "-o", "name,size,free")):
        try:
            result = context.query("zpool", *words, timeout=LIST_LIMIT, check=False)
            texts.append(result.stdout if result.rc == 0 or words[0] == "status" else "")
            if words[0] == "status" and "pool: " not in result.stdout and "no pools available" not in result.stdout:
                raise ActionError(f"zpool status: {said(result)}", code="zpool")
        except OpenSVCError as error:
            context.note_error(error)
            texts.append("")
    return {tree.name: tree for tree in parse_trees(texts[0])}, parse_sizes(texts[1])
