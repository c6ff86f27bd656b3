"""``zpool list``, ``status``, ``get`` (OpenZFS sources; Solaris' own columns and the text of ``status`` are [R])."""

from __future__ import annotations

from opensvc_testkit.executables.call import Answer
from opensvc_testkit.executables.solaris import pools
from opensvc_testkit.executables.solaris.options import read_options
from opensvc_testkit.executables.solaris.places import imported_of, system_of
from opensvc_testkit.executables.solaris.pool_devices import device_name
from opensvc_testkit.executables.solaris.zpool import PoolSession, RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import Node, World
    from opensvc_testkit.executables.solaris.shapes import ImportedPool, Pool

COLUMNS = ("name", "size", "alloc", "free", "cap", "dedup", "health", "altroot")
OPENZFS_COLUMNS = ("name", "size", "alloc", "free", "ckpoint", "expandsz", "frag", "cap", "dedup", "health", "altroot")
ALIASES = {"allocated": "alloc", "capacity": "cap", "dedupratio": "dedup", "fragmentation": "frag",
           "checkpoint": "ckpoint", "expandsize": "expandsz"}  # fmt: skip
NUMBERS = ("size", "alloc", "free", "cap", "dedup", "ckpoint", "expandsz", "frag")
UNITS = "BKMGTPE"
STEP = 1024


def run(session: PoolSession, subcommand: str, words: list[str]) -> Answer:
    """Answer one of the three. Raises RefusedError, BadOptionError."""
    if subcommand == "list":
        return _list(session, words)
    return _status(session, words) if subcommand == "status" else _get(session, words)


def chosen(session: PoolSession, names: list[str]) -> tuple[list[ImportedPool], str]:
    """The named pools, or all, and what is said of those that are not there."""
    here = imported_of(session.node)
    if not names:
        return [here[name] for name in sorted(here)], ""
    missing = "".join(f"cannot open '{name}': no such pool\n" for name in names if name not in here)
    return [here[name] for name in names if name in here], missing


def _list(session: PoolSession, words: list[str]) -> Answer:
    options, names = read_options(words, "gHLo:pPvT:")
    columns = _columns(session, options.get("o", ""))
    found, missing = chosen(session, names)
    scripted = "H" in options
    if not names and not found:
        return Answer(0, "" if scripted else "no pools available\n")
    seen = pools.visible(session.world, session.node)
    rows = [[value_of(session, pool, name, seen, exact="p" in options) for name in columns] for pool in found]
    if scripted:
        text = "".join("\t".join(row) + "\n" for row in rows)
    else:
        text = table([[name.upper() for name in columns], *rows], [name in NUMBERS for name in columns]) if rows else ""
    return Answer(int(bool(missing)), text, missing)


def _columns(session: PoolSession, asked: str) -> list[str]:
    if not asked:
        openzfs = system_of(session.node)["release"] == "illumos"
        return list(OPENZFS_COLUMNS if openzfs else COLUMNS)
    columns = [ALIASES.get(name, name) for name in asked.split(",")]
    for name in columns:
        if name not in (*OPENZFS_COLUMNS, "guid", "cachefile", "multihost", "version"):
            raise RefusedError(f"bad property list: invalid property '{name}'", "usage:", "\tlist ...", status=2)
    return columns


def value_of(session: PoolSession, imported: ImportedPool, name: str, seen: dict[int, Pool], *, exact: bool) -> str:
    """One property of an imported pool; ``seen`` as ``pools.visible`` gives it."""
    pool = seen.get(imported["guid"])
    if name == "health":
        return pools.health(session.world, session.node, imported, seen)
    size = pool["size"] if pool else 0
    used = size // 10
    sizes = {"size": size, "alloc": used, "free": size - used}
    if name in sizes:
        return str(sizes[name]) if exact else short_size(sizes[name])
    known = {
        "name": imported["name"],
        "guid": str(imported["guid"]),
        "cap": "10" if exact else "10%",
        "dedup": "1.00" if exact else "1.00x",
        "frag": "0" if exact else "0%",
        "altroot": imported["altroot"] or "-",
        "cachefile": imported["cachefile"] or "-",
        "multihost": (pool["properties"] if pool else {}).get("multihost", "off"),
        "version": "37",
    }
    return known.get(name, (pool["properties"] if pool else {}).get(name, "-"))


def short_size(size: int) -> str:
    """``9.94G`` of a number of bytes."""
    value, unit = float(size), 0
    while value >= STEP and unit < len(UNITS) - 1:
        value, unit = value / STEP, unit + 1
    if unit == 0:
        return str(size)
    digits = 2 if value < 10 else 1 if value < 100 else 0
    text = f"{value:.{digits}f}"
    return (text.rstrip("0").rstrip(".") if digits and float(text) == int(value) else text) + UNITS[unit]


def table(rows: list[list[str]], right: list[bool]) -> str:
    """Columns two blanks apart, numbers to the right; the last one is not padded."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(right))]
    lines = []
    for row in rows:
        cells = [
            f"{cell:>{width}}" if numeric else f"{cell:<{width}}"
            for cell, width, numeric in zip(row[:-1], widths[:-1], right[:-1], strict=True)
        ]
        lines.append("  ".join([*cells, row[-1]]))
    return "".join(f"{line}\n" for line in lines)


def tree(world: World, node: Node, pool: Pool, name: str, state: str) -> list[tuple[int, str, str]]:
    """Depth, name and state of a pool and its devices."""
    found = [(0, name, state)]
    for number, group in enumerate(pool["groups"]):
        depth = 1
        if group["kind"]:
            found.append((1, f"{group['kind']}-{number}", pools.group_state(world, node, pool["guid"], group)))
            depth = 2
        found += [
            (depth, device_name(world, node, each), pools.device_state(world, node, pool["guid"], each))
            for each in group["devices"]
        ]
    return found


def _status(session: PoolSession, words: list[str]) -> Answer:
    options, names = read_options(words, "cigLPvxDtT:")
    found, missing = chosen(session, names)
    if not names and not found:
        return Answer(0, "no pools available\n")
    if "x" in options:
        ill = [pool for pool in found if pools.health(session.world, session.node, pool) != pools.ONLINE]
        if not ill and not missing:
            return Answer(0, "".join(f"pool '{name}' is healthy\n" for name in names) or "all pools are healthy\n")
        found = ill
    return Answer(int(bool(missing)), "\n".join(_describe(session, pool) for pool in found), missing)


def _describe(session: PoolSession, imported: ImportedPool) -> str:
    health = pools.health(session.world, session.node, imported)
    lines = [f"  pool: {imported['name']}", f" state: {health}"]
    if health == pools.SUSPENDED:
        lines += [
            "status: One or more devices are faulted in response to IO failures.",
            "action: Make sure the affected devices are connected, then run 'zpool clear'.",
        ]
    elif health != pools.ONLINE:
        lines += [
            "status: One or more devices could not be opened.  Sufficient replicas exist for",
            "\tthe pool to continue functioning in a degraded state.",
            "action: Attach the missing device and online it using 'zpool online'.",
        ] if health == pools.DEGRADED else [
            "status: One or more devices could not be opened.  There are insufficient",
            "\treplicas for the pool to continue functioning.",
            "action: Attach the missing device and online it using 'zpool online'.",
        ]  # fmt: skip
    lines += ["  scan: none requested", "config:", ""]
    pool = pools.visible(session.world, session.node).get(imported["guid"])
    rows = tree(session.world, session.node, pool, imported["name"], health) if pool else []
    width = max([4, *(2 * depth + len(name) for depth, name, _ in rows)])
    lines.append(f"\t{'NAME':<{width}}  {'STATE':<8}  READ WRITE CKSUM")
    lines += [f"\t{'  ' * depth + name:<{width}}  {state:<8}     0     0     0" for depth, name, state in rows]
    suspended = "List of errors unavailable: pool I/O is currently suspended"
    lines += ["", f"errors: {suspended if health == pools.SUSPENDED else 'No known data errors'}"]
    return "".join(f"{line}\n" for line in lines)


def _get(session: PoolSession, words: list[str]) -> Answer:
    options, rest = read_options(words, "Hpo:")
    if not rest:
        raise RefusedError("missing property argument", "usage:", "\tget ...", status=2)
    found, missing = chosen(session, rest[1:])
    fields = options.get("o", "name,property,value,source").split(",")
    seen = pools.visible(session.world, session.node)
    rows = []
    for pool in found:
        for name in rest[0].split(","):
            value = value_of(session, pool, ALIASES.get(name, name), seen, exact="p" in options)
            row = {"name": pool["name"], "property": name, "value": value, "source": "local" if value != "-" else "-"}
            rows.append([row[field] for field in fields])
    if "H" in options:
        return Answer(int(bool(missing)), "".join("\t".join(row) + "\n" for row in rows), missing)
    text = table([[field.upper() for field in fields], *rows], [False] * len(fields)) if rows else ""
    return Answer(int(bool(missing)), text, missing)
