"""What the firmware of a machine says of it: memory modules of the SMBIOS table, and words that say nothing."""

from __future__ import annotations

from attrs import frozen

MEMORY_DEVICE = 17
"""Type of a structure of the table: one for each place of a memory module (SMBIOS reference, 7.18)."""
END_OF_TABLE = 127
_HEADER = 4
_SIZE_AT = 0x0C
_SIZE_UNKNOWN = 0xFFFF
_NOTHING = frozenset({
    "", "0", "0123456789", "123456789", "default string", "empty", "n/a", "na", "none", "not applicable",
    "not available", "not specified", "o.e.m.", "oem", "system manufacturer", "system product name",
    "system serial number", "to be filled by o.e.m.", "unknown", "xxxxxxxxxx",
})  # fmt: skip
"""What makers leave where a name or a number is due, lower case."""


@frozen
class MemoryModules:
    """Places for memory modules, and how many of them hold one (``None`` if one of them does not tell)."""

    slots: int
    filled: int | None


def said(text: str | None) -> str | None:
    """A name or a number of the firmware; ``None`` for words that stand where there is none."""
    words = " ".join((text or "").split())
    return None if words.lower() in _NOTHING or not words.strip("0 .-") else words


def count_memory_modules(table: bytes) -> MemoryModules | None:
    """Memory devices of an SMBIOS table, as in ``/sys/firmware/dmi/tables/DMI``; ``None`` if it has none.

    A machine that simulates its firmware may give one device for all of its memory.
    """
    slots, filled, is_told = 0, 0, True
    at = 0
    while at + _HEADER <= len(table):
        kind, length = table[at], table[at + 1]
        if length < _HEADER or kind == END_OF_TABLE:
            break
        if kind == MEMORY_DEVICE and length >= _SIZE_AT + 2 and at + length <= len(table):
            size = int.from_bytes(table[at + _SIZE_AT : at + _SIZE_AT + 2], "little")
            slots += 1
            is_told = is_told and size != _SIZE_UNKNOWN
            filled += size not in {0, _SIZE_UNKNOWN}
        # Strings follow, each ended by a zero, all of them by one more.
        end = table.find(b"\0\0", at + length)
        if end < 0:
            break
        at = end + 2
    return MemoryModules(slots, filled if is_told else None) if slots else None
