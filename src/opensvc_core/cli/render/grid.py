"""A table without lines: laid out at once where it fits, as it may have a thousand rows; else as rich folds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen
from rich.cells import cell_len
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.style import Style

Cell = tuple[str, str]
"""A text, and the style of it."""


@frozen
class Grid:
    """Rows of cells below a header; the first column folds where the whole is too wide.

    Attributes:
        header: one title a column.
        rows: as many cells each, and the style of the row.
    """

    header: Sequence[str]
    rows: Sequence[tuple[Sequence[Cell], str]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """What rich draws."""
        widths = [cell_len(title) for title in self.header]
        for cells, _ in self.rows:
            widths = [max(width, cell_len(text)) for width, (text, _) in zip(widths, cells, strict=True)]
        if sum(widths) + len(widths) - 1 > options.max_width:
            yield self._table()
            return
        yield from self._line(console, [(title, "bold") for title in self.header], "", widths)  # type: ignore[misc]
        for cells, style in self.rows:
            yield from self._line(console, cells, style, widths)  # type: ignore[misc]

    @staticmethod
    def _line(console: Console, cells: Sequence[Cell], row: str, widths: Sequence[int]) -> Iterator[Segment]:
        last = len(cells) - 1
        whole = _style(console, row)
        for index, ((text, word), width) in enumerate(zip(cells, widths, strict=True)):
            style = _style(console, word)
            both = whole + style if whole and style else style or whole
            yield Segment(text + " " * (width - cell_len(text) + (index < last)), both)
        yield Segment.line()

    def _table(self) -> Table:
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold", show_edge=False)
        for index, column in enumerate(self.header):
            table.add_column(column, overflow="fold", no_wrap=index > 0)
        for cells, style in self.rows:
            table.add_row(*(Text(text, style=word) for text, word in cells), style=style)
        return table


def _style(console: Console, word: str) -> Style | None:
    return console.get_style(word) if word else None
