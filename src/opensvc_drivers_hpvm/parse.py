"""What ``hpvmstatus`` prints for machines, read by pure functions.

The places of the fields of ``-M`` and ``-d`` are those on which shipped scripts rely; nothing here was tried on HP-UX.
``-M``: fields parted by ``:``, parts of a field by ``;``; counted from 0: name 0, run state 10, boot policy 11,
virtual processors 19, memory 20. The words ``On`` and ``Off``, ``Auto`` and ``Manual`` are sourced; what else may stand
there is not, and means undef.
"""

from __future__ import annotations

import re

from attrs import frozen

NOTHING_CONFIGURED = "No vPars or VMs currently configured"
"""What 6.x prints when there is no guest (grepped by a vendor's collect script)."""

_NAME, _STATE, _BOOT, _VCPUS, _MEMORY, _FIELDS = 0, 10, 11, 19, 20, 21
_NUMBER = re.compile(r"[0-9]{1,6}\Z", re.ASCII)
_SIZE = re.compile(r"([0-9]{1,9}) ?(KB|MB|GB|TB)\Z", re.ASCII)
_UNITS = {"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
_STORAGE = frozenset({"disk", "lv", "file", "null", "dvd", "attach"})
"""Types of backing storage (``attach`` hands a SCSI device through)."""


@frozen
class Guest:
    """One line of ``hpvmstatus -M``.

    Attributes:
        name: of the guest.
        state: ``On``, ``Off``, or a word that means nothing here.
        boot: ``Auto``, ``Manual``, or another word.
        vcpus: virtual processors, ``None`` if not told.
        memory: bytes, ``None`` if not told.
    """

    name: str
    state: str
    boot: str
    vcpus: int | None = None
    memory: int | None = None


@frozen
class Listing:
    """All guests of the node.

    Attributes:
        guests: by name.
        is_understood: whether every line was, and the last one is not cut.
        is_empty: whether it says in words that there is no guest.
    """

    guests: dict[str, Guest]
    is_understood: bool = False
    is_empty: bool = False


def parse_guests(text: str) -> Listing:
    """Guests from ``hpvmstatus -M``, with ``-P NAME`` or without."""
    if text.strip() == NOTHING_CONFIGURED:
        return Listing({}, is_understood=True, is_empty=True)
    *lines, last = text.split("\n")
    guests: dict[str, Guest] = {}
    # A line that is not ended may lack the end of a word.
    is_understood = bool(lines) and not last.strip()
    for line in lines:
        if not line.strip():
            continue
        guest = _guest(line.rstrip("\r"))
        if guest is None or guest.name in guests:
            is_understood = False
        else:
            guests[guest.name] = guest
    return Listing(guests, is_understood and bool(guests))


def _guest(line: str) -> Guest | None:
    fields = line.split(":")
    if len(fields) < _FIELDS or not fields[_NAME].strip():
        return None
    vcpus, memory = (fields[place].split(";")[0].strip() for place in (_VCPUS, _MEMORY))
    size = _SIZE.match(memory)
    return Guest(
        fields[_NAME].strip(),
        fields[_STATE].strip(),
        fields[_BOOT].strip(),
        int(vcpus) if _NUMBER.match(vcpus) else None,
        int(size[1]) * _UNITS[size[2]] if size else None,
    )


@frozen
class Backing:
    """What lies behind one disk of a guest.

    Attributes:
        storage: ``disk``, ``lv``, ``file``, ``null`` (an empty drive), ``dvd`` or ``attach``.
        path: on this node, may be empty for ``null``.
        is_writable: whether the guest may write to it.
        target: where the guest sees it, ``0,0,0``.
    """

    storage: str
    path: str
    is_writable: bool
    target: str = ""


def parse_backings(text: str) -> tuple[Backing, ...]:
    """Storage of a guest from ``hpvmstatus -d -P NAME``: ``disk:avio_stor:0,0,0:disk:/dev/rdisk/disk18``.

    Raises:
        ValueError: a storage statement cannot be read, or the answer is cut.
    """
    if not text.endswith("\n"):
        message = f"hpvmstatus -d gave a cut answer: {text[-120:]!r}"
        raise ValueError(message)
    found = []
    for line in text.splitlines():
        fields = [field.strip() for field in line.split(":")]
        if fields[0] not in {"disk", "dvd"} and fields[3:4] != ["disk"]:
            continue
        if len(fields) < 5 or fields[3] not in _STORAGE:
            message = f"hpvmstatus -d says of a disk what is not understood: {line[:160]!r}"
            raise ValueError(message)
        path = ":".join(fields[4:])
        if not path and fields[3] != "null":
            message = f"hpvmstatus -d names no place for a disk: {line[:160]!r}"
            raise ValueError(message)
        is_writable = fields[0] == "disk" and fields[3] not in {"dvd", "null"}
        found.append(Backing(fields[3], path, is_writable, fields[2]))
    return tuple(found)
