"""What ``sg_persist --in`` prints, as values. Captured from sg3_utils 1.46 (sg_persist 0.67). Pure."""

from __future__ import annotations

import re

from opensvc_core.api import Registrations, Reservation
from opensvc_scsi_sg.answers import Grammar

_GRAMMAR = Grammar(
    tool="sg_persist",
    no_keys="there are NO registered reservation keys",
    holder=re.compile(r"\s*Key=0x([0-9a-f]{1,16})\s*\Z"),
    type=re.compile(r"\s*scope: LU_SCOPE,\s+type: (.+?)\s*\Z"),
)


def parse_registrations(text: str) -> Registrations:
    """The answer to ``--read-keys``. Raises ValueError if it is another, or incomplete."""
    return _GRAMMAR.registrations(text)


def parse_reservation(text: str) -> Reservation:
    """The answer to ``--read-reservation``. Raises ValueError if it is another, or incomplete."""
    return _GRAMMAR.reservation(text)
