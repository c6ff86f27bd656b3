"""The pages on writing a driver and an observer show what the tests install."""

from __future__ import annotations

import pytest

from tests.examples.installed import EXAMPLE, OBSERVER
from tests.wheels.distributions import ROOT

PAGE = ROOT / "docs" / "how-to" / "write-a-driver.md"


@pytest.mark.parametrize(
    ("language", "file"),
    [
        ("python", "opensvc_disk_loop.py"),
        ("toml", "pyproject.toml"),
        ("python", "tests/test_contract.py"),
    ],
)
def test_the_page_shows_the_example_as_it_is(language: str, file: str) -> None:
    assert f"```{language}\n{(EXAMPLE / file).read_text()}```" in PAGE.read_text()


@pytest.mark.parametrize(
    ("language", "file"), [("python", "opensvc_observer_jsonlines.py"), ("toml", "pyproject.toml")]
)
def test_the_page_on_observers_shows_its_example_as_it_is(language: str, file: str) -> None:
    page = PAGE.with_name("write-an-observer.md")
    assert f"```{language}\n{(OBSERVER / file).read_text()}```" in page.read_text()
