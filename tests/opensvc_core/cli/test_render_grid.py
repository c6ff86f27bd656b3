"""The table of `osvc mon`, laid out at once, is what rich itself would draw."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.cli.render import to_text
from opensvc_core.cli.render.grid import Grid

TEXTS = st.text(st.characters(categories=["L", "N", "P"]), max_size=12)
ROWS = st.lists(
    st.tuples(st.lists(st.tuples(TEXTS, st.sampled_from(["", "red"])), min_size=3, max_size=3), st.just(""))
)


@given(rows=ROWS)
def test_what_fits_looks_as_rich_would_draw_it(rows: list[tuple[list[tuple[str, str]], str]]) -> None:
    grid = Grid(("NAME", "A", "B"), rows)
    assert to_text(grid, width=100) == to_text(grid._table(), width=100)


def test_what_is_too_wide_folds_in_the_first_column() -> None:
    text = to_text(Grid(("NAME", "A"), [([("x" * 60, ""), ("up", "green")], "")]), width=40)
    assert all(len(line) <= 40 for line in text.splitlines())
    assert text.count("x") == 60
    assert "up" in text


def test_colours_of_rows_and_cells_are_drawn() -> None:
    text = to_text(Grid(("NAME",), [([("web", "red")], "dim")]), has_color=True, width=40)
    assert "\x1b[2;31mweb" in text
