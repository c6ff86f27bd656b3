"""Checks of the keywords that a driver declares: the reference page and the error messages are made of them."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from opensvc_core.api import Keyword, Kind
from opensvc_core.config.values import convert
from opensvc_testkit.conformance.checks import Checks
from opensvc_testkit.conformance.requirement import require

TYPES: dict[Kind, type | tuple[type, ...]] = {
    Kind.TEXT: str,
    Kind.BOOLEAN: bool,
    Kind.INTEGER: int,
    Kind.DURATION: (int, float),
    Kind.SIZE: int,
    Kind.WORDS: tuple,
    Kind.PATH: str,
    Kind.SCHEDULE: str,
}
SENTENCE = 12
"""Characters that a text has at least."""


class Keywords(Checks):
    """What a service file may say to the driver."""

    def test_keywords_are_documented(self, described: tuple[Any, ...]) -> None:
        """Each has a name of its own, as files write it, and a text of whole sentences."""
        names = Counter(name for each in described for name in (each.name, *each.aliases))
        for name, times in names.items():
            require(re.fullmatch(r"[a-z][a-z0-9_]*", name), f"keyword {name!r}: a name is lower case, with underscores")
            require(times == 1, f"keyword {name!r} is declared {times} times")
        for each in described:
            text = each.text.strip()
            require(
                len(text) >= SENTENCE and text.endswith("."),
                f"keyword {each.name!r}: its text {each.text!r} is no sentence that says what it is for",
            )

    def test_defaults_are_of_their_kind(self, described: tuple[Any, ...]) -> None:
        """A default is what the parser would give, and what must be given has none."""
        for each in described:
            require(
                not (each.required and each.default is not None), f"keyword {each.name!r} is required and has a default"
            )
            if each.default is None:
                continue
            right = isinstance(each.default, TYPES[each.kind])
            is_number = each.kind in {Kind.INTEGER, Kind.SIZE, Kind.DURATION}
            require(
                right and not (is_number and isinstance(each.default, bool)),
                f"keyword {each.name!r}: its default {each.default!r} is no {each.kind.value}",
            )
            given = each.default if isinstance(each.default, tuple) else (each.default,)
            require(
                not each.choices or all(str(value) in each.choices for value in given),
                f"keyword {each.name!r}: its default {each.default!r} is none of its choices",
            )

    def test_examples_are_values(self, described: tuple[Any, ...]) -> None:
        """An example can be written into a file as it stands; what must be given has one."""
        for each in described:
            require(each.example or not each.required, f"keyword {each.name!r}: required, and shows no example")
            if each.example:
                require(_is_value(each), f"keyword {each.name!r}: its example {each.example!r} is no {each.kind.value}")


def _is_value(keyword: Keyword) -> bool:
    try:
        convert(keyword, keyword.example)
    except ValueError:
        return False
    return True
