"""What was measured against what it may be, and the table of all that."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen


@frozen
class Figure:
    """One measured thing and its limit.

    Attributes:
        what: in words.
        value: measured.
        limit: that it may reach.
        unit: of both: `s`, `ms`, `x`, or empty for a number of things.
        detail: what the value and the limit were made from.
        is_at_least: whether the limit is the least, not the most.
    """

    what: str
    value: float
    limit: float
    unit: str
    detail: str
    is_at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the value keeps to the limit."""
        return self.value >= self.limit if self.is_at_least else self.value <= self.limit

    def row(self) -> tuple[str, str, str, str, str]:
        """As the cells of a table."""
        sign = "≥" if self.is_at_least else "≤"
        unit = f" {self.unit}" if self.unit else ""
        verdict = "pass" if self.is_met else "MISS"
        return self.what, f"{self.value:.4g}{unit}", f"{sign} {self.limit:.4g}{unit}", verdict, self.detail


def table(figures: Sequence[Figure]) -> str:
    """All figures, one a line, in columns."""
    rows = [("what", "figure", "limit", "", "made from"), *(figure.row() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append("  ".join([*cells, row[4]]).rstrip())
    return "\n".join(lines)
