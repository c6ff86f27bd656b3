"""What the LVM of HP-UX prints, read by pure functions; nothing here was tried on HP-UX.

The block of ``vgdisplay`` is known from captures. The two lines by which it says that a group is not active are from
memory [R]: any other words mean that it cannot be told.
"""

from __future__ import annotations

import re
from enum import Enum

from attrs import evolve, frozen

_LABEL = re.compile(
    r"(VG Name|VG Write Access|VG Status|Cur LV|Open LV|Cur PV|Act PV|PE Size \(Mbytes\)|Total PE|Free PE)"
    r"\s+(\S.*?)\s*\Z"
)
_NUMBER = re.compile(r"[0-9]{1,9}\Z", re.ASCII)
_CANNOT = re.compile(r'Cannot display volume group "(?:/dev/)?([^"/]+)"\.?\Z')
_ABSENT = re.compile(r'Volume group "(?:/dev/)?([^"/]+)" does not exist in the "/etc/lvmtab(?:_p)?" file\.?\Z')
_NOT_ACTIVATED = re.compile(r"Volume group not activated\.?\Z")
_GROUP_PATH = re.compile(r"/dev/([^/\s]+)\Z")
_DISK_PATH = re.compile(r"/dev/(?:disk|dsk|rdisk|rdsk)/[^/\s]+\Z")
_MAP_LINE = re.compile(r"[0-9]+ \S+\Z")


class Presence(Enum):
    """What ``vgdisplay`` says of a group on this node."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    NOT_IMPORTED = "not imported"
    UNTOLD = "untold"


@frozen
class GroupState:
    """One group on this node.

    Attributes:
        presence: whether it is active, known and not active, or not known; or that this was not said.
        modes: words after ``available``: ``exclusive``, ``shared``, ``client``, ``server``.
        access: ``read/write`` or another word, empty if not told.
        disks: how many it has, ``None`` if not told.
        active_disks: how many of them are there.
        volumes: how many it has.
        open_volumes: how many of them are open.
        size: bytes, ``None`` if not told.
        free: bytes that no volume has, ``None`` likewise.
        reason: why it was not told.
    """

    presence: Presence
    modes: tuple[str, ...] = ()
    access: str = ""
    disks: int | None = None
    active_disks: int | None = None
    volumes: int | None = None
    open_volumes: int | None = None
    size: int | None = None
    free: int | None = None
    reason: str = ""


def parse_vgdisplay(stdout: str, stderr: str) -> dict[str, GroupState]:
    """State by name of every group that ``vgdisplay NAME…`` says something of, in its blocks or its complaints."""
    states = dict(_blocks(stdout))
    for name, state in _complaints(stderr):
        known = states.get(name)
        if known is not None and known.presence is not state.presence:
            reason = f"vgdisplay both shows it and says {state.reason or state.presence.value}"
            states[name] = GroupState(Presence.UNTOLD, reason=reason)
        else:
            states[name] = state
    return states


def _blocks(text: str) -> list[tuple[str, GroupState]]:
    """Groups that are shown. A line that is not ended is cut, and counts for nothing."""
    found: list[tuple[str, GroupState]] = []
    fields: dict[str, str] = {}
    for line in (*text.split("\n")[:-1], "VG Name                     /dev/"):
        match = _LABEL.match(line.rstrip("\r"))
        if match is None:
            continue
        if match[1] == "VG Name":
            if fields:
                found.append((fields["VG Name"].removeprefix("/dev/"), _shown(fields)))
            fields = {}
        if match[1] == "VG Name" or fields:
            fields[match[1]] = match[2]
    return found


def _shown(fields: dict[str, str]) -> GroupState:
    words = [word.strip() for word in fields.get("VG Status", "").split(",")]
    if words[0] != "available":
        said = fields.get("VG Status", "nothing")
        return GroupState(Presence.UNTOLD, reason=f"vgdisplay says {said!r} for its status, which means nothing here")
    return GroupState(
        Presence.ACTIVE,
        tuple(words[1:]),
        fields.get("VG Write Access", ""),
        _count(fields.get("Cur PV", "")),
        _count(fields.get("Act PV", "")),
        _count(fields.get("Cur LV", "")),
        _count(fields.get("Open LV", "")),
        _bytes(fields, "Total PE"),
        _bytes(fields, "Free PE"),
    )


def _complaints(text: str) -> list[tuple[str, GroupState]]:
    """Groups that are not shown: the reason stands on one line, and the name on the next, or on the same."""
    found: list[tuple[str, GroupState]] = []
    absent: set[str] = set()
    reasons: list[str] = []
    for line in text.split("\n")[:-1]:
        words = line.strip().removeprefix("vgdisplay:").strip()
        if match := _ABSENT.match(words):
            absent.add(match[1])
            found.append((match[1], GroupState(Presence.NOT_IMPORTED)))
        elif match := _CANNOT.match(words):
            if match[1] not in absent:
                found.append((match[1], _hidden(reasons)))
            reasons = []
        elif words:
            reasons.append(words)
    return found


def _hidden(reasons: list[str]) -> GroupState:
    if len(reasons) == 1 and _NOT_ACTIVATED.match(reasons[0]):
        return GroupState(Presence.INACTIVE)
    return GroupState(Presence.UNTOLD, reason="; ".join(reasons) or "vgdisplay does not say why it cannot display it")


def _bytes(fields: dict[str, str], label: str) -> int | None:
    """Extents as bytes; the first line of a label counts: those of the disks, with ``-v``, come later."""
    extent, count = _count(fields.get("PE Size (Mbytes)", "")), _count(fields.get(label, ""))
    return extent * count << 20 if extent and count is not None else None


def _count(text: str) -> int | None:
    return int(text) if _NUMBER.match(text) else None


def parse_lvmtab(text: str) -> dict[str, tuple[str, ...]]:
    """Disks by group from ``strings /etc/lvmtab``: a group's path, then those of its disks; the rest is no text of its.

    Raises:
        ValueError: the answer is cut.
    """
    if text and not text.endswith("\n"):
        message = f"strings gave a cut answer: {text[-80:]!r}"
        raise ValueError(message)
    groups: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in text.splitlines():
        if match := _GROUP_PATH.match(line.strip()):
            current = groups.setdefault(match[1], [])
        elif _DISK_PATH.match(line.strip()) and current is not None:
            current.append(line.strip())
    return {name: tuple(dict.fromkeys(disks)) for name, disks in groups.items()}


def is_map(text: str) -> bool:
    """Whether a map file can bring a group back: ``VGID`` and an identity, then numbers and names of volumes [R]."""
    lines = text.split("\n")
    words = lines[0].split()
    if len(words) != 2 or words[0] != "VGID" or not text.endswith("\n"):
        return False
    return all(_MAP_LINE.match(line.strip()) for line in lines[1:] if line.strip())


def complaint(stderr: str, stdout: str = "") -> str:
    """What a command of LVM said that failed, on one line."""
    lines = [line.strip() for line in (stderr.strip() or stdout.strip()).splitlines() if line.strip()]
    return "; ".join(lines)[:300] or "it said nothing"


def with_reason(state: GroupState, reason: str) -> GroupState:
    """The same state, not told for a reason."""
    return evolve(state, presence=Presence.UNTOLD, reason=reason)
