"""Drivers as a table, and one driver with its keywords."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from opensvc_core.cli.render import clean
from opensvc_core.cli.words import as_written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from opensvc_core.actions.drivers import DriverListing
    from opensvc_core.cli.document import Document


def driver_table(drivers: Sequence[DriverListing]) -> RenderableType:
    """One row a driver: id, distribution, version, what is missing; what is wrong stands below."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", show_edge=False)
    table.add_column("DRIVER", no_wrap=True)
    table.add_column("DISTRIBUTION", overflow="fold")
    table.add_column("VERSION", no_wrap=True)
    table.add_column("LACKS", overflow="fold")
    for driver in drivers:
        table.add_row(driver.id, driver.distribution, driver.version, _lacks(driver))
    below = [Text(f"{driver.id}: {clean(driver.problem)}", style="red") for driver in drivers if driver.problem]
    return Group(table, *below)


def _lacks(driver: DriverListing) -> Text:
    if driver.problem:
        return Text("cannot be used", style="red")
    if driver.missing_commands:
        return Text(f"commands: {' '.join(driver.missing_commands)}", style="yellow")
    return Text("")


def driver_view(document: Document) -> RenderableType:
    """One driver: where it comes from, then each keyword with its type, default and meaning."""
    parts: list[RenderableType] = [
        Text.assemble((document["id"], "bold"), f"  {document['distribution']} {document['version']}"),
        Text(f"phase {document['phase']}, entry point {document['entry_point']}", style="dim"),
    ]
    if document["missing_commands"]:
        parts.append(Text(f"missing commands: {' '.join(document['missing_commands'])}", style="yellow"))
    for keyword in document["keywords"]:
        facts = [keyword["kind"]]
        if keyword["required"]:
            facts.append("required")
        elif keyword["default"] is not None:
            facts.append(f"default {as_written(keyword['default'])}")
        if keyword["aliases"]:
            facts.append(f"also {', '.join(keyword['aliases'])}")
        if keyword["choices"]:
            facts.append(f"one of {', '.join(keyword['choices'])}")
        parts.append(Text.assemble("  ", (keyword["name"], "bold"), f"  {', '.join(facts)}"))
        parts.append(Padding(Text(keyword["text"]), (0, 0, 0, 6)))
    return Group(*parts)
