"""Kinds of values that a collector's fields take, each with what tells whether a text is one."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

STATUSES = ("up", "down", "warn", "n/a", "undef", "todo", "stdby up", "stdby down")
"""Words for the state of a resource or a group."""
SEVERITIES = ("ok", "warn", "err")
"""How an action, or a line of its log, ended."""
ENVIRONMENTS = frozenset(
    "PRD DEV TMP TST CERT DRP FOR INT MUS POC PRA PRJ PPR PPRD QUAL RCT REC STG UAT".split()  # noqa: SIM905
)
"""What a service or a node is for: the words of 2010 first, then those that later agents added."""
CONTAINERS = frozenset(
    "hosted kvm xen hpvm zone lxc ldom jail esx vbox vz ovm srp openstack vcloud lxd docker podman".split()  # noqa: SIM905
)
"""Kinds of containers."""
LOG_LIMIT = 10_000
"""Characters of a message; a longer one is cut in its middle."""
CUT_MARK = 200
"""Characters that the mark of a cut may add."""
TIME_FORMAT = "%Y-%m-%d %H:%M:%S.%f"
"""Local time of the node, with microseconds."""

_DURATION = re.compile(r"-?(\d+ days?, )?\d{1,2}:\d\d:\d\d(\.\d{6})?")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_NAME = re.compile(r"[^\s;'\"<>&]{1,255}")
_HOST_ID = re.compile(r"\S{0,64}")
_UUID = re.compile(r"[0-9A-Za-z:./@_*+#-]{1,512}")


class Kind(StrEnum):
    """What a field holds."""

    NAME = "name"
    """Of a service, a node, a resource or a disk: one word."""
    MAYBE_NAME = "name or nothing"
    NAMES = "names"
    """Words with single spaces between them, or nothing."""
    TEXT = "text"
    WORDS = "words"
    """Text that is not empty."""
    LOG = "log"
    """What was said, of ten thousand characters at most."""
    CONFIGURATION = "configuration"
    """The text of a service file without its comments and empty lines."""
    RESOURCE_ACTION = "resource and action"
    """``container#0 start``."""
    HOST_ID = "host id"
    TIME = "time"
    DURATION = "duration"
    """``0:00:01.250000``, or seconds."""
    PID = "pid"
    PIDS = "pids"
    """With commas between them."""
    NUMBER = "number"
    MAYBE_NUMBER = "number or nothing"
    FLAG = "flag"
    """``0`` or ``1``."""
    TRUTH = "truth"
    """``True`` or ``False``, ``1`` or ``0``."""
    STATUS = "status"
    SEVERITY = "severity"
    ENVIRONMENT = "environment"
    MAYBE_ENVIRONMENT = "environment or nothing"
    CONTAINER = "container type"
    IDENTITY = "identity"
    """What tells one event from all others: a word."""


def _is_time(text: str) -> bool:
    try:
        return datetime.strptime(text, TIME_FORMAT).strftime(TIME_FORMAT) == text
    except ValueError:
        return False


def _is_configuration(text: str) -> bool:
    lines = text.splitlines()
    return bool(lines) and not any(not line.strip() or line.lstrip()[0] in "#;" for line in lines)


def _is_resource_action(text: str) -> bool:
    rid, _, action = text.partition(" ")
    return bool(_NAME.fullmatch(rid) and action.strip())


_CHECKS: dict[Kind, Callable[[str], object]] = {
    Kind.NAME: _NAME.fullmatch,
    Kind.MAYBE_NAME: lambda text: not text or _NAME.fullmatch(text),
    Kind.NAMES: lambda text: not text or all(_NAME.fullmatch(word) for word in text.split(" ")),
    Kind.TEXT: lambda _text: True,
    Kind.WORDS: str.strip,
    Kind.LOG: lambda text: len(text) <= LOG_LIMIT + CUT_MARK,
    Kind.CONFIGURATION: _is_configuration,
    Kind.RESOURCE_ACTION: _is_resource_action,
    Kind.HOST_ID: _HOST_ID.fullmatch,
    Kind.TIME: _is_time,
    Kind.DURATION: lambda text: _DURATION.fullmatch(text) or _NUMBER.fullmatch(text),
    Kind.PID: str.isdecimal,
    Kind.PIDS: lambda text: all(pid.isdecimal() for pid in text.split(",")),
    Kind.NUMBER: _NUMBER.fullmatch,
    Kind.MAYBE_NUMBER: lambda text: not text or _NUMBER.fullmatch(text),
    Kind.FLAG: lambda text: text in {"0", "1"},
    Kind.TRUTH: lambda text: text in {"0", "1", "True", "False"},
    Kind.STATUS: lambda text: text in STATUSES,
    Kind.SEVERITY: lambda text: text in SEVERITIES,
    Kind.ENVIRONMENT: lambda text: text in ENVIRONMENTS,
    Kind.MAYBE_ENVIRONMENT: lambda text: not text or text in ENVIRONMENTS,
    Kind.CONTAINER: lambda text: text in CONTAINERS,
    Kind.IDENTITY: _UUID.fullmatch,
}
_NUMBERS = frozenset({Kind.NUMBER, Kind.MAYBE_NUMBER, Kind.PID, Kind.FLAG, Kind.TRUTH, Kind.DURATION})


def violation(kind: Kind, value: object) -> str:
    """Why a value is none of a kind, or nothing.

    Args:
        kind: what it should be.
        value: as XML-RPC brought it, without the quotes of 2010.
    """
    if isinstance(value, str):
        if not all(each in "\t\n\r" or each.isprintable() or ord(each) >= 0x20 for each in value):
            return "has characters that XML cannot carry"
        return "" if _CHECKS[kind](value) else f"{_short(value)} is no {kind.value}"
    if isinstance(value, bool | int | float) and kind in _NUMBERS:
        return "" if _CHECKS[kind](str(value)) else f"{value} is no {kind.value}"
    return f"{type(value).__name__} where a text is due"


def unquote(value: object) -> str | None:
    """What a value of 2010 means, which came as Python prints a constant; None if it did not."""
    if not isinstance(value, str):
        return None
    try:
        meant = ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return meant if isinstance(meant, str) else str(meant) if isinstance(meant, bool | int | float) else None


def is_quoted(value: object) -> bool:
    """Whether a value looks as those of 2010: in quotes."""
    return isinstance(value, str) and len(value) > 1 and value[0] == value[-1] and value[0] in "'\""


def seconds(duration: str) -> float:
    """How long a duration is. Raises ValueError if it is none."""
    if _NUMBER.fullmatch(duration):
        return float(duration)
    days, _, clock = duration.rpartition(", ")
    hours, minutes, rest = clock.split(":")
    whole = timedelta(days=int(days.split(" ")[0] or 0) if days else 0, hours=int(hours), minutes=int(minutes))
    return whole.total_seconds() + float(rest)


def _short(value: str) -> str:
    return repr(value if len(value) <= 60 else f"{value[:57]}...")
