"""Reads a Xen guest's configuration file as ``xl`` does, and its disk specifications.

The grammar is xl.cfg's (``name = value`` with strings, numbers, lists); the texts of its errors are [R].
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    Value = str | int | list["Value"]

NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
FORMATS = ("raw", "qcow", "qcow2", "vhd", "qed", "phy", "empty")
READ_ONLY = ("r", "ro")
ACCESS = (*READ_ONLY, "w", "rw")
PREFIXES = {"phy": "phy", "file": "raw", "tap": "raw", "tap2": "raw", "aio": "raw", "raw": "raw", "qcow": "qcow",
            "qcow2": "qcow2", "vhd": "vhd"}  # fmt: skip


class BadConfigError(Exception):
    """The file cannot be understood; the text says where."""


class Reader:
    """One pass over the text of a file."""

    __slots__ = ("at", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def settings(self) -> dict[str, Value]:
        """All of the file. Raises BadConfigError."""
        found: dict[str, Value] = {}
        while self._skip(" \t\r\n;"):
            name = self._name()
            self._skip(" \t")
            if self._take() != "=":
                self._fail()
            found[name] = self._value()
            self._skip(" \t\r")
            if self.at < len(self.text) and self.text[self.at] not in "\n;":
                self._fail()
        return found

    def _skip(self, blanks: str) -> bool:
        """Pass blanks and comments; whether anything is left."""
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "#":
                newline = self.text.find("\n", self.at)
                self.at = len(self.text) if newline < 0 else newline
            elif char in blanks:
                self.at += 1
            else:
                return True
        return False

    def _take(self) -> str:
        self.at += 1
        return self.text[self.at - 1 : self.at]

    def _name(self) -> str:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] in NAME:
            self.at += 1
        if start == self.at:
            self._fail()
        return self.text[start : self.at]

    def _value(self) -> Value:
        self._skip(" \t")
        char = self.text[self.at : self.at + 1]
        if char and char in "'\"":
            return self._string(self._take())
        if char == "[":
            self._take()
            return self._list()
        word = self._name()
        try:
            return int(word, 0)
        except ValueError:
            return self._fail()

    def _string(self, quote: str) -> str:
        end = self.text.find(quote, self.at)
        if end < 0 or "\n" in self.text[self.at : end]:
            self._fail()
        start, self.at = self.at, end + 1
        return self.text[start:end]

    def _list(self) -> list[Value]:
        found: list[Value] = []
        while True:
            if not self._skip(" \t\r\n"):
                self._fail()
            if self.text[self.at] == "]":
                self.at += 1
                return found
            found.append(self._value())
            self._skip(" \t\r\n")
            if self.text[self.at : self.at + 1] == ",":
                self.at += 1
            elif self.text[self.at : self.at + 1] != "]":
                self._fail()

    def _fail(self) -> int:
        line = self.text.count("\n", 0, self.at) + 1
        near = self.text[self.at : self.at + 1] or "end of file"
        raise BadConfigError(f"{line}: config parsing error near `{near}': syntax error")


def read_disk(text: str) -> dict[str, str]:
    """One entry of ``disk``: ``pdev_path``, ``format``, ``vdev``, ``access``. Raises BadConfigError."""
    found = {"pdev_path": "", "format": "raw", "vdev": "", "access": "rw"}
    positions = ["pdev_path", "format", "vdev", "access"]
    words = [word.strip() for word in text.split(",")]
    if len(words) == 3 and ":" in words[0] and words[0].partition(":")[0] in PREFIXES:
        # xm's own: prefix:path,vdev,access
        positions.remove("format")
    for word in words:
        key, equals, value = word.partition("=")
        if equals and key in ("target", "format", "vdev", "access", "devtype", "backendtype", "backend", "script"):
            found[{"target": "pdev_path"}.get(key, key)] = value
        elif word in ("cdrom", "devtype=cdrom"):
            found["access"] = "ro"
        elif positions:
            place = positions.pop(0)
            if word:
                found[place] = word
    while (prefix := found["pdev_path"].partition(":")[0]) in PREFIXES and ":" in found["pdev_path"]:
        found["format"], found["pdev_path"] = PREFIXES[prefix], found["pdev_path"].partition(":")[2]
    if not found["vdev"]:
        raise BadConfigError(f"error: in disk specification `{text}': no vdev specified")
    if found["format"] not in FORMATS or found["access"] not in ACCESS:
        raise BadConfigError(f"error: in disk specification `{text}': unknown value for format or access")
    return found
