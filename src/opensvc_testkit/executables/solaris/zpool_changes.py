"""``zpool export``, ``create``, ``destroy``, ``set``, ``clear`` (OpenZFS sources; what is [R] says so)."""

# pathlib would add a third to the time of a call:
# ruff: noqa: PTH108
from __future__ import annotations

import os

from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.solaris import pools
from opensvc_testkit.executables.solaris.options import read_pairs
from opensvc_testkit.executables.solaris.places import imported_of, system_of
from opensvc_testkit.executables.solaris.pool_devices import find_disk
from opensvc_testkit.executables.solaris.zpool import PoolSession, RefusedError
from opensvc_testkit.executables.solaris.zpool_import import write_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import SharedDisk
    from opensvc_testkit.executables.solaris.shapes import ImportedPool, Pool, PoolGroup

KINDS = ("mirror", "raidz", "raidz1")
FIRST_GUID = 15451357997522795000
IO_SUSPENDED = "pool I/O is currently suspended"


def run(session: PoolSession, subcommand: str, words: list[str]) -> Answer:
    """Answer one of them. Raises RefusedError, BadOptionError."""
    changes = {"export": _export, "create": _create, "destroy": _destroy, "set": _set, "clear": _clear}
    return changes[subcommand](session, words)


def _export(session: PoolSession, words: list[str]) -> Answer:
    pairs, names = read_pairs(words, "afF")
    letters = [letter for letter, _ in pairs]
    if "a" in letters:
        names = sorted(imported_of(session.node))
    if not names:
        raise RefusedError("missing pool name argument", "usage:", "\texport [-f] <pool> ...", status=2)
    said = ""
    for name in names:
        try:
            _export_one(session, name, is_forced="f" in letters)
        except RefusedError as error:
            said += str(error)
    return Answer(int(bool(said)), "", said)


def _export_one(session: PoolSession, name: str, *, is_forced: bool) -> None:
    here = imported_of(session.node)
    if name not in here:
        raise RefusedError(f"cannot open '{name}': no such pool")
    imported = here[name]
    pool = pools.visible(session.world, session.node).get(imported["guid"])
    if pool is None or pools.health(session.world, session.node, imported) in (pools.SUSPENDED, pools.UNAVAIL):
        raise RefusedError(f"cannot export '{name}': {IO_SUSPENDED}")
    busy = pools.busy_points(session.world, session.node, imported)
    # Force unmounts what processes use; a zone's kernel part holds on to it [R].
    held = [point for point in busy if not is_forced or point not in imported["busy"]]
    if held:
        solaris = system_of(session.node)["release"] != "illumos"
        raise RefusedError(
            *([f"cannot unmount '{held[0]}': Device busy"] if solaris else []), f"cannot export '{name}': pool is busy"
        )
    if pools.is_fenced(session.world, session.node, pool):
        imported["is_suspended"] = True
        raise RefusedError(f"cannot export '{name}': {IO_SUSPENDED}")
    kept = pools.copy_of(pool)
    kept["is_exported"] = True
    kept["accessed_at"] = session.now
    pools.write(session.world, session.node, kept)
    del here[name]
    forget_cache(session, imported)


def forget_cache(session: PoolSession, imported: ImportedPool) -> None:
    """Take a pool out of its cache file; one that names no pool any more is removed."""
    path = imported["cachefile"]
    if path.startswith("/"):
        try:
            os.unlink(path)
        except OSError:
            return
        write_cache(session.world, session)


def _create(session: PoolSession, words: list[str]) -> Answer:
    pairs, rest = read_pairs(words, "dfnm:o:O:R:t:")
    options = dict(pairs)
    if not rest:
        raise RefusedError("missing pool name argument", "usage:", "\tcreate ...", status=2)
    name, words = rest[0], rest[1:]
    if not words:
        raise RefusedError("missing vdev specification", "usage:", "\tcreate ...", status=2)
    if name in imported_of(session.node):
        raise RefusedError(f"cannot create '{name}': pool already exists")
    groups, kind, disks = [], "", []
    current: PoolGroup | None = None
    for word in words:
        if word in KINDS:
            kind = "raidz1" if word == "raidz" else word
            current = {"kind": kind, "devices": []}
            groups.append(current)
            continue
        disk = find_disk(session.world, session.node, word)
        if disk is None:
            raise RefusedError(
                f"cannot open '{word}': no such device in /dev/dsk", "must be a full path or shorthand device name"
            )
        disks.append(_free(disk, word, is_forced="f" in options))
        if current is None:
            groups.append({"kind": "", "devices": [{"disk": disk["wwid"], "fault": ""}]})
        else:
            current["devices"].append({"disk": disk["wwid"], "fault": ""})
    properties = dict(value.split("=", 1) for letter, value in pairs if letter == "o" and "=" in value)
    pool = new_pool(name, groups, sum(disk["size"] for disk in disks))
    cachefile = properties.pop("cachefile", "")
    pool["properties"] = properties
    pool["datasets"][0]["mountpoint"] = options.get("m", "")
    system = system_of(session.node)
    pool.update({"hostid": system["hostid"], "hostname": session.node["name"], "accessed_at": session.now})
    pool["is_exported"] = False
    if not pools.write(session.world, session.node, pool):
        raise RefusedError(f"cannot create '{name}': I/O error")
    imported = pools.new_import(name, pool["guid"])
    imported["altroot"], imported["cachefile"], imported["mounted"] = options.get("R", ""), cachefile, [""]
    imported_of(session.node)[name] = imported
    write_cache(session.world, session)
    return Answer()


def _free(disk: SharedDisk, word: str, *, is_forced: bool) -> SharedDisk:
    """The disk, if nothing is on it. Raises RefusedError."""
    label: Pool | None = disk["label"].get(pools.LABEL)
    if label is None or is_forced:
        return disk
    raise RefusedError(
        "invalid vdev specification",
        "use '-f' to override the following errors:",
        f"/dev/dsk/{word.rpartition('/')[2]}s0 is part of exported or potentially active ZFS pool {label['name']}."
        " Please see zpool(1M).",
    )


def new_pool(name: str, groups: list[PoolGroup], size: int) -> Pool:
    """A pool with its top file system, which nobody has imported yet. Its guid comes from its name and disks."""
    seed = "".join([name, *(device["disk"] for group in groups for device in group["devices"])])
    return {
        "name": name,
        "guid": FIRST_GUID + sum((index + 1) * ord(char) for index, char in enumerate(seed)),
        "groups": groups,
        "datasets": [{"name": "", "mountpoint": "", "canmount": "on"}],
        "properties": {},
        "size": size,
        "generation": 0,
        "is_exported": True,
        "hostid": 0,
        "hostname": "",
        "accessed_at": 0.0,
    }


def _destroy(session: PoolSession, words: list[str]) -> Answer:
    _, names = read_pairs(words, "f")
    here = imported_of(session.node)
    if not names:
        raise RefusedError("missing pool argument", "usage:", "\tdestroy [-f] <pool>", status=2)
    if names[0] not in here:
        raise RefusedError(f"cannot open '{names[0]}': no such pool")
    imported = here[names[0]]
    if pools.busy_points(session.world, session.node, imported):
        raise RefusedError(f"cannot destroy '{names[0]}': pool is busy")
    for disk in session.world["disks"].values():
        label: Pool | None = disk["label"].get(pools.LABEL)
        if label is not None and label["guid"] == imported["guid"]:
            del disk["label"][pools.LABEL]
    del here[names[0]]
    forget_cache(session, imported)
    return Answer()


def _set(session: PoolSession, words: list[str]) -> Answer:
    if len(words) != 2 or "=" not in words[0]:
        raise RefusedError("missing property=value argument", "usage:", "\tset <property=value> <pool>", status=2)
    here = imported_of(session.node)
    if words[1] not in here:
        raise RefusedError(f"cannot open '{words[1]}': no such pool")
    name, _, value = words[0].partition("=")
    imported = here[words[1]]
    if name == "cachefile":
        forget_cache(session, imported)
        imported["cachefile"] = value
        write_cache(session.world, session)
        return Answer()
    if name != "multihost":
        raise NotSimulatedError(f"zpool set {words[0]}")
    pool = pools.visible(session.world, session.node).get(imported["guid"])
    if pool is None:
        raise RefusedError(f"cannot set property for '{words[1]}': {IO_SUSPENDED}")
    changed = pools.copy_of(pool)
    changed["properties"][name] = value
    pools.write(session.world, session.node, changed)
    return Answer()


def _clear(session: PoolSession, words: list[str]) -> Answer:
    _, names = read_pairs(words, "FnX")
    here = imported_of(session.node)
    if not names:
        raise RefusedError("missing pool name", "usage:", "\tclear <pool> [device]", status=2)
    if names[0] not in here:
        raise RefusedError(f"cannot open '{names[0]}': no such pool")
    imported = here[names[0]]
    pool = pools.visible(session.world, session.node).get(imported["guid"])
    if pool is None or pools.is_fenced(session.world, session.node, pool):
        raise RefusedError(f"cannot clear errors for {names[0]}: I/O error")
    imported["is_suspended"] = False
    return Answer()
