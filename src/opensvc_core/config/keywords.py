"""What a keyword of a service file is: the declaration that makes parser, error messages and reference page."""

from __future__ import annotations

from enum import Enum
from typing import Any

from attrs import frozen

from opensvc_core.model import Phase


class Kind(Enum):
    """Type of a keyword's value, and the Python type that a driver gets."""

    TEXT = "text"
    """``str``, as written."""
    BOOLEAN = "boolean"
    """``bool``: true/false, yes/no, on/off, 1/0, any case."""
    INTEGER = "integer"
    """``int``."""
    DURATION = "duration"
    """``float`` seconds: ``90``, ``1m30s``, ``2h``, ``1d3h``, ``500ms``."""
    SIZE = "size"
    """``int`` bytes: ``10``, ``10KB`` (1000), ``10KiB`` (1024), ``2GiB``."""
    WORDS = "words"
    """``tuple[str, ...]``, split at blanks."""
    PATH = "path"
    """``str``, an absolute path."""
    SCHEDULE = "schedule"
    """``str``, as written, that ``schedule.grammar`` understands; empty for never."""


@frozen
class Keyword:
    """One keyword of a section.

    Attributes:
        name: as written in files, lower case.
        text: one or two sentences for the reference page; says the unit and what the default means.
        kind: type of the value.
        default: value when the file has none, already of the kind's Python type.
        required: whether a section without it is an error.
        choices: allowed values, empty for any.
        aliases: other names that mean the same (``vm_name`` for ``name``).
        inherits: name of the ``[default]`` keyword whose value serves when the section has none, or empty.
        is_scopable: whether ``keyword@scope`` is allowed.
        example: a value for the reference page.
    """

    name: str
    text: str
    kind: Kind = Kind.TEXT
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    inherits: str = ""
    is_scopable: bool = True
    example: str = ""


@frozen
class DriverInfo:
    """What the configuration must know of a driver.

    Attributes:
        id: ``container.kvm``.
        keywords: what it reads.
        phase: its place in the default order.
    """

    id: str
    keywords: tuple[Keyword, ...] = ()
    phase: Phase = Phase.APPLICATION
