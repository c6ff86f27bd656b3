"""No driver of ours is left out of the contract."""

from __future__ import annotations

import re
from pathlib import Path

from tests.wheels.distributions import members

HERE = Path(__file__).parent


def test_every_driver_is_held_against_the_contract() -> None:
    ours = {
        driver
        for member in members()
        for driver in member.pyproject["project"].get("entry-points", {}).get("opensvc.drivers", {})
    }
    text = "".join(path.read_text() for path in HERE.glob("test_*.py"))
    held = set(re.findall(r'^    driver = "([\w.]+)"$', text, re.MULTILINE))
    assert ours <= held
