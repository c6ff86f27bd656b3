"""The lines of a session: one JSON object each, of a length that nobody has to fear. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL = 1
"""Version of what is said in a session; nodes whose numbers differ do not talk."""
LONGEST = 72 * 1024 * 1024
"""Bytes of a line, its end not counted: the files of a service go over in one."""
LONGEST_LIMIT = 7 * 86400.0
"""Seconds that a request may take at the most."""
BEAT = 2.0
"""Seconds after which a node that asks gives a sign of life."""
LOST = 10.0
"""Seconds of silence after which the node that asks holds the session for lost, unless ``[limits] silence`` is set."""
LONGEST_SILENCE = 600.0
"""Seconds of silence that the node that asks may allow itself at the most: so long its locks are held for it."""


def given_up_after(silence: float) -> float:
    """Seconds after which the node that answers holds a silent session for lost: when the one that asks has stopped."""
    return 2 * silence


def encode(document: Mapping[str, Any]) -> bytes:
    """A line. Raises ValueError for what JSON cannot say."""
    return json.dumps(document, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """What a line says.

    Raises:
        ValueError: it is too long, cut, or no JSON object; the message says which, and nothing of the line.
    """
    if len(line.rstrip(b"\n")) > LONGEST:
        message = f"a line of more than {LONGEST} bytes"
        raise ValueError(message)
    if not line.endswith(b"\n"):
        message = "a line that was cut"
        raise ValueError(message)
    try:
        document = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        message = "a line that is no JSON"
        raise ValueError(message) from None
    if not isinstance(document, dict):
        message = "a line that is no JSON object"
        raise ValueError(message)
    return document
