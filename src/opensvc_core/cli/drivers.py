"""What `osvc driver` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opensvc_core.cli.document import SCHEMA, Document
from opensvc_core.cli.options import Color, Format
from opensvc_core.cli.output import write, write_json
from opensvc_core.errors import DriverNotFound, ExitStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.drivers import DriverListing
    from opensvc_core.config.keywords import Keyword


def driver_document(driver: DriverListing) -> Document:
    """A driver as JSON (``drivers.schema.json``)."""
    return {
        "id": driver.id,
        "distribution": driver.distribution,
        "version": driver.version,
        "entry_point": driver.entry_point,
        "missing_commands": list(driver.missing_commands),
        "problem": driver.problem,
    }


def show_drivers(drivers: Sequence[DriverListing], form: Format, color: Color) -> int:
    """Print drivers; give back 0, or 9 if one of them has a problem."""
    if form is Format.JSON:
        write_json({"schema": SCHEMA, "drivers": [driver_document(driver) for driver in drivers]})
    elif form is Format.PLAIN:
        from opensvc_core.cli.plain import line

        for each in drivers:
            write(line(each.id, each.distribution, each.version, " ".join(each.missing_commands), each.problem))
    else:
        from opensvc_core.cli.render import to_text
        from opensvc_core.cli.render.drivers import driver_table
        from opensvc_core.cli.terminal import wants_color

        write(to_text(driver_table(drivers), has_color=wants_color(color)))
    return int(ExitStatus.DRIVER) if any(driver.problem for driver in drivers) else 0


def show_driver(agent: Agent, driver_id: str, form: Format, color: Color) -> int:
    """Print one driver with its keywords and give back 0.

    Raises:
        DriverError: it is not installed, or cannot be loaded.
    """
    found = [driver for driver in agent.drivers() if driver.id == driver_id]
    info = agent.dispatcher.describe(driver_id)
    if not found or info is None:
        raise DriverNotFound(f"driver {driver_id} is not installed", hint="`osvc driver list` shows what is")
    keywords = [_keyword(keyword) for keyword in info.keywords]
    document = {"schema": SCHEMA, **driver_document(found[0]), "phase": info.phase.name.lower(), "keywords": keywords}
    if form is Format.JSON:
        write_json(document)
    elif form is Format.PLAIN:
        from opensvc_core.cli.plain import line
        from opensvc_core.cli.words import as_written

        for each in keywords:
            default = "required" if each["required"] else as_written(each["default"])
            write(line(each["name"], each["kind"], default, each["text"]))
    else:
        from opensvc_core.cli.render import to_text
        from opensvc_core.cli.render.drivers import driver_view
        from opensvc_core.cli.terminal import wants_color

        write(to_text(driver_view(document), has_color=wants_color(color)))
    return 0


def _keyword(keyword: Keyword) -> Document:
    default: Any = keyword.default
    return {
        "name": keyword.name,
        "kind": keyword.kind.value,
        "default": list(default) if isinstance(default, tuple) else default,
        "required": keyword.required,
        "choices": list(keyword.choices),
        "aliases": list(keyword.aliases),
        "inherits": keyword.inherits,
        "is_scopable": keyword.is_scopable,
        "example": keyword.example,
        "text": keyword.text,
    }
