"""Values of one section on one node: known keywords, their kinds, and which scope counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen

from opensvc_core.config.keywords import Keyword
from opensvc_core.config.problems import Problems, did_you_mean
from opensvc_core.config.scanner import Entry, Section
from opensvc_core.config.scopes import ELSEWHERE, Scopes
from opensvc_core.config.unsupported import LITERAL_KEYWORDS, find_reference, is_trigger
from opensvc_core.config.values import convert

Vocabulary = Mapping[str, Keyword]
"""Keyword by each of its names, aliases included."""


@frozen
class SectionValues:
    """What a section says on this node.

    Attributes:
        values: of the keywords that have one here, by the keyword's proper name; defaults are not filled in.
        entries: the line that each of those values comes from.
    """

    values: Mapping[str, Any] = field(factory=dict, hash=False)
    entries: Mapping[str, Entry] = field(factory=dict, hash=False)

    def get(self, name: str, default: Any = None) -> Any:
        """Value of a keyword, or ``default``."""
        return self.values.get(name, default)

    def line(self, name: str) -> int:
        """Line that the value of a keyword comes from, 0 if the section does not give it."""
        entry = self.entries.get(name)
        return entry.line if entry else 0


NOTHING = SectionValues()
"""Of a section that is not in the file."""


def vocabulary(*groups: Sequence[Keyword]) -> dict[str, Keyword]:
    """Keywords by every name that they go by; of two of one name the later counts."""
    names: dict[str, Keyword] = {}
    for group in groups:
        for keyword in group:
            names[keyword.name] = keyword
            for alias in keyword.aliases:
                names[alias] = keyword
    return names


def chosen_entry(section: Section, keyword: str, scopes: Scopes) -> Entry | None:
    """The entry of a keyword that counts on this node: most specific scope, then the last; ``None`` for none."""
    best, best_rank = None, ELSEWHERE
    for entry in section.entries:
        if entry.keyword == keyword:
            rank = scopes.ranks.get(entry.scope, ELSEWHERE)
            if rank >= best_rank and rank != ELSEWHERE:
                best, best_rank = entry, rank
    return best


def read_values(
    section: Section,
    known: Vocabulary,
    scopes: Scopes,
    problems: Problems,
    *,
    is_open: bool = False,
) -> SectionValues:
    """Check every entry of a section, for whatever node it is, and choose those that count here.

    Args:
        section: as scanned.
        known: what may stand in it.
        scopes: of the service, seen from this node.
        problems: takes what is wrong.
        is_open: whether keywords that are not known are kept as text instead of reported: the driver is not
            installed, so nobody can say what it reads.
    """
    values: dict[str, Any] = {}
    entries: dict[str, Entry] = {}
    ranks: dict[str, int] = {}
    seen: dict[tuple[str, str], Entry] = {}
    for entry in section.entries:
        keyword = known.get(entry.keyword)
        if keyword is None and not (is_open and not is_trigger(entry.keyword)):
            _report_unknown(section, entry, known, problems)
            continue
        name = keyword.name if keyword else entry.keyword
        rank = _rank(section, entry, keyword, scopes, problems)
        other = seen.setdefault((name, entry.scope), entry)
        if other is not entry:
            problems.add(
                entry.line,
                section.name,
                entry.name,
                f"means the same as {other.keyword!r} in line {other.line}",
                "keep one of the two",
            )
            continue
        if name not in LITERAL_KEYWORDS and (reference := find_reference(entry.value)):
            problems.add(
                entry.line,
                section.name,
                entry.name,
                f"references such as {reference} are not supported by this version",
                "write the value itself",
            )
            continue
        try:
            value = convert(keyword, entry.value) if keyword else entry.value
        except ValueError as error:
            problems.add(entry.line, section.name, entry.name, str(error))
            # It stands in the file: nobody shall be told that it is missing as well.
            value = None
        if rank != ELSEWHERE and rank >= ranks.get(name, ELSEWHERE):
            values[name], entries[name], ranks[name] = value, entry, rank
    return SectionValues(values, entries)


def _rank(section: Section, entry: Entry, keyword: Keyword | None, scopes: Scopes, problems: Problems) -> int:
    rank = scopes.ranks.get(entry.scope)
    if rank is None:
        message, hint = scopes.refuse(entry.scope)
        problems.add(entry.line, section.name, entry.name, f"unknown scope: {message}", hint)
        return ELSEWHERE
    if entry.scope and keyword is not None and not keyword.is_scopable:
        problems.add(
            entry.line,
            section.name,
            entry.name,
            f"{keyword.name!r} means the same on every node: it takes no scope",
            f"write `{keyword.name} = ...`",
        )
        return ELSEWHERE
    return rank


def _report_unknown(section: Section, entry: Entry, known: Vocabulary, problems: Problems) -> None:
    if is_trigger(entry.keyword):
        problems.add(
            entry.line,
            section.name,
            entry.name,
            "triggers are not supported by this version",
            "take it out, or do what it does in an application launcher",
        )
        return
    problems.add(entry.line, section.name, entry.name, "unknown keyword", did_you_mean(entry.keyword, known))
