"""What ``zpool`` prints: states of pools, their disks, and why an import is refused (zpool(8), zpool_main.c). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import field, frozen

from opensvc_drivers_solaris.words import whole_lines

HEALTHS = frozenset({"ONLINE", "DEGRADED", "FAULTED", "OFFLINE", "UNAVAIL", "REMOVED", "SUSPENDED"})
"""Words for the health of a pool, and most of them also for that of a disk."""
_DISK_STATES = HEALTHS | {"AVAIL", "INUSE"}
_GROUP = re.compile(r"(mirror|raidz[123]?|draid\d*|spare|replacing|indirect|root|missing)(-\d+|:\S+)?")
_CLASSES = frozenset({"logs", "log", "cache", "spares", "special", "dedup", "meta"})
_UNKNOWN = re.compile(r"cannot open '([^']*)': no such pool\b")
_WAS_USED = (
    # Solaris [R], then openzfs.
    re.compile(r"it was last accessed by ([^\s(]+)"),
    re.compile(r"Last accessed by ([^\s(]+)"),
    re.compile(r"pool is imported on ([^\s(]+)"),
)


@frozen
class PoolStates:
    """What ``zpool list -H -o name,health POOL...`` told.

    Attributes:
        healths: of the pools that are imported here.
        unknown: names that zpool says are no pool here.
    """

    healths: dict[str, str] = field(factory=dict, hash=False)
    unknown: frozenset[str] = frozenset()


@frozen
class Disk:
    """One disk, partition or file of a pool.

    Attributes:
        name: as zpool prints it, or its last path where it is not found.
        state: in zpool's word, empty if it gives none.
        is_missing: whether zpool does not find it.
        is_spare: whether it waits to be used, by this pool or another.
    """

    name: str
    state: str
    is_missing: bool = False
    is_spare: bool = False


@frozen
class PoolTree:
    """A pool as ``zpool status`` or ``zpool import`` describes it.

    Attributes:
        name: of the pool.
        disks: in its order.
        is_whole: whether the description was read to its end.
        was_elsewhere: whether another system used it last and did not export it.
        last_user: host name of that system, empty where it is not told.
    """

    name: str
    disks: tuple[Disk, ...] = ()
    is_whole: bool = True
    was_elsewhere: bool = False
    last_user: str = ""


@frozen
class Refusal:
    """Why an import was refused.

    Attributes:
        is_missing: no such pool is seen.
        is_foreign: another system used it last, and did not export it: ``-f`` would import it.
        is_active: another system has it imported now (multihost): ``-f`` would not help.
        host: name of that system, empty where it is not told.
    """

    is_missing: bool = False
    is_foreign: bool = False
    is_active: bool = False
    host: str = ""


def parse_states(stdout: str, stderr: str) -> PoolStates:
    """Read the states of pools that were asked for by name; a line that is not understood tells nothing."""
    healths: dict[str, str] = {}
    for line in whole_lines(stdout)[0]:
        name, tab, health = line.partition("\t")
        if tab and health in HEALTHS:
            healths[name] = health
    return PoolStates(healths, frozenset(_UNKNOWN.findall(stderr)) - healths.keys())


def parse_sizes(stdout: str) -> dict[str, tuple[int, int]]:
    """Bytes of pools and of what is free in them, of ``zpool list -Hp -o name,size,free``."""
    rows = (line.split("\t") for line in whole_lines(stdout)[0])
    return {
        row[0]: (int(row[1]), int(row[2]))
        for row in rows
        if len(row) == 3 and all(each.isascii() and each.isdigit() for each in row[1:]) and int(row[1])
    }


def parse_trees(text: str) -> Iterator[PoolTree]:
    """Read what ``zpool status`` or ``zpool import`` print: one block a pool."""
    blocks = re.split(r"^\s*pool: ", text, flags=re.MULTILINE)[1:]
    for number, block in enumerate(blocks, start=1):
        name = block.partition("\n")[0].strip()
        is_whole = block.endswith("\n") and "\nconfig:" in f"\n{_unindented(block)}"
        if number == len(blocks) and re.search(r"^\s*scan: ", block, re.MULTILINE):
            # A status ends with its errors; a listing of what can be imported has no such end.
            is_whole = is_whole and re.search(r"^errors: ", block, re.MULTILINE) is not None
        yield PoolTree(
            name,
            tuple(_disks(block, name)),
            is_whole,
            was_elsewhere="last accessed by another system" in block or "in use from" in block,
            last_user=_last_user(block),
        )


def _unindented(block: str) -> str:
    return "\n".join(line.strip() for line in block.splitlines())


def _disks(block: str, pool: str) -> Iterator[Disk]:
    """The leaves of the tree under ``config:``, whose lines begin with a tab."""
    _, _, tree = block.partition("config:")
    is_spare = False
    for line in tree.splitlines():
        if not line.startswith("\t"):
            continue
        words = line.split()
        if not words or words[0] in {"NAME", pool}:
            continue
        if words[0] in _CLASSES:
            is_spare = words[0] == "spares"
            continue
        if _GROUP.fullmatch(words[0]):
            continue
        state = words[1] if len(words) > 1 else ""
        if state and state not in _DISK_STATES:
            continue
        last = re.search(r"\bwas (/\S+)", line)
        name = last.group(1) if last else words[0]
        is_missing = last is not None or state in {"UNAVAIL", "REMOVED"}
        yield Disk(name, state, is_missing, is_spare)


def parse_refusal(stderr: str) -> Refusal:
    """Read why ``zpool import POOL`` failed."""
    return Refusal(
        is_missing="no such pool available" in stderr,
        is_foreign="in use from other system" in stderr or "previously in use from another system" in stderr,
        is_active="pool is imported on" in stderr,
        host=_last_user(stderr),
    )


def _last_user(text: str) -> str:
    for pattern in _WAS_USED:
        if found := pattern.search(text):
            return found.group(1).strip("'\",.")
    return ""
