"""How full file systems are: what ``df`` and its kin print, as values; pure."""

from __future__ import annotations

import re

from attrs import frozen

_ROW = re.compile(r"(?P<device>\S.*?)\s+(?P<total>[0-9]+|-)\s+(?P<used>-?[0-9]+|-)\s+(?P<free>-?[0-9]+|-)"
                  r"\s+(?P<percent>[0-9]{1,3}%|-)\s+(?P<mount>/.*)\Z", re.ASCII)  # fmt: skip
_BDF = re.compile(
    r"(?P<device>\S+)\s+(?P<total>[0-9]+)\s+[0-9]+\s+-?[0-9]+\s+(?P<percent>[0-9]{1,3})%"
    r"(?:\s+(?P<iused>[0-9]+)\s+(?P<ifree>[0-9]+)\s+(?P<inodes>[0-9]{1,3})%)?\s+(?P<mount>/.*)\Z",
    re.ASCII,
)


@frozen
class Filling:
    """One file system and how much of it is in use, in percent, as the tool rounds it.

    Attributes:
        device: what is mounted.
        mount: where.
        percent: in use; ``None`` where the tool cannot tell.
    """

    device: str
    mount: str
    percent: int | None


def join_lines(text: str) -> list[str]:
    """Lines of a table in which a long name of a device has a line of its own, and the rest of its row the next one."""
    lines: list[str] = []
    for line in text.splitlines():
        if lines and line[:1].isspace() and len(lines[-1].split()) == 1:
            lines[-1] = f"{lines[-1].rstrip()} {line.strip()}"
        elif line.strip():
            lines.append(line)
    return lines


def parse_bdf(text: str) -> tuple[tuple[Filling, ...], tuple[Filling, ...]] | None:
    """Space and inodes of ``bdf -i`` of HP-UX; ``None`` if it is not its answer. Without ``-i`` no inodes.

    The columns of ``-i`` are from memory: ``iused ifree %iuse`` before the mount point.
    """
    lines = join_lines(text)
    if not lines or not lines[0].startswith("Filesystem"):
        return None
    space, inodes = [], []
    for line in lines[1:]:
        found = _BDF.match(line.strip())
        if not found or not int(found["total"]):
            continue
        space.append(Filling(found["device"], found["mount"], int(found["percent"])))
        if found["inodes"] is not None and int(found["iused"]) + int(found["ifree"]):
            inodes.append(Filling(found["device"], found["mount"], int(found["inodes"])))
    return tuple(space), tuple(inodes)


def parse_df(text: str) -> tuple[Filling, ...] | None:
    """Rows of ``df -P`` (POSIX: one line each, ``Capacity`` in percent), of space or with ``-i`` of inodes.

    What has no size at all (``/proc``, inodes of a file system that makes them as needed) is left out. ``None`` if
    there is no header: then it is not an answer of df.
    """
    lines = join_lines(text)
    if not lines or not lines[0].startswith("Filesystem"):
        return None
    rows = []
    for line in lines[1:]:
        found = _ROW.match(line.rstrip())
        if not found or found["total"] in {"0", "-"}:
            continue
        percent = found["percent"].rstrip("%")
        rows.append(Filling(found["device"], found["mount"], None if percent == "-" else int(percent)))
    return tuple(rows)
