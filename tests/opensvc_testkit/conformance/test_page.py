"""The reference page tells of every check, and of no other."""

from __future__ import annotations

import re
from pathlib import Path

from opensvc_testkit.conformance.contract import check_names

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "conformance.md"


def test_the_page_tells_of_every_check() -> None:
    rows = [line.split("|")[1] for line in PAGE.read_text().split("## The checks")[1].splitlines() if line[:3] == "| `"]
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == check_names()
