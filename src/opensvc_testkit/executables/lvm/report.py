"""LVM's reports as text: a table, or JSON with LVM's own line breaks (captured)."""

from __future__ import annotations

from opensvc_testkit.executables.lvm.columns import COLUMNS, NUMBERS, WIDTHS, Row, Size

UNITS = "bkmgtpe"


class Style:
    """How a report is printed. ``units`` as with ``--units``: a letter, lower case for 1024."""

    __slots__ = ("has_headings", "has_suffix", "is_json", "separator", "units")

    def __init__(self) -> None:
        self.is_json = False
        self.units = "r"
        self.has_suffix = True
        self.has_headings = True
        self.separator = ""


def render(kind: str, names: list[str], rows: list[Row], style: Style) -> str:
    """A report; ``kind`` is ``vg``, ``lv`` or ``pv``."""
    cells = [[_cell(COLUMNS[name][1](row), style) for name in names] for row in rows]
    if style.is_json:
        return _json(kind, names, cells)
    return _table(names, cells, style)


def _cell(value: str | int | Size, style: Style) -> str:
    return size_text(value.size, style.units, has_suffix=style.has_suffix) if isinstance(value, Size) else str(value)


def size_text(size: int, units: str, *, has_suffix: bool = True) -> str:
    """A size in LVM's words; in units ``r`` a ``<`` says that it was rounded up."""
    letter = units.lower()
    if letter == "b":
        return f"{size}{'B' if has_suffix else ''}"
    base, rounded = 1000 if units.isupper() and letter != "r" else 1024, ""
    if letter in "rh":
        if not size:
            return "0 "
        power = max(index for index in range(len(UNITS)) if size >= base**index)
        rounded = "<" if letter == "r" and round(size / base**power, 2) > size / base**power else ""
        letter = UNITS[power]
    value = size / base ** UNITS.index(letter)
    return f"{rounded}{value:.2f}{letter if has_suffix else ''}"


def _json(kind: str, names: list[str], cells: list[list[str]]) -> str:
    rows = [
        " " * 18 + "{" + ", ".join(f'"{name}":"{_escaped(cell)}"' for name, cell in zip(names, row, strict=True)) + "}"
        for row in cells
    ]
    body = ",\n".join(rows) + "\n" if rows else ""
    head = f'  {{\n      "report": [\n          {{\n              "{kind}": [\n'
    return f"{head}{body}              ]\n          }}\n      ]\n  }}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _table(names: list[str], cells: list[list[str]], style: Style) -> str:
    if not cells:
        return ""
    if style.separator:
        shown = [[COLUMNS[name][0] for name in names], *cells] if style.has_headings else cells
        return "".join(f"  {style.separator.join(row)}\n" for row in shown)
    # A column is as wide as its heading also where that is not shown.
    least = [max(len(COLUMNS[name][0]), WIDTHS.get(name, 0)) for name in names]
    widths = [max(width, *(len(row[index]) for row in cells)) for index, width in enumerate(least)]
    lines = [_line(names, row, widths) for row in cells]
    if style.has_headings:
        lines.insert(0, " ".join(COLUMNS[name][0].ljust(width) for name, width in zip(names, widths, strict=True)))
    return "".join(f"  {line}\n" for line in lines)


def _line(names: list[str], row: list[str], widths: list[int]) -> str:
    parts = []
    for name, cell, width in zip(names, row, widths, strict=True):
        parts.append(cell.rjust(width) if name in NUMBERS else cell.ljust(width))
    return " ".join(parts)
