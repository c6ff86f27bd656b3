"""Text of a keyword into a typed value, with messages that say what would have been right."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from opensvc_core.config.keywords import Keyword, Kind
from opensvc_core.config.problems import did_you_mean

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})

DURATION_UNITS: Final[Mapping[str, float]] = {
    "ms": 0.001,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
}
"""Seconds of each unit; a number without one is seconds."""

SIZE_UNITS: Final[Mapping[str, int]] = {
    "b": 1,
    **{f"{prefix}b": 1000**power for power, prefix in enumerate("kmgtp", 1)},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgtp", 1)},
}
"""Bytes of each unit, lower case; a number without one is bytes."""

LONGEST = 3650 * DURATION_UNITS["d"]
"""Longest duration, in seconds: what waits longer was mistyped, and clocks of the platform overflow beyond."""

_DURATION = re.compile(r"(?:\d{1,12}(?:\.\d{1,9})?(?:ms|s|m|h|d|w))+")
_DURATION_PART = re.compile(r"([\d.]+)([a-z]+)")
_NUMBER = re.compile(r"\d{1,12}(?:\.\d{1,9})?")
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_SIZE = re.compile(r"(\d{1,15})\s*([a-z]*)")


def parse_boolean(text: str) -> bool:
    """``true``, ``yes``, ``on``, ``1`` and their opposites, any case. Raises ValueError."""
    word = text.lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    message = f"{text!r} is neither true nor false"
    raise ValueError(message)


def parse_integer(text: str) -> int:
    """A whole number of at most 18 digits. Raises ValueError."""
    if not _INTEGER.fullmatch(text) or not text.isascii():
        message = f"{text!r} is not a whole number"
        raise ValueError(message)
    return int(text)


def parse_duration(text: str) -> float:
    """Seconds of ``90``, ``1m30s``, ``2h``, ``1d3h``, ``500ms``, ``0.5s``.

    A number without unit is seconds; each unit stands at most once, the longest first.

    Raises:
        ValueError: it is none of these, or longer than ten years.
    """
    if _NUMBER.fullmatch(text) and text.isascii():
        seconds = float(text)
    elif _DURATION.fullmatch(text) and text.isascii():
        parts = _DURATION_PART.findall(text)
        factors = [DURATION_UNITS[unit] for _, unit in parts]
        if factors != sorted(set(factors), reverse=True):
            message = f"{text!r}: each unit once, the longest first: w d h m s ms"
            raise ValueError(message)
        seconds = sum(float(number) * factor for (number, _), factor in zip(parts, factors, strict=True))
    else:
        message = f"{text!r} is not a duration: write seconds, or units as in 1m30s, 2h, 1d3h, 500ms"
        raise ValueError(message)
    if seconds > LONGEST:
        message = f"{text!r} is longer than ten years"
        raise ValueError(message)
    return seconds


def parse_size(text: str) -> int:
    """Bytes of ``10``, ``10KB`` (1000 each), ``10KiB`` (1024 each), up to ``PB`` and ``PiB``, any case.

    Raises:
        ValueError: it is none of these. ``10K`` and ``10M`` are refused: they mean 1000 to some and 1024 to others.
    """
    found = _SIZE.fullmatch(text.lower()) if text.isascii() else None
    if found and (not found[2] or found[2] in SIZE_UNITS):
        return int(found[1]) * SIZE_UNITS.get(found[2], 1)
    if found and found[2] in {"k", "m", "g", "t", "p"}:
        unit = found[2].upper()
        message = f"{text!r} can be read in two ways: write {unit}B (1000) or {unit}iB (1024)"
        raise ValueError(message)
    message = f"{text!r} is not a size: write bytes, or units as in 10KB (1000), 10KiB (1024), 2GiB"
    raise ValueError(message)


def parse_path(text: str) -> str:
    """An absolute path, without a slash at its end. Raises ValueError."""
    if not text.startswith("/"):
        message = f"{text!r} is not an absolute path"
        raise ValueError(message)
    return text.rstrip("/") or "/"


def parse_words(text: str) -> tuple[str, ...]:
    """The words of a text, split at blanks."""
    return tuple(text.split())


def parse_schedule_text(text: str) -> str:
    """A schedule, as written. Raises ValueError, with the place of what is wrong."""
    from opensvc_core.schedule.grammar import parse_schedule  # few services have one

    parse_schedule(text)
    return text


_PARSERS: Final[Mapping[Kind, Callable[[str], Any]]] = {
    Kind.TEXT: str,
    Kind.BOOLEAN: parse_boolean,
    Kind.INTEGER: parse_integer,
    Kind.DURATION: parse_duration,
    Kind.SIZE: parse_size,
    Kind.WORDS: parse_words,
    Kind.PATH: parse_path,
    Kind.SCHEDULE: parse_schedule_text,
}


def convert(keyword: Keyword, text: str) -> Any:
    """Value of a keyword from its text.

    Raises:
        ValueError: the text is not of the keyword's kind, or none of its choices; the message says what would be.
    """
    if not text and keyword.kind not in {Kind.TEXT, Kind.WORDS, Kind.SCHEDULE}:
        message = f"no value: {_article(keyword.kind)} is due"
        raise ValueError(message)
    value = _PARSERS[keyword.kind](text)
    if keyword.choices:
        for each in value if isinstance(value, tuple) else (str(value),):
            if each not in keyword.choices:
                hint = did_you_mean(each, keyword.choices)
                message = f"{each!r} is none of {', '.join(keyword.choices)}" + (f"; {hint}" if hint else "")
                raise ValueError(message)
    return value


def _article(kind: Kind) -> str:
    return f"an {kind.value}" if kind is Kind.INTEGER else f"a {kind.value}"
