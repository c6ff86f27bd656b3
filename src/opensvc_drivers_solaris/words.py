"""What Solaris commands say when they do not do what they were asked: for messages, on one line."""

from __future__ import annotations

from opensvc_core.api import CommandResult

LONGEST = 240
"""Characters of a message that are quoted."""


def said(result: CommandResult) -> str:
    """All lines of the error output (else of the output) on one line, or the exit status where there is nothing.

    All of them, as ``zoneadm`` and ``zpool`` give the reason in any of several lines.
    """
    lines = [line.strip() for line in (result.stderr.strip() or result.stdout.strip()).splitlines() if line.strip()]
    return "; ".join(lines)[:LONGEST] if lines else f"it ended with status {result.rc} and said nothing"
