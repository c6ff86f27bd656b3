"""ZFS pools as the labels on shared disks say, and as nodes have imported them."""

from __future__ import annotations

from opensvc_testkit.executables.disks import disks_of, is_readable, is_writable, working_paths
from opensvc_testkit.executables.solaris.places import imported_of, system_of, zones_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import Node, World
    from opensvc_testkit.executables.solaris.shapes import Dataset, ImportedPool, Pool, PoolDevice, PoolGroup

ONLINE, DEGRADED, FAULTED, UNAVAIL, SUSPENDED = "ONLINE", "DEGRADED", "FAULTED", "UNAVAIL", "SUSPENDED"
LABEL = "zfs"
"""Name of the label on a disk."""


def visible(world: World, node: Node) -> dict[int, Pool]:
    """Pools of which this node sees at least one disk, by guid, as their newest label says."""
    found: dict[int, Pool] = {}
    for disk in disks_of(world, node["name"]):
        label: Pool | None = disk["label"].get(LABEL)
        if label is None or not is_readable(disk, node["name"]):
            continue
        known = found.get(label["guid"])
        if known is None or known["generation"] < label["generation"]:
            found[label["guid"]] = label
    return found


def write(world: World, node: Node, pool: Pool) -> bool:
    """Write a pool's labels on all its disks that the node may write to; whether there was one."""
    pool["generation"] += 1
    done = False
    for group in pool["groups"]:
        for device in group["devices"]:
            disk = world["disks"].get(device["disk"])
            if disk is not None and is_writable(disk, node["name"]):
                disk["label"][LABEL] = copy_of(pool)
                done = True
    return done


def copy_of(pool: Pool) -> Pool:
    """A copy, so that no two labels are one value."""
    return {
        **pool,
        "groups": [{**group, "devices": [{**each} for each in group["devices"]]} for group in pool["groups"]],
        "datasets": [{**dataset} for dataset in pool["datasets"]],
        "properties": dict(pool["properties"]),
    }


def is_fenced(world: World, node: Node, pool: Pool) -> bool:
    """Whether the node sees a disk of the pool that a reservation keeps it from writing to."""
    members = {device["disk"] for group in pool["groups"] for device in group["devices"]}
    return any(
        disk["wwid"] in members and working_paths(disk, node["name"]) and not is_writable(disk, node["name"])
        for disk in disks_of(world, node["name"])
    )


def device_state(world: World, node: Node, guid: int, device: PoolDevice) -> str:
    """ONLINE, or why a device is of no use here: what was set for it, or UNAVAIL if it is not seen."""
    if device["fault"]:
        return device["fault"]
    disk = world["disks"].get(device["disk"])
    if disk is None or not is_readable(disk, node["name"]):
        return UNAVAIL
    label = disk["label"].get(LABEL)
    return ONLINE if label and label["guid"] == guid else UNAVAIL


def group_state(world: World, node: Node, guid: int, group: PoolGroup) -> str:
    """State of a mirror, a raidz1, or a single device."""
    states = [device_state(world, node, guid, device) for device in group["devices"]]
    bad = [state for state in states if state != ONLINE]
    if not bad:
        return ONLINE
    if not group["kind"]:
        return states[0]
    spare = len(states) - 1 if group["kind"] == "mirror" else 1
    return DEGRADED if len(bad) <= spare or bad == [DEGRADED] else UNAVAIL


def pool_state(world: World, node: Node, pool: Pool) -> str:
    """What ``zpool import`` would show of it, and ``zpool list`` if it is imported and not suspended."""
    states = {group_state(world, node, pool["guid"], group) for group in pool["groups"]}
    for state in (FAULTED, UNAVAIL):
        if state in states:
            return state
    if states & {"OFFLINE", "REMOVED"}:
        return UNAVAIL
    return DEGRADED if DEGRADED in states else ONLINE


def health(world: World, node: Node, imported: ImportedPool, seen: dict[int, Pool] | None = None) -> str:
    """Health of an imported pool. ``seen`` is ``visible``, for a caller who asks about many."""
    if imported["is_suspended"]:
        return SUSPENDED
    pool = (visible(world, node) if seen is None else seen).get(imported["guid"])
    return UNAVAIL if pool is None else pool_state(world, node, pool)


def holders(world: World, guid: int) -> list[Node]:
    """Nodes that have a pool imported: two are what must never be."""
    return [
        node
        for node in world["nodes"].values()
        if any(pool["guid"] == guid for pool in node["platforms"].get("zfs", {}).values())
    ]


def is_foreign(node: Node, pool: Pool) -> bool:
    """Whether its label says that another system has it, or died with it."""
    return not pool["is_exported"] and pool["hostid"] != system_of(node)["hostid"]


def dataset_name(pool_name: str, dataset: Dataset) -> str:
    """``data/web`` of a pool's file system."""
    return f"{pool_name}/{dataset['name']}" if dataset["name"] else pool_name


def mountpoint_of(imported: ImportedPool, pool: Pool, dataset: Dataset) -> str:
    """Where a file system belongs, with the altroot: its mountpoint, or below its parent's; or none, or legacy."""
    point = dataset["mountpoint"]
    if not point:
        parents = [
            each
            for each in pool["datasets"]
            if each["mountpoint"] and (not each["name"] or dataset["name"].startswith(f"{each['name']}/"))
        ]
        nearest = max(parents, key=lambda each: len(each["name"]), default=None)
        if nearest is None:
            point = f"/{dataset_name(imported['name'], dataset)}"
        elif not nearest["mountpoint"].startswith("/"):
            return nearest["mountpoint"]
        else:
            rest = dataset["name"][len(nearest["name"]) :].strip("/")
            point = f"{nearest['mountpoint'].rstrip('/')}/{rest}"
    if not point.startswith("/"):
        return point
    altroot = imported["altroot"].rstrip("/")
    return f"{altroot}{point}" if altroot else point


def mounts(world: World, node: Node) -> dict[str, str]:
    """What of ZFS is mounted on a node: mount point by name of the file system."""
    found = {}
    seen = visible(world, node)
    for imported in imported_of(node).values():
        pool = seen.get(imported["guid"])
        for dataset in pool["datasets"] if pool else ():
            if dataset["name"] in imported["mounted"]:
                found[dataset_name(imported["name"], dataset)] = mountpoint_of(imported, pool, dataset)  # type: ignore[arg-type]  # there are datasets
    return found


def mounted_below(world: World, node: Node, path: str) -> list[str]:
    """Mount points below a folder, not the folder itself."""
    return sorted(point for point in mounts(world, node).values() if point.startswith(f"{path}/"))


def is_on_pool_elsewhere(world: World, node: Node, path: str) -> bool:
    """Whether a folder lies on a pool's file system that is not mounted on this node."""
    here = mounts(world, node)
    if any(is_below(path, point) for point in here.values() if point != "/"):
        return False
    for disk in world["disks"].values():
        pool: Pool | None = disk["label"].get(LABEL)
        if pool is None:
            continue
        nowhere: ImportedPool = new_import(pool["name"], pool["guid"])
        if any(is_below(path, mountpoint_of(nowhere, pool, dataset)) for dataset in pool["datasets"]):
            return True
    return False


def is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder or in it."""
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")


def new_import(name: str, guid: int) -> ImportedPool:
    """A pool that was just imported; nothing is mounted yet."""
    return {
        "name": name,
        "guid": guid,
        "altroot": "",
        "cachefile": "",
        "mounted": [],
        "busy": [],
        "is_suspended": False,
    }


def busy_points(world: World, node: Node, imported: ImportedPool) -> list[str]:
    """Mount points of a pool that are in use: by a test's word, or by a zone that has an id."""
    busy = list(imported["busy"])
    prefix = imported["name"]
    mine = {
        name: point for name, point in mounts(world, node).items() if name == prefix or name.startswith(f"{prefix}/")
    }
    for zone in zones_of(node).values():
        if zone["id"] is None:
            continue
        used = [point for point in mine.values() if is_below(zone["zonepath"], point)]
        used += [mine[each["special"]] for each in zone["filesystems"] if each["special"] in mine]
        used += [f"/{name}" for name in zone["datasets"] if name == prefix or name.startswith(f"{prefix}/")]
        busy += [max(used, key=len)] if used else []
    return list(dict.fromkeys(busy))
