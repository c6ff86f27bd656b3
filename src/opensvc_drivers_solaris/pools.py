"""Pools of this node, asked through ``zpool``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opensvc_core.api import (
    ActionError,
    Cancelled,
    CommandResult,
    CommandTimeout,
    Context,
    OpenSVCError,
    StatusReport,
    side_by_side,
)
from opensvc_drivers_solaris.parse_pools import PoolTree, parse_states, parse_trees
from opensvc_drivers_solaris.pool_states import pool_report
from opensvc_drivers_solaris.words import said

LIST_LIMIT = 8.0
"""Seconds for the one call about all pools."""
POOL_LIMIT = 5.0
"""Seconds to ask about one pool."""
SCAN_LIMIT = 60.0
"""Seconds to look at all disks for pools that can be imported."""
SIDE_BY_SIDE = 8
"""Pools asked at once where one of them keeps the call about all from its end."""


def read_reports(names: Sequence[str], context: Context) -> Iterator[tuple[str, StatusReport]]:
    """State of each named pool, from one call; raises Cancelled only.

    ``zpool list`` without names has no mark of its end; with names, zpool says of each that it does not know. A pool
    whose disks do not answer may keep it from its end: then each is asked by itself.
    """
    if not names:
        return
    limit = min(LIST_LIMIT, context.deadline.remaining() / 2)
    try:
        result = _list(names, context, limit)
    except Cancelled:
        raise
    except CommandTimeout:
        for name, answer in side_by_side(names, lambda each: read_report(each, context), SIDE_BY_SIDE):
            if not isinstance(answer, StatusReport):
                raise answer from None
            yield name, answer
    except OpenSVCError as error:
        yield from ((name, StatusReport.undef(error.message, error.code)) for name in names)
    else:
        states = parse_states(result.stdout, result.stderr)
        yield from ((name, pool_report(name, states, said(result))) for name in names)


def read_report(name: str, context: Context, after: CommandResult | None = None) -> StatusReport:
    """State of one pool. Raises Cancelled, and Undetermined where ``after`` was not made."""
    try:
        result = _list([name], context, POOL_LIMIT, after)
    except Cancelled:
        raise
    except ActionError as error:
        return StatusReport.undef(error.message, error.code)
    return pool_report(name, parse_states(result.stdout, result.stderr), said(result))


def _list(names: Sequence[str], context: Context, limit: float, after: CommandResult | None = None) -> CommandResult:
    return context.query("zpool", "list", "-H", "-o", "name,health", *names, timeout=limit, check=False, after=after)


def folder_options(folders: Sequence[str]) -> tuple[str, ...]:
    """The options that name where disks are looked for."""
    return tuple(word for folder in folders for word in ("-d", folder))


def list_importable(folders: Sequence[str], context: Context) -> dict[str, PoolTree]:
    """Pools on disks of this node that are not imported, by name. Raises ActionError if that cannot be told."""
    argv = ("zpool", "import", *folder_options(folders))
    result = context.query(*argv, timeout=SCAN_LIMIT, check=False)
    text = f"{result.stdout}\n{result.stderr}"
    trees = {tree.name: tree for tree in parse_trees(result.stdout)}
    # Solaris may end with 1 where there is none [R].
    if result.rc != 0 and not trees and "no pools available to import" not in text:
        raise ActionError(f"zpool import: {said(result)}", code="zpool")
    return trees


def read_tree(name: str, folders: Sequence[str], context: Context) -> PoolTree:
    """A pool and its disks, imported here or not. Raises ActionError if that cannot be told."""
    result = context.query("zpool", "status", name, timeout=POOL_LIMIT, check=False)
    tree = next((each for each in parse_trees(result.stdout) if each.name == name), None)
    if tree is None:
        if "no such pool" not in result.stderr:
            raise ActionError(f"zpool status of {name}: {said(result)}", code="zpool")
        tree = list_importable(folders, context).get(name)
    if tree is None:
        raise ActionError(
            f"no disk of this node has a pool {name}",
            code="not_visible",
            hint="are its disks connected? zpool import lists what is seen",
        )
    if not tree.is_whole:
        raise ActionError(f"what zpool says of the disks of {name} was cut", code="devices_unknown")
    return tree
