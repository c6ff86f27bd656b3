"""The page of vetoes lists every code of the core, in the right table."""

from __future__ import annotations

import re
from pathlib import Path

from attrs import fields

from opensvc_core.actions.limits import Limits
from opensvc_core.actions.preflight import FINAL_CODES, PERMIT_CODES
from opensvc_core.copies import SYNC_CODES

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def _codes(text: str) -> set[str]:
    return set(re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE))


def test_every_veto_stands_in_the_table_that_it_belongs_to() -> None:
    liftable, _, final = (REFERENCE / "vetoes.md").read_text().partition("## Lifted by nothing")
    assert set(PERMIT_CODES) <= _codes(liftable)
    assert set(FINAL_CODES) <= _codes(final)
    assert not _codes(liftable) & _codes(final)
    assert set(SYNC_CODES) <= _codes(liftable) | _codes(final)


def test_every_limit_stands_in_the_page_of_node_conf_with_its_default() -> None:
    page = (REFERENCE / "node-conf.md").read_text().partition("| `[node]` |")[0]
    defaults = {name: float(value) for name, value in re.findall(r"`([a-z_]+)` \| `(\d+)` \|", page)}
    assert defaults == {each.name: float(str(each.default)) for each in fields(Limits)}
