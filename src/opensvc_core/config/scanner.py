"""Text of a service file into sections and keywords with their lines; knows nothing of what they mean.

The format: `[section]` headers, `keyword = value` or `keyword@scope = value`, whole-line comments that begin with
`#` or `;`. A `#` or `;` later in a line belongs to the value. A line that is indented deeper than the keyword above
it, with no blank line between, continues its value after one blank. Names of sections and keywords have no case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from attrs import field, frozen

from opensvc_core.config.problems import Problems

_COMMENT = ("#", ";")
_LOOKS_LIKE_KEYWORD = re.compile(r"[A-Za-z]\w*(?:@[\w.-]+)?\s*=(?!=)")
# Control characters have no place in a value that becomes an argument of a command or a line on a terminal.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f]")
# What `surrogateescape` makes of bytes that are not UTF-8.
_NOT_UTF8 = re.compile("[\ud800-\udfff]")


@frozen
class Entry:
    """One keyword of a section.

    Attributes:
        keyword: lower case, without the scope.
        scope: lower case, what stands after ``@``, or empty.
        value: as written, without the blanks around it; continuation lines joined by one blank.
        line: number of its first line, from 1.
    """

    keyword: str
    scope: str
    value: str
    line: int

    @property
    def name(self) -> str:
        """The keyword with its scope, as it would be written."""
        return f"{self.keyword}@{self.scope}" if self.scope else self.keyword


@frozen
class Section:
    """One section.

    Attributes:
        name: lower case.
        line: number of its header, from 1.
        entries: in the order of the file.
    """

    name: str
    line: int
    entries: tuple[Entry, ...] = ()


@frozen
class _Open:
    """A section that is still being read."""

    name: str
    line: int
    entries: list[Entry] = field(factory=list)
    lines: dict[str, int] = field(factory=dict)
    """Line of each ``keyword@scope`` seen."""


def read_text(path: Path) -> str:
    """Text of a file; bytes that are not UTF-8 are kept, for ``scan`` to report them with their line.

    Raises:
        OSError: it cannot be read.
    """
    return path.read_bytes().decode("utf-8", "surrogateescape")


def scan(text: str, problems: Problems) -> tuple[Section, ...]:
    """Sections of a text, in its order. What is wrong goes to ``problems``; raises nothing.

    Of two sections of one name only the first is given, the second is a problem; so it is with keywords.
    """
    reader = _Reader(problems)
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        reader.take(number, line.rstrip())
    return tuple(reader.sections())


class _Reader:
    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._sections: dict[str, _Open] = {}
        self._here: _Open | None = None
        self._is_outside_told = False
        # Indent of the keyword that a deeper line would continue, or None; whether that keyword was kept.
        self._indent: int | None = None
        self._is_kept = False

    def sections(self) -> Iterator[Section]:
        for each in self._sections.values():
            yield Section(each.name, each.line, tuple(each.entries))

    def take(self, number: int, line: str) -> None:
        """One line, without its end."""
        stripped = line.lstrip()
        if not stripped:
            self._indent = None
            return
        if stripped.startswith(_COMMENT):
            return
        indent = len(line) - len(stripped)
        is_deeper = self._indent is not None and indent > self._indent
        is_header = stripped.startswith("[")
        is_own = is_header or _LOOKS_LIKE_KEYWORD.match(stripped)
        if is_deeper and not is_own:
            self._continue(number, stripped)
            return
        if is_deeper:
            self._problems.add(
                number,
                self._here.name if self._here else "",
                "",
                f"{_shown(stripped)} is indented, which would make it part of the value above",
                "begin it in the column of the line above, or join the two lines",
            )
        else:
            self._indent = None if is_header else indent
        if is_header:
            self._indent = None
            self._header(number, stripped)
        elif self._here is None:
            # One report for all that stands before the first header.
            if not self._is_outside_told:
                self._problems.add(number, "", "", "text before the first section", "begin the file with [default]")
            self._is_outside_told = True
        else:
            self._is_kept = self._keyword(number, stripped, self._here)

    def _header(self, number: int, stripped: str) -> None:
        inside, bracket, rest = stripped[1:].partition("]")
        name = inside.strip().lower()
        if not bracket:
            self._problems.add(number, name, "", "the header of this section has no ']'")
        elif rest.strip() and not rest.lstrip().startswith(_COMMENT):
            self._problems.add(number, name, "", f"{_shown(rest.strip())} after the header", "give it its own line")
        if not name or not name.isprintable():
            self._problems.add(number, "", "", "a section needs a name of printable characters")
        self._here = _Open(name, number)
        first = self._sections.setdefault(name, self._here)
        if first is not self._here:
            self._problems.add(
                number, name, "", f"this section stands in line {first.line} already", "make one section of the two"
            )

    def _keyword(self, number: int, stripped: str, here: _Open) -> bool:
        """Take a keyword line; whether it was kept."""
        left, equals, right = stripped.partition("=")
        if not equals:
            self._problems.add(number, here.name, "", f"no '=' in {_shown(stripped)}", "write `keyword = value`")
            return False
        keyword, at, scope = (part.strip() for part in left.strip().lower().partition("@"))
        if not keyword or (at and not scope):
            missing = "scope after '@'" if keyword else "keyword before '='"
            self._problems.add(number, here.name, keyword, f"no {missing} in {_shown(stripped)}")
            return False
        entry = Entry(keyword, scope, right.strip(), number)
        self._check_characters(number, entry.name, stripped)
        first = here.lines.setdefault(entry.name, number)
        if first != number:
            self._problems.add(
                number, here.name, entry.name, f"this keyword stands in line {first} already", "keep one of the two"
            )
            return False
        here.entries.append(entry)
        return True

    def _continue(self, number: int, stripped: str) -> None:
        if self._here is None or not self._is_kept:
            return
        last = self._here.entries[-1]
        self._check_characters(number, last.name, stripped)
        value = f"{last.value} {stripped}" if last.value else stripped
        self._here.entries[-1] = Entry(last.keyword, last.scope, value, last.line)

    def _check_characters(self, number: int, keyword: str, text: str) -> None:
        if text.isprintable():
            return
        section = self._here.name if self._here else ""
        if _NOT_UTF8.search(text):
            self._problems.add(
                number, section, keyword, "not UTF-8 text", "convert the file: iconv -f ISO-8859-1 -t UTF-8"
            )
        elif control := _CONTROL.search(text):
            self._problems.add(number, section, keyword, f"control character {control[0]!r}", "delete it")


def _shown(text: str) -> str:
    """A line for a message: cut, and without characters that would do something to a terminal."""
    return repr(text if len(text) <= 40 else text[:37] + "...")
