"""The configuration of a zone, through ``zonecfg``: autoboot, and the export from which a peer configures it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from opensvc_core.api import ActionError, CommandError, Context
from opensvc_drivers_solaris.words import said

CONFIG_LIMIT = 10.0
"""Seconds for ``zonecfg``, which reads or writes one small file."""
CONFIGURATIONS = Path("/etc/zones")
"""Where Solaris keeps the configuration of each zone, as ``NAME.xml``."""
LARGEST = 1 << 20
"""Bytes of the largest configuration that is read."""
_ZONE_TAG = re.compile(r"<zone\b[^>]*>")
_AUTOBOOT = re.compile(r"\sautoboot=\"(true|false)\"")
_WORD = re.compile(r"^autoboot:\s*(true|false)\s*$", re.MULTILINE)


def is_autobooted_by_file(name: str, folder: Path = CONFIGURATIONS) -> bool:
    """Whether a zone's file says that it boots with the node; False where that is not told.

    For a status, which reads many: ``zonecfg`` tells of one zone a call.
    """
    try:
        with (folder / f"{name}.xml").open("rb") as file:
            text = file.read(LARGEST).decode(errors="replace")
    except OSError:
        return False
    tag = _ZONE_TAG.search(text)
    told = _AUTOBOOT.search(tag.group()) if tag else None
    return told is not None and told.group(1) == "true"


def parse_autoboot(text: str) -> bool | None:
    """What ``zonecfg -z NAME info autoboot`` says, None if that is not understood."""
    told = _WORD.search(text)
    return None if told is None else told.group(1) == "true"


def is_autobooted(name: str, context: Context) -> bool:
    """Whether the zone boots with the node. What cannot be told is noted and counts as no. Raises Cancelled."""
    result = context.query("zonecfg", "-z", name, "info", "autoboot", timeout=CONFIG_LIMIT, check=False)
    answer = parse_autoboot(result.stdout) if result.rc == 0 else None
    if answer is None:
        context.note(f"cannot tell whether {name} boots with the node: {said(result)}", "autoboot_unknown")
    return bool(answer)


def forbid_autoboot(name: str, context: Context) -> None:
    """Have the zone not boot with the node. Raises CommandError."""
    context.run("zonecfg", "-z", name, "set", "autoboot=false", timeout=CONFIG_LIMIT)


def export_file(service: str, name: str, context: Context) -> Path:
    """Where the exported configuration of a service's zone lies, on every node."""
    return context.node.folders.etc / f"{service}.{name}.zonecfg"


def is_export(text: str) -> bool:
    """Whether a text is a whole export: commands of zonecfg, from ``create`` to a complete last line."""
    lines = text.splitlines()
    return bool(lines) and lines[0].startswith("create") and "set zonepath=" in text and text.endswith("\n")


def keep_export(service: str, name: str, context: Context) -> bool:
    """Write the zone's configuration where peers get it from; whether it was written, as it was not there as it is now.

    Trouble is noted and no more: the zone of this node does not depend on it. Nothing is written in a dry run.

    Raises:
        Cancelled: the run was cancelled.
    """
    path = export_file(service, name, context)
    result = context.query("zonecfg", "-z", name, "export", timeout=CONFIG_LIMIT, check=False)
    if result.rc != 0 or not is_export(result.stdout):
        context.note(f"the configuration of {name} is not exported for the peers: {said(result)}", "no_export")
        return False
    if context.is_dry_run:
        return False
    try:
        if path.exists() and path.read_text(encoding="utf-8") == result.stdout:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.new")
        draft.write_text(result.stdout, encoding="utf-8")
        os.replace(draft, path)  # noqa: PTH105 - one call that either happens or does not
    except OSError as error:
        context.note(f"the configuration of {name} is not kept in {path}: {error.strerror}", "no_export")
        return False
    return True


def configure(name: str, path: Path, context: Context) -> None:
    """Configure a zone from an export. That it is there must be asked after: zonecfg may end well and refuse.

    Raises:
        CommandError: zonecfg refuses.
        ActionError: the file is no export of a zone, or of one with another name.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ActionError(f"{path} cannot be read: {error}", code="no_export") from error
    if not is_export(text):
        raise ActionError(
            f"{path} is not a whole export of a zone's configuration",
            code="no_export",
            hint=f"bring it anew from a node that has the zone: zonecfg -z {name} export",
        )
    result = context.run("zonecfg", "-z", name, "-f", str(path), timeout=CONFIG_LIMIT, check=False)
    if result.rc != 0:
        raise CommandError(
            f"zonecfg of {name}: {said(result)}",
            argv=result.argv,
            rc=result.rc,
            stdout=result.stdout,
            stderr=result.stderr,
        )
