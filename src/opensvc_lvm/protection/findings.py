"""What a check found, as values."""

from __future__ import annotations

from enum import Enum

from attrs import frozen


class Verdict(Enum):
    """Whether a part of the protection is there."""

    OK = "ok"
    BAD = "bad"
    UNKNOWN = "cannot tell"


@frozen
class Finding:
    """One part of the protection.

    Attributes:
        code: stable word.
        verdict: whether it is there.
        text: one line.
        hint: what to do, empty if there is nothing to do.
    """

    code: str
    verdict: Verdict
    text: str
    hint: str = ""
