"""Standard output and standard error: whole texts, in an encoding that always fits, and no crash when nobody reads."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TextIO


def write(text: str) -> bool:
    """Write text to standard output, as it is. Gives back whether anybody can still read it."""
    return _write(sys.stdout, text)


def write_json(document: Mapping[str, Any]) -> bool:
    """Write a document as JSON for people and programs. Gives back whether anybody can still read it."""
    import json

    return write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def say(text: str) -> None:
    """Write one line, or several, for the operator to standard error; nothing in it steers a terminal."""
    from opensvc_core.cli.words import printable

    text = printable(text, keep="\n\t")
    _write(sys.stderr, text if text.endswith("\n") else f"{text}\n")


def _write(stream: TextIO, text: str) -> bool:
    """Write and flush. A reader that went away changes neither the run nor its exit status."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except (OSError, ValueError):
        _silence(stream)
        return False
    return True


def _silence(stream: TextIO) -> None:
    """Send what else is written to nowhere, so that the interpreter's last flush does not fail either."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
    except (OSError, ValueError):
        return
