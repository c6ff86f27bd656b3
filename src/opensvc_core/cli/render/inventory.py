"""`osvc inventory`, `osvc node facts`, `checks` and `packages` as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from opensvc_core.cli.inventory_documents import fact_pairs, known, size
from opensvc_core.cli.render import clean, note_texts
from opensvc_core.inventory.records import CheckState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from opensvc_core.inventory.records import CheckReport, Inventory, NodeFacts, PackageList

STATE_STYLES = {
    CheckState.OK: "green",
    CheckState.WARNING: "yellow",
    CheckState.ERROR: "red",
    CheckState.UNKNOWN: "magenta",
}


def inventory_table(inventory: Inventory) -> RenderableType:
    """One row a service, then one row a disk, then notes."""
    services = _table("SERVICE", "VCPUS", "MEMORY", "DISKS", "ADDRESSES")
    for service in inventory.services:
        _row(services, service.service, known(service.vcpus), size(service.memory), str(len(service.disks)),
             ", ".join(service.addresses) or "-")  # fmt: skip
    disks = _table("DISK", "SERVICE", "GUEST", "SIZE", "MODEL", "GROUP", "PATH")
    for disk in (disk for service in inventory.services for disk in service.disks):
        model = " ".join(filter(None, (disk.vendor, disk.model))) or "-"
        name = disk.disk_id or ("-" if disk.kind != "block" else known(None))
        _row(disks, name, disk.service, disk.guest or "-", size(disk.size), model, disk.group or "-", disk.path)
    parts: list[RenderableType] = [services]
    if disks.row_count:
        parts += [Text(""), disks]
    return Group(*parts, *note_texts(inventory.notes))


def facts_table(facts: NodeFacts) -> RenderableType:
    """One row a fact, sizes for people, then notes."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False, show_header=False)
    for name, value in fact_pairs(facts):
        shown = size(facts.mem_bytes) if name == "mem_bytes" else value
        _row(table, name.replace("_", " "), shown if name != "cpu_freq" or facts.cpu_freq is None else f"{shown} MHz")
    return Group(table, *note_texts(facts.notes))


def checks_table(report: CheckReport) -> RenderableType:
    """One row a check, then notes."""
    if not report.checks:
        return Group(Text("nothing is checked"), *note_texts(report.notes))
    table = _table("CHECK", "INSTANCE", "USED", "STATE", "SERVICE")
    for check in report.checks:
        used = known(None) if check.value is None else f"{check.value} %"
        owner = f"{check.service}/{check.rid}" if check.service else "-"
        cells = [Text(clean(each)) for each in (check.type, check.instance, used)]
        table.add_row(*cells, Text(check.state.value, style=STATE_STYLES[check.state]), Text(clean(owner)))
    return Group(table, *note_texts(report.notes))


def packages_table(packages: PackageList) -> RenderableType:
    """One row a package, one a patch, then notes."""
    table = _table("PACKAGE", "VERSION", "ARCH")
    for package in packages.packages or ():
        _row(table, package.name, package.version, package.arch or "-")
    patches = _table("PATCH", "REVISION")
    for patch in packages.patches or ():
        _row(patches, patch.number, patch.revision or "-")
    shown = [each for each in (table, patches) if each.row_count]
    return Group(*shown, *note_texts(packages.notes))


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _row(table: Table, *cells: str) -> None:
    table.add_row(*_texts(cells))


def _texts(cells: Iterable[str]) -> Iterable[Text]:
    return (Text(clean(cell)) for cell in cells)
