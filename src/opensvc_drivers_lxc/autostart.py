"""Keeping LXC from starting a container by itself: one word of its configuration, the rest of the file as it was."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from opensvc_core.api import ActionError, Context
from opensvc_drivers_lxc.config import AUTOSTART, Configuration

_LINE = re.compile(rf"^([ \t]*{re.escape(AUTOSTART)}[ \t]*=[ \t]*)[^\n]*$", re.MULTILINE)


def without_autostart(text: str, *, is_said_elsewhere: bool = False) -> str:
    """A configuration that says ``lxc.start.auto = 0``; comments, order and everything else stay.

    Args:
        text: of the container's file.
        is_said_elsewhere: an included file says otherwise: then a last line of this one takes that back.
    """
    changed, count = _LINE.subn(r"\g<1>0", text)
    if count and not is_said_elsewhere:
        return changed
    gap = "" if not changed or changed.endswith("\n") else "\n"
    return f"{changed}{gap}{AUTOSTART} = 0\n"


def forbid_autostart(configuration: Configuration, context: Context) -> None:
    """Write the container's file anew: whole beside it and on disk, then put in its place.

    Raises:
        ActionError: it cannot be written.
        CommandError: it cannot be put in its place.
    """
    path = configuration.path.resolve()
    last = next((entry.file for entry in reversed(configuration.entries) if entry.key == AUTOSTART), path)
    scratch = path.with_name(f".{path.name}.opensvc")
    try:
        if not context.is_dry_run:
            text = path.read_text(errors="surrogateescape")
            _write_like(path, scratch, without_autostart(text, is_said_elsewhere=last != configuration.path))
        context.run("mv", "-f", str(scratch), str(path))
    except OSError as error:
        raise ActionError(
            f"LXC would start the container by itself, and {path} cannot be changed: {error.strerror}",
            code="autostart",
            hint=f"set {AUTOSTART} = 0 in it",
        ) from error
    finally:
        if not context.is_dry_run:
            with contextlib.suppress(OSError):
                scratch.unlink(missing_ok=True)
    if not context.is_dry_run:
        _sync(path.parent)


def _write_like(model: Path, path: Path, text: str) -> None:
    """A new file with the owner and rights of another, on disk when it returns. Raises OSError."""
    status = model.stat()
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
        file.flush()
        os.fchmod(descriptor, status.st_mode & 0o7777)
        if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(descriptor, status.st_uid, status.st_gid)
        os.fsync(descriptor)


def _sync(folder: Path) -> None:
    """Have a new name on disk; where the file system cannot, it is there all the same."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
