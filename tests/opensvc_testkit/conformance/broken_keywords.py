"""Drivers whose keywords are not as they should be."""

from __future__ import annotations

from typing import ClassVar

from opensvc_core import api
from tests.opensvc_testkit.conformance.good import GoodLamp

LAMP, PATIENCE = GoodLamp.keywords


class Wordless(GoodLamp):
    keywords: ClassVar[tuple[api.Keyword, ...]] = (LAMP, PATIENCE, api.Keyword("colour", ""))


class WrongDefault(GoodLamp):
    keywords: ClassVar[tuple[api.Keyword, ...]] = (
        LAMP,
        api.Keyword("patience", "How long it may take.", api.Kind.DURATION, default="5s"),
    )


class WrongExample(GoodLamp):
    keywords: ClassVar[tuple[api.Keyword, ...]] = (
        LAMP,
        api.Keyword("patience", "How long it may take.", api.Kind.DURATION, default=5.0, example="a while"),
    )


class Exampleless(GoodLamp):
    keywords: ClassVar[tuple[api.Keyword, ...]] = (api.Keyword("lamp", "Name of the lamp.", required=True), PATIENCE)


class Twice(GoodLamp):
    keywords: ClassVar[tuple[api.Keyword, ...]] = (LAMP, PATIENCE, PATIENCE)


class Chosen(GoodLamp):
    keywords: ClassVar[tuple[api.Keyword, ...]] = (
        LAMP,
        api.Keyword("colour", "Colour of its light.", choices=("red", "green"), default="blue"),
    )


ALSO = [
    ("examples_are_values", Exampleless),
    ("keywords_are_documented", Twice),
    ("defaults_are_of_their_kind", Chosen),
]
BROKEN = {
    "keywords_are_documented": Wordless,
    "defaults_are_of_their_kind": WrongDefault,
    "examples_are_values": WrongExample,
}
