"""Where each value of a service comes from: the data of `osvc config show`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from attrs import field, frozen

from opensvc_core.config.default_section import Defaults
from opensvc_core.config.defaults import DEFAULT_KEYWORDS, WITHOUT_EFFECT
from opensvc_core.config.drivers import Describe
from opensvc_core.config.reading import read_service
from opensvc_core.config.resource_keywords import RESOURCE_KEYWORDS, SUBSET_KEYWORDS
from opensvc_core.config.resource_section import Draft
from opensvc_core.config.section_values import SectionValues
from opensvc_core.node import Node


class Origin(Enum):
    """Where a value comes from."""

    FILE = "file"
    """The section gives it, in ``line``."""
    INHERITED = "inherited"
    """``[default]`` gives it, in ``line``."""
    IMPLIED = "implied"
    """It follows from the rest of the file, or from the name of the service."""
    DEFAULT = "default"
    """Nothing gives it: it is the keyword's own default."""


@frozen
class Setting:
    """One value that counts on the node.

    Attributes:
        section: rid, ``default`` or ``subset#name``.
        keyword: proper name of the keyword; ``driver`` for the driver that the section means.
        value: typed: text, bool, int, seconds, bytes, a tuple of words, or ``None``.
        origin: where it comes from.
        line: of the file, 0 if it stands nowhere in it.
        scope: what stands after ``@`` there, or empty.
        note: what else is to be known, or empty: that it has no effect yet, that the driver is missing.
    """

    section: str
    keyword: str
    value: Any = field(hash=False)
    origin: Origin
    line: int = 0
    scope: str = ""
    note: str = ""


NO_EFFECT = "has no effect in this version"
"""Note of a keyword that is read and checked only."""


def explain(
    path: Path, node: Node, describe: Describe, *, text: str | None = None, name: str | None = None
) -> list[Setting]:
    """Every effective value of a service on a node, section by section: ``default``, resources, subsets.

    Takes what ``load_service`` takes. Of the keywords that every resource may have only those that are set are listed.

    Raises:
        ConfigError: with every problem of the file.
    """
    reading = read_service(path, node, describe, text=text, name=name)
    reading.problems.raise_if_any()
    settings = list(_defaults(reading.defaults))
    for draft in reading.drafts:
        settings.extend(_resource(draft))
    for subset, values in reading.subsets.items():
        section = f"subset#{subset}"
        settings.extend(
            _setting(section, keyword.name, values.get(keyword.name, keyword.default), values)
            for keyword in SUBSET_KEYWORDS
            if keyword.name in values.values or keyword.default is not None
        )
    return settings


def _setting(section: str, keyword: str, value: Any, values: SectionValues, note: str = "") -> Setting:
    entry = values.entries.get(keyword)
    if entry is None:
        return Setting(section, keyword, value, Origin.DEFAULT, note=note)
    return Setting(section, keyword, value, Origin.FILE, entry.line, entry.scope, note)


def _defaults(defaults: Defaults) -> Iterator[Setting]:
    options: Mapping[str, Any] = defaults.options()
    given = defaults.values.entries
    for keyword in DEFAULT_KEYWORDS:
        if keyword.name == "drpnode" and "drpnode" not in given:
            continue
        note = NO_EFFECT if keyword.name in WITHOUT_EFFECT and keyword.name in given else ""
        if keyword.name in given or (options[keyword.name] not in {None, ()} and keyword.name not in WITHOUT_EFFECT):
            yield _setting("default", keyword.name, options[keyword.name], defaults.values, note)


def _resource(draft: Draft) -> Iterator[Setting]:
    section = draft.rid
    chosen = draft.values.entries.get("type")
    yield Setting(
        section,
        "driver",
        draft.driver.id,
        Origin.FILE if chosen else Origin.IMPLIED,
        chosen.line if chosen else (0 if draft.is_implied else draft.section.line),
        chosen.scope if chosen else "",
        draft.driver.problem,
    )
    for name, value in draft.options.items():
        inherited = draft.inherited.get(name)
        if inherited is not None:
            yield Setting(section, name, value, Origin.INHERITED, inherited.line, inherited.scope)
        else:
            setting = _setting(section, name, value, draft.values)
            declared = next((each.default for each in draft.driver.keywords if each.name == name), None)
            if setting.origin is Origin.DEFAULT and value not in {declared, False}:
                setting = Setting(section, name, value, Origin.IMPLIED)
            yield setting
    for keyword in RESOURCE_KEYWORDS:
        if keyword.name in draft.options or keyword.name == "type":
            continue
        if keyword.name in draft.values.entries:
            yield _setting(section, keyword.name, draft.values.get(keyword.name), draft.values)
        elif keyword.name == "container" and draft.container:
            yield Setting(section, "container", draft.container, Origin.IMPLIED)
