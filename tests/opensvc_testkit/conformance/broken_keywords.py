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


BROKEN = {
    "keywords_are_documented": Wordless,
    "defaults_are_of_their_kind": WrongDefault,
    "examples_are_values": WrongExample,
}
