"""The page on writing a driver shows the driver that the tests install."""

from __future__ import annotations

import pytest

from tests.examples.installed import EXAMPLE
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
