"""A guest's configuration file, read as data: the words of xl.cfg(5), and of xm's as far as they are no Python."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NoReturn

from attrs import define, frozen

from opensvc_core.api import ActionError

LARGEST = 1 << 20
"""Bytes of the largest file that is read."""
DEEPEST = 8
"""Lists in lists that are followed."""

Value = str | int | list["Value"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]+|-?[0-9]+")
_BLANK = re.compile(r"(?:[ \t\r]|\\\n)*")
_BLANKS = re.compile(r"(?:[ \t\r\n;]|#[^\n]*)*")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


class SettingsError(ActionError):
    """A configuration file cannot be used."""

    code = "definition"


@frozen
class Settings:
    """What a configuration file sets.

    Attributes:
        values: by name, the last one that counts.
    """

    values: dict[str, Value]

    def text(self, name: str) -> str:
        """A value as text, empty if it is not set or is a list."""
        value = self.values.get(name, "")
        return "" if isinstance(value, list) else str(value)

    def number(self, name: str) -> int | None:
        """A value as a number, quoted or not; None if it is not set or is none."""
        text = self.text(name).strip()
        return int(text) if text.isascii() and text.isdigit() else None

    def words(self, name: str) -> list[str]:
        """The strings of a list; a lone string is a list of one."""
        value = self.values.get(name, [])
        return [str(each) for each in (value if isinstance(value, list) else [value]) if not isinstance(each, list)]


def read_settings(path: Path) -> Settings | None:
    """The file's settings, None if there is no such file. Raises SettingsError."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > LARGEST:
        raise SettingsError(f"{path} is no configuration: larger than {LARGEST} bytes")
    return parse_settings(content.decode(errors="surrogateescape"), str(path))


def parse_settings(text: str, source: str) -> Settings:
    """Read a file's text; nothing of it is executed.

    Raises:
        SettingsError: it is not in the form of xl.cfg, as a file of xm may be, which is a program in Python.
    """
    return Settings(_Reader(text, source).read())


@define
class _Reader:
    """One pass over a text."""

    text: str
    source: str
    at: int = 0

    def read(self) -> dict[str, Value]:
        values: dict[str, Value] = {}
        while self._skip(_BLANKS) < len(self.text):
            name = self._take(_NAME, "a name")
            self._skip(_BLANK)
            is_more = self.text.startswith("+=", self.at)
            if not is_more and not self.text.startswith("=", self.at):
                self._fail("`=`")
            self.at += 2 if is_more else 1
            self._skip(_BLANK)
            value = self._value(0)
            # [R] xl since 4.13: adds to a list, or to a string.
            values[name] = _added(values.get(name), value) if is_more else value
            self._skip(_BLANK)
            if self.at < len(self.text) and self.text[self.at] not in "\n;#":
                self._fail("the end of the line")
        return values

    def _skip(self, blanks: re.Pattern[str]) -> int:
        found = blanks.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at

    def _take(self, pattern: re.Pattern[str], what: str) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            self._fail(what)
        self.at = found.end()
        return found[0]

    def _value(self, depth: int) -> Value:
        here = self.text[self.at : self.at + 1]
        if here and here in "'\"":
            return self._string()
        if here == "[":
            if depth == DEEPEST:
                self._fail("a flatter list")
            return self._list(depth)
        number = self._take(_NUMBER, "a string, a number or a list")
        return int(number, 16) if number[:2] in {"0x", "0X"} else int(number)

    def _string(self) -> str:
        quote = self.text[self.at]
        if self.text.startswith(quote * 3, self.at):
            quote *= 3
        begin = self.at + len(quote)
        end = begin
        while not self.text.startswith(quote, end):
            if end >= len(self.text) or (self.text[end] == "\n" and len(quote) == 1):
                self._fail("the end of a string")
            end += 2 if self.text[end] == "\\" else 1
        self.at = end + len(quote)
        return re.sub(r"\\(.)", lambda code: _ESCAPES.get(code[1], code[1]), self.text[begin:end], flags=re.DOTALL)

    def _list(self, depth: int) -> list[Value]:
        self.at += 1
        found: list[Value] = []
        while True:
            self._skip(_BLANKS)
            if self.text.startswith("]", self.at):
                self.at += 1
                return found
            found.append(self._value(depth + 1))
            self._skip(_BLANKS)
            if self.text.startswith(",", self.at):
                self.at += 1
            elif not self.text.startswith("]", self.at):
                self._fail("`,` or `]`")

    def _fail(self, wanted: str) -> NoReturn:
        line = self.text.count("\n", 0, self.at) + 1
        raise SettingsError(f"{self.source}, line {line}: {wanted} is expected")


def _added(old: Value | None, new: Value) -> Value:
    if old is None:
        return new
    if isinstance(old, list):
        return [*old, *(new if isinstance(new, list) else [new])]
    return f"{old}{new}" if not isinstance(new, list) else [old, *new]
