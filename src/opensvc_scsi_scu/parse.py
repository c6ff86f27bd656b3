"""What ``scu`` and ``ioscan -m dsf`` print, read by pure functions; nothing here was tried on HP-UX.

Of ``scu`` it is sourced that each key stands in ``show keys`` as ``0x…``, and that a line ``Reservation Key`` of ``show
reservation`` ends with the holder's. The form around them is that of the Tru64 tool, from memory [R]:

    Persistent Reservation Header:
        Generation Value: 23
        Additional Length: 16
    Reservation Keys:
        1: 0x30001
        2: 0x30002

Hence: an answer that cannot be read as a whole is no answer. "No key" and "no reservation" are believed only where the
answer says so, in words or by a length of 0.
"""

from __future__ import annotations

import re

from opensvc_core.api import Registrations, Reservation

_KEY = re.compile(
    r"(?:[0-9]{1,5}\s*[:.)]\s*|(?:Reservation )?Key(?: [0-9]{1,5})?\s*[:=]\s*)?0x([0-9a-f]{1,16})\Z", re.IGNORECASE
)
_GENERATION = re.compile(
    r"(?:PR )?Generation(?: Value| Number)?\s*[:=]\s*(0x[0-9a-f]{1,8}|[0-9]{1,10})\Z", re.IGNORECASE
)
_LENGTH = re.compile(r"Additional Length\s*[:=]\s*([0-9]{1,6})(?: \(0x[0-9a-f]+\))?\Z", re.IGNORECASE)
_HOLDER = re.compile(r"Reservation Key\s*[:=]?\s*(?:\S+\s+)*0x([0-9a-f]{1,16})\Z", re.IGNORECASE)
_TYPE = re.compile(r"(?:Reservation )?Type\s*[:=]\s*(\S.*)\Z", re.IGNORECASE)
_NONE = re.compile(r"(?:There (?:are|is) )?no (?:\S+ ){0,3}?(?:keys?|reservations?)\b[^:=]*\Z", re.IGNORECASE)
_TYPE_CODES = {
    "writeexclusive": 1,
    "exclusiveaccess": 3,
    "writeexclusiveregistrantsonly": 5,
    "exclusiveaccessregistrantsonly": 6,
    "writeexclusiveallregistrants": 7,
    "exclusiveaccessallregistrants": 8,
    "wero": 5,
}
_KEY_BYTES = 8
"""Length of a key in the answer of READ KEYS (SPC)."""


def parse_keys(text: str) -> Registrations:
    """Registered keys of ``show keys``, one for each nexus. Raises ValueError for another answer, or a cut one."""
    generation, length, rest = _head(text)
    keys = [int(match[1], 16) for line in rest if (match := _KEY.match(line))]
    if (length is not None and length != len(keys) * _KEY_BYTES) or (
        not keys and length is None and not any(_NONE.match(line) for line in rest)
    ):
        raise _garbled(text)
    if keys and any(_NONE.match(line) for line in rest):
        raise _garbled(text)
    return Registrations(tuple(keys), generation)


def parse_holder(text: str) -> Reservation:
    """Holder and type of ``show reservation``. Raises ValueError for another answer, or a cut one."""
    generation, length, rest = _head(text)
    holders = [int(match[1], 16) for line in rest if (match := _HOLDER.match(line))]
    if not holders and not any(line.lower().startswith("reservation key") for line in rest):
        if length == 0 or (length is None and any(_NONE.match(line) for line in rest)):
            return Reservation(generation=generation)
        raise _garbled(text)
    types = {code for line in rest if (match := _TYPE.match(line)) and (code := _type_code(match[1]))}
    if len(holders) != 1 or len(types) != 1 or length == 0:
        raise _garbled(text)
    return Reservation(holders[0], types.pop(), generation)


def _head(text: str) -> tuple[int, int | None, list[str]]:
    """Generation (0 if not told), length if told, and the other lines. Raises ValueError for a cut answer."""
    if not text.endswith("\n"):
        # A key without its last digit would be another key.
        raise _garbled(text)
    generation, length, rest = 0, None, []
    for line in (" ".join(each.split()) for each in text.splitlines()):
        if match := _GENERATION.match(line):
            generation = int(match[1], 0)
        elif match := _LENGTH.match(line):
            length = int(match[1])
        elif line:
            rest.append(line)
    return generation, length, rest


def _type_code(words: str) -> int:
    """The SPC code of a type, in digits or by its name; 0 for one that is not known."""
    first = words.split(maxsplit=1)[0].lower()
    if re.fullmatch(r"0x[0-9a-f]|[0-9]", first) and int(first, 0) in _TYPE_CODES.values():
        return int(first, 0)
    return _TYPE_CODES.get(re.sub(r"[^a-z]", "", words.lower()), 0)


def parse_legs(text: str) -> dict[str, tuple[str, ...]]:
    """Legacy special files, one for each path, by persistent one: ``ioscan -F -m dsf``, ``persistent:legacy legacy``.

    Raises:
        ValueError: the answer is cut, or a line is none.
    """
    if not text.endswith("\n"):
        raise ValueError(f"not an answer of ioscan -F -m dsf: {text[-80:]!r}")
    legs: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        persistent, colon, legacy = line.strip().partition(":")
        if not persistent and not colon:
            continue
        names = tuple(legacy.split())
        if not colon or not all(name.startswith("/dev/") for name in (persistent, *names)):
            raise ValueError(f"not a line of ioscan -F -m dsf: {line[:120]!r}")
        legs[persistent] = names
    return legs


def parse_leg_mpath(text: str) -> bool:
    """Whether what is sent to one path may go through another. Raises ValueError for neither true nor false."""
    word = text.strip().strip('"').lower()
    if not text.endswith("\n") or word not in {"true", "false"}:
        raise ValueError(f"neither true nor false: {text[:80]!r}")
    return word == "true"


def _garbled(text: str) -> ValueError:
    return ValueError(f"not an answer of scu: {text[:200]!r}")
