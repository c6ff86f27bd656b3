"""The shape that the answers of both tools have, told apart by their words and blanks. Pure."""

from __future__ import annotations

import re

from attrs import frozen

from opensvc_core.api import Registrations, Reservation

# Names of reservation types by their SPC codes, the same in both tools.
_TYPES = {
    "write exclusive": 1,
    "exclusive access": 3,
    "write exclusive, registrants only": 5,
    "exclusive access, registrants only": 6,
    "write exclusive, all registrants": 7,
    "exclusive access, all registrants": 8,
}
_OBSOLETE = re.compile(r"obsolete \[(?:0x)?([0-9a-f])\]\Z")
_GENERATION = re.compile(r"\s*PR generation=0x([0-9a-f]{1,8}),\s*(.*?)\s*\Z")
_COUNT = re.compile(r"([0-9]{1,5}) registered reservation keys? follows?:\Z")
_KEY = re.compile(r"\s+0x([0-9a-f]{1,16})\s*\Z")


@frozen
class Grammar:
    """How one tool says it.

    Attributes:
        tool: its name, for messages.
        no_keys: what stands after the generation when no key is registered.
        holder: the line with the holder's key, one group.
        type: the line with the type's name, one group.
    """

    tool: str
    no_keys: str
    holder: re.Pattern[str]
    type: re.Pattern[str]

    def registrations(self, text: str) -> Registrations:
        """Registered keys, one for each nexus. Raises ValueError if the answer is another, or incomplete."""
        generation, answer, rest = self._split(text)
        if answer == self.no_keys and not rest:
            return Registrations((), generation)
        count = _COUNT.match(answer)
        if count is None or int(count[1]) != len(rest) or not rest:
            raise self._garbled(text)
        return Registrations(tuple(self._key(_KEY, line, text) for line in rest), generation)

    def reservation(self, text: str) -> Reservation:
        """Holder and type. Raises ValueError if the answer is another, or incomplete.

        A reservation for all registrants has no holder of its own: LIO gives the key 0 then.
        """
        generation, answer, rest = self._split(text)
        if answer == "there is NO reservation held" and not rest:
            return Reservation(generation=generation)
        if answer != "Reservation follows:" or len(rest) != 2:
            raise self._garbled(text)
        kind = self.type.match(rest[1])
        if kind is None:
            raise self._garbled(text)
        return Reservation(self._key(self.holder, rest[0], text), type_code(kind[1]), generation)

    def _split(self, text: str) -> tuple[int, str, list[str]]:
        """Generation, the answer in words, and the lines after it that are not empty."""
        if not text.endswith("\n"):
            # A key without its last digit would be another key.
            raise self._garbled(text)
        lines = [line for line in text.splitlines() if line.strip()]
        for index, line in enumerate(lines):
            match = _GENERATION.match(line)
            if match:
                return int(match[1], 16), match[2], lines[index + 1 :]
        raise self._garbled(text)

    def _key(self, pattern: re.Pattern[str], line: str, text: str) -> int:
        match = pattern.match(line)
        if match is None:
            raise self._garbled(text)
        return int(match[1], 16)

    def _garbled(self, text: str) -> ValueError:
        return ValueError(f"not an answer of {self.tool}: {text[:200]!r}")


def type_code(name: str) -> int:
    """The SPC code of a type's name, 1 to 15. Raises ValueError if it is the name of none."""
    words = " ".join(name.lower().split())
    if words in _TYPES:
        return _TYPES[words]
    match = _OBSOLETE.match(words)
    if match and match[1] != "0":
        return int(match[1], 16)
    message = f"unknown type of reservation {name[:80]!r}"
    raise ValueError(message)
