"""`osvc status` as trees and `osvc mon` as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from opensvc_core.cli.render import NOTE_STYLES, STYLES, clean, note_texts, status_text
from opensvc_core.cli.render.grid import Cell, Grid
from opensvc_core.cli.words import (
    CELLS,
    COLUMNS,
    flags,
    local_time,
    mon_cells,
    other_cells,
    others_of,
    silence_line,
)
from opensvc_core.model import Phase, Severity, Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from opensvc_core.cli.words import Other
    from opensvc_core.standing import NodeWord
    from opensvc_core.status import ResourceStatus, ServiceStatus

GUIDE = 4
"""Columns of one level of a tree."""
STATUS_WIDTH = 10
"""Columns of the longest status, ``stdby down``; in brackets it folds."""
NO_SERVICES = "no services on this node; `osvc config create NAME` makes one"


def status_trees(
    statuses: Mapping[str, ServiceStatus], words: Mapping[str, NodeWord] | None = None, now: float = 0.0
) -> RenderableType:
    """One tree a service: aggregates, resources with flags, status and label, notes under what they are about.

    Args:
        statuses: by service name.
        words: of the other nodes, by name.
        now: seconds since the epoch, for the age of what is not of now.
    """
    if not statuses:
        return Text(NO_SERVICES)
    told = words or {}
    return Group(*(_tree(status, told) for status in statuses.values()), *_silences(told, now))


def _silences(words: Mapping[str, NodeWord], now: float) -> list[Text]:
    """Nodes that did not answer: once each, however many services they have."""
    return [Text(clean(said), style="yellow") for word in words.values() if (said := silence_line(word, now))]


def _tree(status: ServiceStatus, words: Mapping[str, NodeWord]) -> Tree:
    name = status.service.name
    others = others_of(status, words)
    # Where names are long, statuses still stand below each other: the first column is as wide as its widest entry.
    widest = max(len(name), len("optional") + GUIDE)
    widest = max([widest, *(len(item.resource.rid) + 2 * GUIDE for item in status.resources)])
    widest = max([widest, *(len(other.node) + 2 * GUIDE for other in others)])
    thaw = "osvc node thaw" if status.is_node_frozen else "osvc thaw"
    said = [Text(f"frozen: refuses actions until `{thaw}`", style="cyan")] if status.is_frozen else []
    said += note_texts(status.notes)
    tree = Tree(_row(name, "", status.overall, "", said, widest), guide_style="dim", highlight=False)
    needed = [item for item in status.resources if not item.resource.is_optional and not _is_replication(item)]
    optional = [item for item in status.resources if item.resource.is_optional and not _is_replication(item)]
    replication = [item for item in status.resources if _is_replication(item)]
    avail = tree.add(_row("avail", "", status.avail, "", [], widest - GUIDE))
    _add(avail, needed, widest)
    for word, items in (("optional", optional), ("sync", replication)):
        if items:
            _add(tree.add(Text(word)), items, widest)
    if others:
        branch = tree.add(Text("other nodes"))
        for other in others:
            branch.add(_other(other, widest - 2 * GUIDE))
    return tree


def _other(other: Other, width: int) -> Group:
    standing = other.standing
    said = [f"avail {standing.avail.value}"] if other.is_known else []
    said += ["disaster recovery"] if other.is_drp else []
    said += ["node frozen" if standing.is_node_frozen else "frozen"] if standing.is_frozen else []
    said += ["drained"] if standing.is_drained else []
    if not other.is_current:
        said.append(f"as of {local_time(standing.at)}" if other.is_known else "never heard")
    notes = [] if not standing.problem else [Text(f"# {clean(standing.problem)}", style="yellow")]
    notes += [] if not other.is_current else note_texts(standing.notes)
    for rid, (shown, about) in standing.resources.items() if other.is_current else ():
        if about and shown in {Status.WARN, Status.UNDEF}:
            notes += [Text(f"# {clean(f'{rid}: {note.text}')}", style=NOTE_STYLES[note.severity]) for note in about]
    return _row(other.node, ".....", standing.overall, ", ".join(said), notes, width, is_old=not other.is_current)


def _is_replication(item: ResourceStatus) -> bool:
    return item.resource.phase is Phase.REPLICATION


def _add(branch: Tree, items: Sequence[ResourceStatus], widest: int) -> None:
    for item in items:
        resource = item.resource
        branch.add(_row(resource.rid, flags(resource), item.shown, resource.label, _notes(item), widest - 2 * GUIDE))


def _notes(item: ResourceStatus) -> list[Text]:
    answered = item.report.status
    differs = answered is not item.shown and item.resource.is_disabled
    said = [Text(f"# disabled; it answered: {answered.value}", style="dim")] if differs else []
    return said + note_texts(item.report.notes)


def _row(
    name: str, flag: str, status: Status, label: str, notes: Sequence[Text], width: int, *, is_old: bool = False
) -> Group:
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(width=width, no_wrap=True)
    grid.add_column(width=5, no_wrap=True, style="dim")
    grid.add_column(width=STATUS_WIDTH, overflow="fold")
    grid.add_column(ratio=1, overflow="fold")
    state = Text(f"({status.value})", style="dim") if is_old and status is not Status.UNDEF else status_text(status)
    grid.add_row(Text(name, style="bold" if not flag else ""), Text(flag), state, Text(clean(label)))
    # Notes have the whole width below their row: beside the label they would fold after a few words.
    return Group(grid, *(Padding(note, (0, 0, 0, 2)) for note in notes))


def mon_table(
    statuses: Mapping[str, ServiceStatus],
    rows: int | None = None,
    words: Mapping[str, NodeWord] | None = None,
    now: float = 0.0,
) -> RenderableType:
    """One row a service with the columns of ``svcmon``; fits 80 columns for names of up to 16 characters.

    Args:
        statuses: by service name.
        rows: how many lines to show at the most, a service's other nodes with it or not at all.
        words: of the other nodes, by name; a line each below a service that it may run.
        now: seconds since the epoch, for the age of what is not of now.
    """
    if not statuses:
        return Text(NO_SERVICES)
    told = words or {}
    shown = _fitting(list(statuses.values()), rows, told)
    lines: list[tuple[list[Cell], str]] = []
    for status in shown:
        lines.append(([_cell(cell) for cell in mon_cells(status)], ""))
        lines += [
            ([_cell(cell) for cell in other_cells(other)], "" if other.is_current else "dim")
            for other in others_of(status, told)
        ]
    below = _silences(told, now) + [
        Text(f"{status.service.name}: {clean(note.text)}", style=NOTE_STYLES[note.severity])
        for status in shown
        for note in status.notes
        if note.severity is not Severity.INFO
    ]
    if len(shown) < len(statuses):
        below.append(Text(f"… and {len(statuses) - len(shown)} more: the screen is too small", style="dim"))
    return Group(Grid(COLUMNS, lines), *below)


def _fitting(
    statuses: Sequence[ServiceStatus], rows: int | None, words: Mapping[str, NodeWord]
) -> Sequence[ServiceStatus]:
    left = len(statuses) * (len(words) + 1) if rows is None else rows
    for number, status in enumerate(statuses):
        left -= 1 + len(others_of(status, words))
        if left < 0:
            return statuses[: max(1, number)]
    return statuses


def _cell(cell: Status | str) -> Cell:
    return (cell, "") if isinstance(cell, str) else (CELLS[cell], STYLES[cell])
