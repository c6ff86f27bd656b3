"""What Solaris commands print, as lines: of an error on one line for a message, of an answer those that are whole."""

from __future__ import annotations

from opensvc_core.api import CommandResult

LONGEST = 240
"""Characters of a message that are quoted."""


def said(result: CommandResult) -> str:
    """All lines of the error output (else of the output) on one line, or the exit status where there is nothing.

    All of them, as ``zoneadm`` and ``zpool`` give the reason in any of several lines.
    """
    lines = [line.strip() for line in (result.stderr.strip() or result.stdout.strip()).splitlines() if line.strip()]
    words = "; ".join(lines)[:LONGEST]
    # A tool that went mad must not move the cursor of whoever reads the message.
    words = "".join(each if each.isprintable() else "?" for each in words)
    return words if lines else f"it ended with status {result.rc} and said nothing"


def whole_lines(text: str) -> tuple[list[str], str]:
    """The lines of an answer that have an end, without blank ones, and why there may be more; empty if that is all.

    A last line without an end was cut: what it seems to say is not believed.
    """
    whole, end, rest = text.rpartition("\n")
    trouble = "its last line has no end" if rest else "" if end else "it printed nothing"
    return [line for line in whole.split("\n") if line.strip()], trouble
