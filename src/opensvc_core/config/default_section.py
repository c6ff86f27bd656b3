"""What `[default]` says: the nodes of the service, its mode, and what its sections inherit."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from opensvc_core.config.defaults import DEFAULT_KEYWORDS, HOSTED
from opensvc_core.config.names import is_node_name
from opensvc_core.config.problems import Problems, did_you_mean
from opensvc_core.config.scanner import Section
from opensvc_core.config.scopes import Scopes
from opensvc_core.config.section_values import NOTHING, SectionValues, read_values, vocabulary

NAME = "default"
"""Of the section, lower case: `[DEFAULT]` is the same."""

_KNOWN = vocabulary(DEFAULT_KEYWORDS)


@frozen
class Defaults:
    """The ``[default]`` section on this node.

    Attributes:
        scopes: nodes of the service, seen from this node.
        values: what the section says.
        line: of its header, 0 if the file has none.
    """

    scopes: Scopes
    values: SectionValues
    line: int

    @property
    def mode(self) -> str:
        """The mode; ``hosted`` where none is given, empty where what is given is none."""
        return str(self.values.get("mode", HOSTED) or "")

    @property
    def has_mode(self) -> bool:
        """Whether the file gives a mode: it is then of the form of 2010."""
        return "mode" in self.values.values

    def options(self) -> dict[str, Any]:
        """Value of every keyword of ``[default]``, defaults filled in."""
        options = {keyword.name: keyword.default for keyword in DEFAULT_KEYWORDS}
        options.update((name, value) for name, value in self.values.values.items() if value is not None)
        options["mode"] = self.mode or HOSTED
        options["nodes"] = self.scopes.nodes
        options["drpnodes"] = self.scopes.drpnodes
        options["autostart_node"] = options["autostart_node"] or ()
        return options


def read_defaults(section: Section | None, node: str, problems: Problems) -> Defaults:
    """Read ``[default]``; ``None`` is a file that lacks it, which is a problem.

    The nodes come first: they say which scopes there are.
    """
    if section is None:
        problems.add(0, "", "", "there is no [default] section", "begin the file with [default]")
        return Defaults(Scopes.of(node, (node,), ()), NOTHING, 0)
    nodes = _node_names(section, ("nodes",), problems)
    drpnodes = _node_names(section, ("drpnode", "drpnodes"), problems)
    scopes = Scopes.of(node, nodes or (node,), drpnodes)
    values = read_values(section, _KNOWN, scopes, problems)
    defaults = Defaults(scopes, values, section.line)
    _check_autostart(defaults, problems)
    if defaults.has_mode and "service_type" not in values.values:
        problems.add(
            section.line,
            NAME,
            "service_type",
            "must be given where 'mode' is",
            "add `service_type = DEV`, or PRD, TMP, TST",
        )
    if defaults.mode == "jail" and "jailroot" not in values.values:
        problems.add(values.line("mode"), NAME, "jailroot", "must be given in mode jail")
    return defaults


def _node_names(section: Section, keywords: tuple[str, ...], problems: Problems) -> tuple[str, ...]:
    """Names in one list after the other; each must be a host name, and stands once in its list."""
    names: dict[str, str] = {}
    for keyword in keywords:
        for entry in section.entries:
            if entry.keyword != keyword or entry.scope:
                continue
            here: set[str] = set()
            words = entry.value.split()
            if not words:
                problems.add(entry.line, NAME, keyword, "names no node", "take the line out, or name the nodes")
            if keyword == "drpnode" and len(words) > 1:
                problems.add(entry.line, NAME, keyword, "names more than one node", "write `drpnodes = ...`")
            for word in words:
                if not is_node_name(word):
                    hint = "put blanks between the names" if "," in word or ";" in word else ""
                    problems.add(entry.line, NAME, keyword, f"{word!r} is not the name of a node", hint)
                elif word.lower() in here:
                    problems.add(entry.line, NAME, keyword, f"{word!r} is named twice")
                else:
                    here.add(word.lower())
                    names.setdefault(word.lower(), word)
    return tuple(names.values())


def _check_autostart(defaults: Defaults, problems: Problems) -> None:
    nodes = {name.lower() for name in defaults.scopes.nodes}
    for word in defaults.values.get("autostart_node") or ():
        if word.lower() not in nodes:
            problems.add(
                defaults.values.line("autostart_node"),
                NAME,
                "autostart_node",
                f"{word!r} is not among the production nodes",
                did_you_mean(word, defaults.scopes.nodes) or "name one of `nodes`",
            )
