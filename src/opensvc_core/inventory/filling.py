"""Asks a platform's own tools how full file systems and volume groups are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from opensvc_core.errors import OpenSVCError
from opensvc_core.inventory.asking import whatever_of
from opensvc_core.inventory.file_systems import Filling, parse_bdf, parse_df
from opensvc_core.inventory.measure import Measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opensvc_core.context import Context

_FULL_BY_NATURE = ("iso9660", "squashfs", "udf", "devtmpfs")
"""File systems that are always full, or hold no data."""
_OF_THE_KERNEL = ("/dev/", "/proc/", "/sys/")


def read_fillings(context: Context) -> Iterator[Measure]:
    """What this node's platform tells; a tool that cannot tell is a note."""
    match context.node.os_name:
        case "Linux":
            left_out = [word for kind in _FULL_BY_NATURE for word in ("-x", kind)]
            yield from _df("fs_u", context, "df", "-lPk", *left_out)
            yield from _df("fs_i", context, "df", "-lPi", *left_out)
            yield from _linux_groups(context)
        case "HP-UX":
            yield from _hpux(context)
        case "SunOS":
            # What is mounted from a folder is full as the file system of that folder is.
            yield from _df("fs_u", context, "df", "-lk", skips=lambda row: row.device.startswith("/")
                           and not row.device.startswith("/dev/"))  # fmt: skip
            yield from _pools(context)
        case other:
            context.note(f"how {other} tells what fills up is not known", "not_supported")


def _never(row: Filling) -> bool:
    del row
    return False


def _df(kind: str, context: Context, *argv: str, skips: Callable[[Filling], bool] = _never) -> Iterator[Measure]:
    text = whatever_of(context, *argv)
    if text is None:
        return
    rows = parse_df(text)
    if rows is None:
        context.note(f"{argv[0]}: not an answer that can be read: {text[:80]!r}", "garbled")
    for row in rows or ():
        if skips(row) or (row.mount.startswith(_OF_THE_KERNEL) and not row.device.startswith("/")):
            continue
        yield Measure(kind, row.mount, row.percent)


def _hpux(context: Context) -> Iterator[Measure]:
    """``bdf -il`` for file systems, ``vgdisplay -F`` for groups: of one that is not active it says so, and fails."""
    text = whatever_of(context, "bdf", "-il")
    tables = parse_bdf(text) if text is not None else ((), ())
    if tables is None:
        context.note(f"bdf: not an answer that can be read: {(text or '')[:80]!r}", "garbled")
        tables = ((), ())
    for kind, rows in zip(("fs_u", "fs_i"), tables, strict=True):
        yield from (Measure(kind, row.mount, row.percent) for row in rows)
    try:
        shown = context.query("vgdisplay", "-F", check=False).stdout
    except OpenSVCError as error:
        context.note_error(error)
        return
    yield from (Measure("vg_u", name, percent) for name, percent in parse_vgdisplay(shown))


def parse_vgdisplay(text: str) -> list[tuple[str, int | None]]:
    """Name and percent in use of groups of ``vgdisplay -F``: ``vg_name=/dev/vg00:…:total_pe=4347:alloc_pe=2712:…``."""
    found = []
    for line in text.splitlines():
        fields = dict(part.partition("=")[::2] for part in line.strip().split(":"))
        name = fields.get("vg_name", "").removeprefix("/dev/")
        if name:
            found.append((name, _percent(fields.get("total_pe", ""), fields.get("free_pe", ""))))
    return found


def _pools(context: Context) -> Iterator[Measure]:
    text = whatever_of(context, "zpool", "list", "-H", "-o", "name,capacity", is_optional=True)
    for line in (text or "").splitlines():
        name, tab, percent = line.partition("\t")
        if tab and name:
            number = percent.removesuffix("%")
            yield Measure("vg_u", name, int(number) if number.isdecimal() and int(number) <= 100 else None)


def _linux_groups(context: Context) -> Iterator[Measure]:
    columns = "vg_name,vg_size,vg_free"
    argv = ("vgs", "--reportformat", "json", "--units", "b", "--nosuffix", "--readonly", "-o", columns)
    text = whatever_of(context, *argv, is_optional=True)
    if text is None:
        return
    groups = parse_vgs(text)
    if groups is None:
        context.note(f"vgs: not an answer that can be read: {text[:80]!r}", "garbled")
    for name, percent in groups or ():
        yield Measure("vg_u", name, percent)


def parse_vgs(text: str) -> tuple[tuple[str, int | None], ...] | None:
    """Name and percent in use of groups, of ``vgs --reportformat json --units b`` (lvmreport(7)); else ``None``."""
    begin = text.find("{")
    try:
        # LVM's own messages may stand before it.
        document, _ = json.JSONDecoder().raw_decode(text, max(begin, 0))
        rows = [row for report in document["report"] for row in report.get("vg", ())]
        return tuple((str(row["vg_name"]), _percent(row["vg_size"], row["vg_free"])) for row in rows)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _percent(size: str, free: str) -> int | None:
    if not size.isdecimal() or not free.isdecimal() or not int(size):
        return None
    # Rounded up, as df does.
    return -(-(int(size) - int(free)) * 100 // int(size))
