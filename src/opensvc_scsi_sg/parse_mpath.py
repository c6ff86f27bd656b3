"""What ``mpathpersist -i`` and ``multipath -h`` print, as values. Captured from multipath-tools 0.9.4. Pure."""

from __future__ import annotations

import re

from opensvc_core.api import Registrations, Reservation
from opensvc_scsi_sg.answers import Grammar

_GRAMMAR = Grammar(
    tool="mpathpersist",
    no_keys="0 registered reservation key.",
    holder=re.compile(r"\s*Key = 0x([0-9a-f]{1,16})\s*\Z"),
    type=re.compile(r"\s*scope = LU_SCOPE, type = (.+?)\s*\Z"),
)
_VERSION = re.compile(r"multipath-tools v([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?")


def parse_registrations(text: str) -> Registrations:
    """The answer to ``-i -k``. Raises ValueError if it is another, or incomplete."""
    return _GRAMMAR.registrations(text)


def parse_reservation(text: str) -> Reservation:
    """The answer to ``-i -r``. Raises ValueError if it is another, or incomplete."""
    return _GRAMMAR.reservation(text)


def parse_version(text: str) -> tuple[int, int, int] | None:
    """The version that ``multipath -h`` says first, on standard error; ``None`` if it says none."""
    match = _VERSION.search(text)
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None
