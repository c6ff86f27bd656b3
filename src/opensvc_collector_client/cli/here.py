"""This node as the environment describes it, and how results are printed: what the commands here share."""

from __future__ import annotations

import json
import os
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.api import Agent, OpenSVCError


class Format(Enum):
    """How a result is printed."""

    TABLE = "table"
    PLAIN = "plain"
    JSON = "json"


SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


def open_node() -> Agent:
    """The agent of this node: ``OSVC_ROOT``, ``OSVC_NODE``, ``OSVC_OS``, ``OSVC_DISABLED_DRIVERS``, ``PATH``.

    Raises:
        ConfigError: ``etc/node.conf`` is wrong.
    """
    from opensvc_core.api import open_agent

    root = os.environ.get("OSVC_ROOT", "")
    folders = dict.fromkeys([*os.environ.get("PATH", "").split(":"), *SYSTEM_FOLDERS])
    return open_agent(
        Path(root).absolute() if root else None,
        os.environ.get("OSVC_NODE") or None,
        path=":".join(folder for folder in folders if folder),
        argv=sys.argv,
        disabled_drivers=frozenset(os.environ.get("OSVC_DISABLED_DRIVERS", "").replace(",", " ").split()),
        os_name=os.environ.get("OSVC_OS") or None,
    )


def say(text: str) -> None:
    """A line for the operator on standard error; nothing in it steers a terminal."""
    import typer

    typer.echo("".join(each if each.isprintable() else " " for each in text), err=True)


def say_error(error: OpenSVCError | OSError) -> None:
    """What is wrong, and what to do about it."""
    say(f"error: {getattr(error, 'message', error)}")
    if hint := getattr(error, "hint", ""):
        say(f"  -> {hint}")


def print_fields(fields: Mapping[str, Any], form: Format) -> None:
    """Facts by name: a line each, or a document."""
    import typer

    if form is Format.JSON:
        typer.echo(json.dumps(fields, indent=2, ensure_ascii=False))
        return
    rows = [(name, value) for name, value in _flat(fields) if value != "" and name != "schema"]
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        shown = "".join(each if each.isprintable() else " " for each in value)
        typer.echo(f"{name}\t{shown}" if form is Format.PLAIN else f"{name:<{width}}  {shown}")


def _flat(fields: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in fields.items():
        if isinstance(value, dict):
            rows += _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            rows += [(f"{prefix}{name}", _word(each)) for each in value]
        else:
            rows.append((f"{prefix}{name}", _word(value)))
    return rows


def _word(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
