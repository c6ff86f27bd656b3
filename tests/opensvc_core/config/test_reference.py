"""The reference page is what the declarations say."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_core.config.defaults import DEFAULT_KEYWORDS, WITHOUT_EFFECT
from opensvc_core.config.keywords import DriverInfo, Keyword, Kind
from opensvc_core.config.reference import installed_drivers, main, render
from opensvc_core.config.resource_keywords import RESOURCE_KEYWORDS
from opensvc_core.config.values import convert

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "configuration.md"


def test_the_page_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--check", str(PAGE)])
    assert (status, capsys.readouterr().err) == (0, "")


def test_a_page_that_was_left_behind_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    assert main([str(page)]) == 0
    assert main(["--check", str(page)]) == 0
    page.write_text(page.read_text() + "more\n")
    assert main(["--check", str(page)]) == 1
    assert "is not up to date: python -m opensvc_core.config.reference" in capsys.readouterr().err


def test_a_keyword_is_shown_with_all_that_is_declared_of_it() -> None:
    keyword = Keyword(
        "limit",
        "How long.",
        Kind.DURATION,
        default=90.0,
        aliases=("timeout",),
        inherits="app",
        is_scopable=False,
        example="2m",
    )
    assert (
        "| `limit`, `timeout` | duration | `90s` | How long. Inherits `app` of `[default]`. Takes no scope. "
        "Example: `2m`. |" in render([DriverInfo("disk.own", (keyword,))])
    )


@pytest.mark.parametrize(
    "keyword",
    [*DEFAULT_KEYWORDS, *RESOURCE_KEYWORDS, *(each for driver in installed_drivers() for each in driver.keywords)],
    ids=lambda keyword: keyword.name,
)
def test_declarations_hold_for_themselves(keyword: Keyword) -> None:
    assert keyword.name == keyword.name.lower()
    assert keyword.text.endswith((".", "`"))
    if keyword.example:
        convert(keyword, keyword.example)
    types = {Kind.BOOLEAN: bool, Kind.INTEGER: int, Kind.DURATION: float, Kind.SIZE: int, Kind.WORDS: tuple}
    if keyword.default is not None:
        assert type(keyword.default) is types.get(keyword.kind, str)


def test_keywords_without_effect_are_keywords() -> None:
    assert {keyword.name for keyword in DEFAULT_KEYWORDS} >= WITHOUT_EFFECT
