"""LVM's devices file: where it is in use, LVM looks at no disk that it does not list (lvmdevices(8))."""

from __future__ import annotations

import re
from pathlib import Path

NAME = Path("devices/system.devices")
"""Its place below LVM's configuration folder."""
ANY = "*"
"""Stands for a group that LVM does not see at all, in ``Survey.unlisted``."""
_PVID = re.compile(r"^[^#\n]*\bPVID=(?P<uuid>[A-Za-z0-9]+)", re.MULTILINE)


def parse_devices(text: str) -> frozenset[str]:
    """UUIDs of the listed physical volumes, without hyphens."""
    return frozenset(found["uuid"] for found in _PVID.finditer(text))


def listed(system_dir: Path) -> frozenset[str] | None:
    """The same from the file; ``None`` if there is none, or it cannot be read: then it limits nothing that is known."""
    try:
        return parse_devices((system_dir / NAME).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
