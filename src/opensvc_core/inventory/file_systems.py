"""How full file systems are: what ``df`` and its kin print, as values; pure."""

from __future__ import annotations

import re

from attrs import frozen

_ROW = re.compile(r"(?P<device>\S.*?)\s+(?P<total>[0-9]+|-)\s+(?P<used>-?[0-9]+|-)\s+(?P<free>-?[0-9]+|-)"
                  r"\s+(?P<percent>[0-9]{1,3}%|-)\s+(?P<mount>/.*)\Z", re.ASCII)  # fmt: skip


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


def parse_df(text: str) -> tuple[Filling, ...] | None:
    """Rows of ``df -P`` (POSIX: one line each, ``Capacity`` in percent), of space or with ``-i`` of inodes.

    What has no size at all (``/proc``, inodes of a file system that makes them as needed) is left out. ``None`` if
    there is no header: then it is not an answer of df.
    """
    lines = text.splitlines()
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
