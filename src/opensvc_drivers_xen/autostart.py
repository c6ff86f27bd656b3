"""Guests that ``xendomains`` starts when the node boots: the links in /etc/xen/auto [R]."""

from __future__ import annotations

from pathlib import Path

from opensvc_core.api import ActionError, Context

FOLDER = Path("/etc/xen/auto")


def autostart_entry(name: str, config: Path, folder: Path = FOLDER) -> Path | None:
    """The entry that has a guest started with the node, None if there is none."""
    for entry in (folder / name, folder / f"{name}.cfg", folder / config.name):
        if entry.is_symlink() or entry.exists():
            return entry
    return None


def forbid_autostart(entry: Path, context: Context) -> None:
    """Take a link away; what it leads to stays.

    Raises:
        ActionError: the entry is a file of its own.
        CommandError: it cannot be taken away.
    """
    if not entry.is_symlink():
        raise ActionError(
            f"{entry} has the guest started with the node, and is no link that can be taken away",
            code="autostart",
            hint="move it out of that folder",
        )
    context.run("rm", "-f", str(entry))
