"""`make test` runs eight shares, five at once: together they hold every test but the wheels', and no test twice."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

from tests.tiers import FOLDERS, KIT, LAB_SHARES, SHARES, WALKS

TESTS = Path(__file__).resolve().parents[1]
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


def _shares_of(file: Path) -> set[str]:
    """The shares that look into some folders only and may have tests of a file, by its folder and its own marks."""
    parts, text = file.relative_to(TESTS).parts, file.read_text()
    found = set()
    if WALKS & set(parts):
        found.add(SHARES[1])
    if KIT in parts:
        found.add(SHARES[3])
    if "pytest.mark.lab" in text or parts[0] == "lab":
        found.add(LAB_SHARES[0])
    return found


def test_shares_that_look_into_some_folders_only_have_no_test_elsewhere() -> None:
    for file in TESTS.rglob("test_*.py"):
        top = file.relative_to(TESTS).parts[0]
        # What the text of a test is about is none of its own marks.
        for share in set() if top == "workspace" else _shares_of(file):
            assert top in FOLDERS[share], (file, share)
        if top not in {"lab", "workspace"}:
            own = re.findall(r"mark\.(kernels|storage|cluster|walks|kit)\b", file.read_text())
            assert not own, f"{file}: {own} are set by folder"
