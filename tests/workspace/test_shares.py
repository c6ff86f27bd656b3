"""`make test` runs eight shares, five at once: together they hold every test but the wheels', and no test twice."""

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
    names = ("lab", "cluster", "kernels", "storage", "wheels", "simulated", "walks", "kit")
    for said in product((True, False), repeat=len(names)):
        marks = dict(zip(names, said, strict=True))
        if (marks["storage"] and not marks["kernels"]) or (marks["kernels"] and not marks["lab"]):
            continue  # scenarios of storage run on nodes with kernels of their own, and those are of the lab
        if marks["cluster"] and (marks["kernels"] or not marks["lab"]):
            continue  # clusters are of namespaces
        if marks["kit"] and not marks["simulated"]:
            continue  # of the simulators' own tests those that run one
        if marks["lab"] and marks["wheels"]:
            continue
        chosen = sum(_selects(share, marks) for share in SHARES)
        if not marks["wheels"]:
            assert chosen == 1, marks


def test_the_makefile_runs_these_shares() -> None:
    names = "STORAGE|KERNELS|CLUSTER|LAB|KIT|SIMULATED|WALKS|PURE"
    found = re.findall(rf'^(?:{names}) := "(.*)"$', MAKEFILE.read_text(), re.MULTILINE)
    assert tuple(found) == SHARES[::-1]
