"""Who keeps the volumes of a group open, as far as this node's tools tell; only words for a message hang on it."""

from __future__ import annotations

from pathlib import Path

from opensvc_core.api import Cancelled, Context, OpenSVCError

LIMIT = 5.0
"""Seconds for each tool."""


def find_holders(group: str, devices: Path, context: Context) -> str:
    """Mount points (``bdf -l``) and processes (``fuser``, POSIX) on the volumes of a group, in words.

    Raises Cancelled only.
    """
    prefix = f"{devices / group}/"
    found = []
    mounts = _ask(context, "bdf", "-l")
    if mounts is not None:
        found += [
            f"{place} is mounted from {volume}" for volume, place in parse_mounts(mounts) if _is_in(volume, prefix)
        ]
    volumes = sorted(str(path) for path in (devices / group).glob("*") if path.name != "group")
    processes = _ask(context, "fuser", *volumes) if volumes else None
    if processes and (pids := [word for word in processes.split() if word.isdigit()]):
        found.append(f"processes {', '.join(pids)}")
    return "; ".join(found) or f"nobody that bdf and fuser could name (see fuser -cu {prefix}*)"


def parse_mounts(text: str) -> list[tuple[str, str]]:
    """Devices and mount points of ``bdf``, which breaks the line after a long device name."""
    found = []
    device = ""
    for line in text.splitlines()[1:]:
        words = line.split()
        if line[:1].strip() and len(words) == 1:
            device = words[0]
        elif len(words) >= 5:
            found.append((device or words[0], words[-1]))
            device = ""
    return found


def _is_in(volume: str, prefix: str) -> bool:
    return volume.startswith(prefix)


def _ask(context: Context, *argv: str) -> str | None:
    try:
        return context.query(*argv, timeout=LIMIT, check=False).stdout
    except Cancelled:
        raise
    except OpenSVCError:
        return None
