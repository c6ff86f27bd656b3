"""What LXC's tools print, read by pure functions (LC_ALL=C; captured from LXC 5.0.2).

From memory [R]: LXC before 1.1 writes ``state:`` where later ones write ``State:``; its logs do not name the container.
"""

from __future__ import annotations

import re

from attrs import frozen

COLUMNS = ("NAME", "STATE", "AUTOSTART")
"""What ``lxc-ls --fancy-format`` is asked for. The name first: it may hold blanks, the others cannot."""

_ROW = re.compile(r"(\S.*?) +([A-Z]+) +([01]|-) *\Z")
_STATE = re.compile(r"state:[ \t]+(\w+)\s*\Z", re.IGNORECASE)
_AUTOSTART = re.compile(r"lxc\.start\.auto = (\d+)\s*\Z")
_SOURCE = re.compile(r"lxc-[\w-]+: (?:[^:]+: )?\S+\.c: \w+: \d+ (.*)\Z")
_LOGGED = re.compile(r"lxc-start (?:\S+ )?[\d.]+ (?:ERROR|CRIT|ALERT|FATAL|EMERG)\s+\S+ - \S+:\w+:\d+ - (.*)\Z")
_EMPTY = (
    "Received container state",
    "The container failed to start",
    "To get more details",
    "Additional information can be obtained",
    "An error occurred in another process",
    "Failed to receive response",
    "Connection reset by peer - Failed to receive response",
    "Failed to receive file descriptors",
    "Failed to spawn container",
    "Failed to initialize container",
    "Failed to handle rootfs pinning",
    "No such file or directory - Failed to receive the container state",
    "Failed to create lxc_container",
    "Failure to retrieve information on",
)
"""Beginnings of messages that say that something failed, and not what."""


@frozen
class Row:
    """A container as ``lxc-ls`` lists it.

    Attributes:
        state: LXC's word.
        is_autostarted: as the configuration said when the container was started, or says now where it does not run.
    """

    state: str
    is_autostarted: bool


@frozen
class Listing:
    """All containers of one folder.

    Attributes:
        rows: by name; None for one that is listed twice, differently.
        is_understood: whether every line was understood. Even then a container may be missing: LXC lists none whose
            configuration it cannot load, running or not.
    """

    rows: dict[str, Row | None]
    is_understood: bool


def parse_listing(text: str) -> Listing:
    """Read ``lxc-ls --fancy --fancy-format NAME,STATE,AUTOSTART``; nothing at all means that none is defined."""
    if not text:
        return Listing({}, is_understood=True)
    lines = text.split("\n")
    # What follows the last line break was cut.
    is_understood = not lines.pop()
    if not lines or tuple(lines[0].split()) != COLUMNS:
        return Listing({}, is_understood=False)
    rows: dict[str, Row | None] = {}
    for line in lines[1:]:
        found = _ROW.match(line)
        if found is None:
            is_understood = False
            continue
        row = Row(found[2], is_autostarted=found[3] == "1")
        rows[found[1]] = row if rows.get(found[1], row) == row else None
    return Listing(rows, is_understood)


@frozen
class Info:
    """A container as ``lxc-info`` tells of it.

    Attributes:
        state: LXC's word, empty if it was not told.
        is_autostarted: None if it was not told.
    """

    state: str = ""
    is_autostarted: bool | None = None


def parse_info(text: str) -> Info:
    """Read ``lxc-info -s``, with ``-c lxc.start.auto`` or without."""
    states: list[str] = []
    is_autostarted: bool | None = None
    # What follows the last line break was cut.
    for line in text.split("\n")[:-1]:
        if found := _STATE.match(line):
            states.append(found[1])
        elif found := _AUTOSTART.match(line):
            is_autostarted = int(found[1]) != 0
    return Info(states[0] if len(states) == 1 else "", is_autostarted)


def is_unknown(stderr: str, name: str) -> bool:
    """Whether ``lxc-info`` says that there is no such container, and nothing else."""
    return stderr.strip() == f"{name} doesn't exist"


def message_of(line: str) -> str:
    """A line of standard error without the place in LXC's sources."""
    found = _SOURCE.match(line)
    return (found[1] if found else line).strip()


def said(stderr: str, stdout: str = "") -> str:
    """What a tool said on one line, the telling lines of it; empty if it said nothing."""
    lines = [message_of(line) for line in (stderr.strip() or stdout.strip()).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(_EMPTY)]
    return "; ".join(dict.fromkeys(telling or lines[:1]))[:400]


def start_failure(stderr: str, log: str) -> str:
    """Why a container did not start: the telling lines of the log of the start, or of what ``lxc-start`` said."""
    logged = [found[1].strip() for line in log.splitlines() if (found := _LOGGED.match(line))]
    telling = [line for line in logged if not line.startswith(_EMPTY)]
    return "; ".join(dict.fromkeys(telling[:3])) or said(stderr)
