"""Simulated ``zfs``, as far as mounting needs it (OpenZFS sources; what is [R] says so)."""

from __future__ import annotations

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.solaris import pools
from opensvc_testkit.executables.solaris.options import BadOptionError, read_options
from opensvc_testkit.executables.solaris.places import imported_of
from opensvc_testkit.executables.solaris.zpool import PoolSession, RefusedError
from opensvc_testkit.executables.solaris.zpool_reports import short_size, table
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.solaris.shapes import Dataset, ImportedPool, Pool

USAGE = 2
COLUMNS = "name,used,avail,refer,mountpoint"
ALIASES = {"available": "avail", "referenced": "refer"}
NUMBERS = ("used", "avail", "refer", "quota", "reservation")
UNSAID_USED = 319488
"""Bytes that every file system uses."""


class Found:
    """A file system of an imported pool."""

    __slots__ = ("dataset", "imported", "name", "pool")

    def __init__(self, imported: ImportedPool, pool: Pool, dataset: Dataset) -> None:
        self.imported = imported
        self.pool = pool
        self.dataset = dataset
        self.name = pools.dataset_name(imported["name"], dataset)

    @property
    def point(self) -> str:
        """Where it belongs."""
        return pools.mountpoint_of(self.imported, self.pool, self.dataset)

    @property
    def is_mounted(self) -> bool:
        """Whether it is mounted."""
        return self.dataset["name"] in self.imported["mounted"]

    def value(self, name: str, *, exact: bool) -> str:
        """One property."""
        sizes = {"used": UNSAID_USED, "refer": UNSAID_USED, "avail": self.pool["size"] - UNSAID_USED}
        if name in sizes:
            return str(sizes[name]) if exact else short_size(sizes[name])
        known = {
            "name": self.name,
            "mountpoint": self.point,
            "mounted": "yes" if self.is_mounted else "no",
            "canmount": self.dataset["canmount"],
            "type": "filesystem",
        }
        return known.get(name, "-")


def run(call: Call) -> Answer:
    """Answer one ``zfs`` call."""
    commands = {
        "list": _list,
        "get": _get,
        "mount": _mount,
        "umount": _unmount,
        "unmount": _unmount,
        "set": _set,
        "create": _create,
    }
    if not call.words:
        return Answer(USAGE, "", "missing command\nusage: zfs command args ...\n")
    if call.words[0] not in commands:
        raise NotSimulatedError("zfs " + " ".join(call.words))
    try:
        with call.store.opened() as world:
            life.settle(call.store.folder, world, now(world))
            return commands[call.words[0]](PoolSession(call, world), call.words[1:])
    except RefusedError as error:
        return Answer(error.status, "", str(error))
    except BadOptionError as error:
        text = str(error).replace("illegal option -- ", "invalid option '")
        return Answer(USAGE, "", f"{text}'\nusage:\n\t{call.words[0]} ...\n")


def every(session: PoolSession) -> list[Found]:
    """All file systems of all imported pools."""
    seen = pools.visible(session.world, session.node)
    found = []
    for name in sorted(imported_of(session.node)):
        imported = imported_of(session.node)[name]
        pool = seen.get(imported["guid"])
        found += [Found(imported, pool, dataset) for dataset in pool["datasets"]] if pool else []
    return sorted(found, key=lambda each: each.name)


def find(session: PoolSession, word: str, verb: str = "open") -> Found:
    """The file system of a name, or of a mount point. Raises RefusedError."""
    for each in every(session):
        if word in (each.name, each.point):
            return each
    if word.startswith("/"):
        raise RefusedError(f"cannot {verb} '{word}': not a ZFS filesystem")
    raise RefusedError(f"cannot open '{word}': dataset does not exist")


def _selected(session: PoolSession, names: list[str], *, recursive: bool) -> tuple[list[Found], str]:
    if not names:
        return every(session), ""
    found, said = [], ""
    for name in names:
        try:
            top = find(session, name)
        except RefusedError as error:
            said += str(error)
            continue
        found += [each for each in every(session) if each.name == top.name or
                  (recursive and each.name.startswith(f"{top.name}/"))]  # fmt: skip
    return found, said


def _list(session: PoolSession, words: list[str]) -> Answer:
    options, names = read_options(words, "d:Ho:prs:S:t:")
    fields = [ALIASES.get(name, name) for name in options.get("o", COLUMNS).split(",")]
    found, said = _selected(session, names, recursive="r" in options)
    rows = [[each.value(name, exact="p" in options) for name in fields] for each in found]
    if "t" in options and not {"all", "filesystem"} & set(options["t"].split(",")):
        rows = []
    if "H" in options:
        return Answer(int(bool(said)), "".join("\t".join(row) + "\n" for row in rows), said)
    if not rows:
        return Answer(int(bool(said)), "" if said else "no datasets available\n", said)
    header = [name.upper() for name in fields]
    return Answer(int(bool(said)), table([header, *rows], [name in NUMBERS for name in fields]), said)


def _get(session: PoolSession, words: list[str]) -> Answer:
    options, rest = read_options(words, "d:Ho:prs:t:")
    if not rest:
        raise RefusedError("missing property argument", "usage:", "\tget ...", status=USAGE)
    found, said = _selected(session, rest[1:], recursive="r" in options)
    fields = options.get("o", "name,property,value,source").split(",")
    rows = []
    for each in found:
        for name in rest[0].split(","):
            value = each.value(ALIASES.get(name, name), exact="p" in options)
            row = {"name": each.name, "property": name, "value": value, "source": "-"}
            rows.append([row[field] for field in fields])
    if "H" in options:
        return Answer(int(bool(said)), "".join("\t".join(row) + "\n" for row in rows), said)
    header = [field.upper() for field in fields]
    return Answer(int(bool(said)), table([header, *rows], [False] * len(fields)) if rows else "", said)


def _mount(session: PoolSession, words: list[str]) -> Answer:
    options, names = read_options(words, "aflOo:v")
    if not names and "a" not in options:
        lines = [f"{each.name:<30}  {each.point}" for each in every(session) if each.is_mounted]
        return Answer(0, "".join(f"{line}\n" for line in lines))
    if "a" in options:
        for each in every(session):
            if each.point.startswith("/") and each.dataset["canmount"] == "on" and not each.is_mounted:
                each.imported["mounted"].append(each.dataset["name"])
        return Answer()
    found = find(session, names[0])
    if found.is_mounted:
        raise RefusedError(f"cannot mount '{found.name}': filesystem already mounted")
    if found.point == "legacy":
        raise RefusedError(f"cannot mount '{found.name}': legacy mountpoint", "use mount(1M) to mount this filesystem")
    if found.point == "none":
        raise RefusedError(f"cannot mount '{found.name}': no mountpoint set")
    if found.dataset["canmount"] == "off":
        raise RefusedError(f"cannot mount '{found.name}': 'canmount' property is set to 'off'")
    found.imported["mounted"].append(found.dataset["name"])
    return Answer()


def _unmount(session: PoolSession, words: list[str]) -> Answer:
    options, names = read_options(words, "afu")
    if not names:
        raise NotSimulatedError("zfs unmount " + " ".join(words))
    found = find(session, names[0], "unmount")
    if not found.is_mounted:
        raise RefusedError(f"cannot unmount '{found.name}': not currently mounted")
    if found.point in pools.busy_points(session.world, session.node, found.imported) and (
        "f" not in options or found.point not in found.imported["busy"]
    ):
        raise RefusedError(f"cannot unmount '{found.point}': Device busy")
    found.imported["mounted"].remove(found.dataset["name"])
    return Answer()


def _set(session: PoolSession, words: list[str]) -> Answer:
    if len(words) != 2 or "=" not in words[0]:
        raise RefusedError("missing property=value argument", "usage:", "\tset ...", status=USAGE)
    name, _, value = words[0].partition("=")
    if name not in ("mountpoint", "canmount"):
        raise NotSimulatedError(f"zfs set {words[0]}")
    found = find(session, words[1])
    changed = pools.copy_of(found.pool)
    for dataset in changed["datasets"]:
        if dataset["name"] == found.dataset["name"]:
            dataset.update({name: value})  # type: ignore[misc]  # one of the two names above
    pools.write(session.world, session.node, changed)
    return Answer()


def _create(session: PoolSession, words: list[str]) -> Answer:
    options, names = read_options(words, "o:pu")
    if not names:
        raise RefusedError("missing filesystem argument", "usage:", "\tcreate ...", status=USAGE)
    top, _, rest = names[0].partition("/")
    if any(each.name == names[0] for each in every(session)):
        raise RefusedError(f"cannot create '{names[0]}': dataset already exists")
    parent = names[0].rpartition("/")[0]
    if not rest or not any(each.name == parent for each in every(session)):
        raise RefusedError(f"cannot create '{names[0]}': parent does not exist")
    found = find(session, top)
    changed = pools.copy_of(found.pool)
    point = options.get("o", "")
    dataset: Dataset = {"name": rest, "mountpoint": point.removeprefix("mountpoint="), "canmount": "on"}
    changed["datasets"].append(dataset)
    pools.write(session.world, session.node, changed)
    if pools.mountpoint_of(found.imported, changed, dataset).startswith("/"):
        found.imported["mounted"].append(rest)
    return Answer()
