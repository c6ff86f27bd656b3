"""``zpool import``: the list of what could be imported, and the import of one pool or of all.

That a pool which another system has is refused is the label's doing: it bears the hostid of who imported it last.
"""

# pathlib would add a third to the time of a call:
# ruff: noqa: PTH110, PTH123
from __future__ import annotations

import os
import time

from opensvc_testkit.executables.call import Answer
from opensvc_testkit.executables.solaris import pools
from opensvc_testkit.executables.solaris.options import read_pairs
from opensvc_testkit.executables.solaris.places import imported_of, system_of
from opensvc_testkit.executables.solaris.pool_devices import is_in_folder
from opensvc_testkit.executables.solaris.zpool import PoolSession, RefusedError
from opensvc_testkit.executables.solaris.zpool_reports import tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import World
    from opensvc_testkit.executables.solaris.shapes import Pool

NOTHING = "no pools available to import\n"
"""On standard output with status 0, as OpenZFS; Solaris' status is [R]."""
IN_USE = "The pool was last accessed by another system."
CACHE = "SIMULATED zpool.cache\n"
"""First line of a cache file."""


class Options:
    """What an import was asked for."""

    __slots__ = ("altroot", "cachefile", "folders", "is_all", "is_forced", "mounts", "properties")

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        letters = [letter for letter, _ in pairs]
        self.is_forced = "f" in letters
        self.is_all = "a" in letters
        self.mounts = "N" not in letters
        self.folders = [value for letter, value in pairs if letter in ("d", "s")]
        self.altroot = next((value for letter, value in pairs if letter == "R"), "")
        self.cachefile = "none" if self.altroot else ""
        self.properties: dict[str, str] = {}
        for letter, value in pairs:
            if letter != "o" or "=" not in value:
                continue
            name, _, text = value.partition("=")
            if name == "cachefile":
                self.cachefile = text
            elif name == "altroot":
                self.altroot = text
            else:
                self.properties[name] = text


def run(session: PoolSession, subcommand: str, words: list[str]) -> Answer:
    """Answer one ``zpool import``. Raises RefusedError, BadOptionError."""
    del subcommand
    pairs, names = read_pairs(words, "aCc:d:DEfFlmnNo:R:stTVX")
    options = Options(pairs)
    cache = next((value for letter, value in pairs if letter == "c"), "")
    if cache and not os.path.exists(cache):
        # [R]
        raise RefusedError(f"cannot open '{cache}': No such file or directory")
    found = importable(session, options.folders)
    if not names and not options.is_all:
        if not found:
            return Answer(0, NOTHING)
        return Answer(0, "\n".join(describe(session, pool) for pool in found))
    if options.is_all:
        refused = ""
        for pool in found:
            try:
                _import(session, options, pool, pool["name"])
            except RefusedError as error:
                refused += str(error)
        return Answer(int(bool(refused)), "", refused)
    wanted = names[0]
    name = names[1] if len(names) > 1 else ""
    fits = [pool for pool in found if wanted in (pool["name"], str(pool["guid"]))]
    if wanted in imported_of(session.node) and not name:
        raise RefusedError(
            f"cannot import '{wanted}': a pool with that name already exists",
            "use the form 'zpool import <pool | id> <newpool>' to give it a new name",
        )
    if not fits:
        raise RefusedError(f"cannot import '{wanted}': no such pool available")
    if len(fits) > 1:
        raise RefusedError(f"cannot import '{wanted}': more than one matching pool", "import by numeric ID instead")
    _import(session, options, fits[0], name or fits[0]["name"])
    return Answer()


def importable(session: PoolSession, folders: list[str]) -> list[Pool]:
    """Pools that this node sees, in these folders if any is given, and has not imported."""
    here = {pool["guid"] for pool in imported_of(session.node).values()}
    return [
        pool
        for guid, pool in sorted(pools.visible(session.world, session.node).items(), key=lambda item: item[1]["name"])
        if guid not in here
        and (
            not folders
            or any(
                is_in_folder(session.world, session.node, device, folder)
                for folder in folders
                for group in pool["groups"]
                for device in group["devices"]
            )
        )
    ]


def describe(session: PoolSession, pool: Pool) -> str:
    """The block of one pool in the list."""
    state = pools.pool_state(session.world, session.node, pool)
    lines = [f"  pool: {pool['name']}", f"    id: {pool['guid']}", f" state: {state}"]
    if state == pools.ONLINE and pools.is_foreign(session.node, pool):
        lines += [
            f"status: {IN_USE}",
            "action: The pool can be imported using its name or numeric identifier and",
            "\tthe '-f' flag.",
            "   see: http://www.sun.com/msg/ZFS-8000-EY",
        ]
    elif state == pools.ONLINE:
        lines.append("action: The pool can be imported using its name or numeric identifier.")
    elif state == pools.DEGRADED:
        lines += [
            "status: One or more devices are missing from the system.",
            "action: The pool can be imported despite missing or damaged devices.  The",
            "\tfault tolerance of the pool may be compromised if imported.",
            "   see: http://www.sun.com/msg/ZFS-8000-2Q",
        ]
    else:
        lines += [
            "status: One or more devices are missing from the system.",
            "action: The pool cannot be imported. Attach the missing",
            "\tdevices and try again.",
            "   see: http://www.sun.com/msg/ZFS-8000-3C",
        ]
    lines += ["config:", ""]
    rows = tree(session.world, session.node, pool, pool["name"], state)
    width = max(2 * depth + len(name) for depth, name, _ in rows)
    lines += [f"\t{'  ' * depth + name:<{width}}  {shown}" for depth, name, shown in rows]
    return "".join(f"{line}\n" for line in lines)


def _import(session: PoolSession, options: Options, pool: Pool, name: str) -> None:
    world, node, system = session.world, session.node, system_of(session.node)
    elsewhere = [other for other in pools.holders(world, pool["guid"]) if other["name"] != node["name"]]
    if elsewhere and pool["properties"].get("multihost") == "on":
        raise RefusedError(
            f"cannot import '{pool['name']}': pool is imported on {pool['hostname']} (hostid: 0x{pool['hostid']:x})",
            "Export the pool on the other system, then run 'zpool import'.",
        )
    if pools.is_foreign(node, pool) and not options.is_forced:
        raise RefusedError(*_in_use(system["release"], pool))
    if name in imported_of(node):
        raise RefusedError(
            f"cannot import '{name}': a pool with that name already exists",
            "use the form 'zpool import <pool | id> <newpool>' to give it a new name",
        )
    if pools.pool_state(world, node, pool) not in (pools.ONLINE, pools.DEGRADED):
        # [R]
        raise RefusedError(
            f"cannot import '{pool['name']}': one or more devices is currently unavailable",
            "\tDestroy and re-create the pool from",
            "\ta backup source.",
        )
    if pools.is_fenced(world, node, pool):
        # [R]: the label cannot be written through another node's reservation.
        raise RefusedError(
            f"cannot import '{pool['name']}': I/O error", "\tDestroy and re-create the pool from", "\ta backup source."
        )
    renamed = pools.copy_of(pool)
    renamed.update({"name": name, "is_exported": False, "hostid": system["hostid"], "hostname": node["name"]})
    renamed["accessed_at"] = session.now
    renamed["properties"].update(options.properties)
    pools.write(world, node, renamed)
    imported = pools.new_import(name, pool["guid"])
    imported["altroot"], imported["cachefile"] = options.altroot, options.cachefile
    imported_of(node)[name] = imported
    if options.mounts:
        imported["mounted"] = [
            dataset["name"]
            for dataset in renamed["datasets"]
            if dataset["canmount"] == "on" and pools.mountpoint_of(imported, renamed, dataset).startswith("/")
        ]
    write_cache(world, session)


def _in_use(release: str, pool: Pool) -> tuple[str, ...]:
    """Who has it; OpenZFS has other words than Solaris (its own: [R], but for published captures)."""
    accessed = time.ctime(pool["accessed_at"])
    if release == "illumos":
        return (
            f"cannot import '{pool['name']}': pool was previously in use from another system.",
            f"Last accessed by {pool['hostname']} (hostid={pool['hostid']:x}) at {accessed}",
            "The pool can be imported, use 'zpool import -f' to import the pool.",
        )
    return (
        (
            f"cannot import '{pool['name']}': pool may be in use from other system, it was last accessed by"
            f" {pool['hostname']} (hostid: 0x{pool['hostid']:x}) on {accessed}"
        ),
        "use '-f' to import anyway",
    )


def write_cache(world: World, session: PoolSession) -> None:
    """Write the cache files that the node's pools name, each with its pools; one without pools is removed."""
    del world
    files: dict[str, list[str]] = {}
    for imported in imported_of(session.node).values():
        if imported["cachefile"].startswith("/"):
            files.setdefault(imported["cachefile"], []).append(imported["name"])
    for path, names in files.items():
        try:
            with open(path, "w", encoding="utf-8") as file:
                file.write(CACHE + "".join(f"{name}\n" for name in names))
        except OSError:
            # The import stands; the real one only warns in the kernel's log.
            continue
