"""`make test` runs four shares at once: together they hold every test but the wheels', and no test twice."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

from tests.tiers import SHARES

MAKEFILE = Path(__file__).resolve().parents[2] / "Makefile"


def _selects(expression: str, marks: dict[str, bool]) -> bool:
    words = {"and", "or", "not"}
    spoken = re.sub(r"[a-z]+", lambda m: m[0] if m[0] in words else str(marks[m[0]]), expression)
    return bool(eval(spoken, {"__builtins__": {}}))  # noqa: S307 - True, False, and, or, not


def test_every_test_is_in_one_share() -> None:
    for lab, kernels, wheels, simulated, walks in product((True, False), repeat=5):
        if (kernels and not lab) or (lab and wheels):
            continue  # nodes with kernels of their own are of the lab; wheels are not
        marks = {"lab": lab, "kernels": kernels, "wheels": wheels, "simulated": simulated, "walks": walks}
        chosen = sum(_selects(share, marks) for share in SHARES)
        if not wheels:
            assert chosen == 1, marks


def test_the_makefile_runs_these_shares() -> None:
    assert (
        tuple(re.findall(r'^(?:KERNELS|LAB|SIMULATED|PURE) := "(.*)"$', MAKEFILE.read_text(), re.MULTILINE))
        == SHARES[::-1]
    )
