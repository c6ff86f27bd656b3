"""virsh's tables: a blank before each column, two after, dashes as wide as the widest row (captured, libvirt 9.0.0)."""

from __future__ import annotations


def render_table(header: list[str], rows: list[list[str]], *, quiet: bool) -> str:
    """The table; quiet leaves out the header and its width."""
    shown = rows if quiet else [header, *rows]
    if not shown:
        return ""
    widths = [max(len(row[column]) for row in shown) for column in range(len(header))]
    lines = [_line(row, widths) for row in shown]
    if not quiet:
        lines.insert(1, "-" * sum(width + 3 for width in widths))
    return "".join(f"{line}\n" for line in lines)


def _line(row: list[str], widths: list[int]) -> str:
    padded = [f" {cell:<{width}}  " for cell, width in zip(row[:-1], widths[:-1], strict=True)]
    return "".join(padded) + f" {row[-1]}"
