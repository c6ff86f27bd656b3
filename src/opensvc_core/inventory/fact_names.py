"""Names of the facts that drivers tell of resources, and what each of them holds. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from opensvc_core.model import Device

DISKS: Final = "disks"
CAPACITIES: Final = "capacities"
GROUP: Final = "group"
ADDRESSES: Final = "addresses"
VCPUS: Final = "vcpus"
MEMORY: Final = "memory"


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_amount(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _are_texts(value: object) -> bool:
    return isinstance(value, (tuple, list)) and all(map(_is_text, value))


def _are_devices(value: object) -> bool:
    return isinstance(value, (tuple, list)) and all(isinstance(each, Device) for each in value)


def _are_sizes(value: object) -> bool:
    return isinstance(value, Mapping) and all(map(_is_text, value)) and all(map(_is_count, value.values()))


FACTS: Final[Mapping[str, tuple[str, Callable[[object], bool]]]] = {
    VCPUS: ("a number of virtual processors", _is_count),
    MEMORY: ("bytes", _is_count),
    "size": ("bytes", _is_count),
    "free": ("bytes", _is_amount),
    GROUP: ("the name of a disk group", _is_text),
    ADDRESSES: ("a list of numeric addresses", _are_texts),
    "interface": ("the name of an interface", _is_text),
    "netmask": ("a prefix length", _is_amount),
    "device": ("a special file or a data set", _is_text),
    "mount": ("a mount point", _is_text),
    "fstype": ("the type of a file system", _is_text),
    "brand": ("the brand of a zone", _is_text),
    "zonepath": ("a folder", _is_text),
    DISKS: ("a sequence of Device", _are_devices),
    CAPACITIES: ("bytes by path", _are_sizes),
}
"""Facts that have one meaning whoever tells them; ``None`` for any of them is `cannot be told`.

A name that is not here is a driver's own: its value must be ready for JSON.
"""


def trouble_with_fact(name: str, value: Any) -> str:
    """What is wrong with a fact, or empty."""
    if value is None:
        return ""
    if name in FACTS:
        what, is_right = FACTS[name]
        return "" if is_right(value) else f"is {value!r}, where {what} is due"
    return "" if _is_plain(value) else f"is {value!r}, which cannot be written as JSON"


def _is_plain(value: object) -> bool:
    if isinstance(value, (str, int, float, bool)) or value is None:
        return True
    if isinstance(value, (tuple, list)):
        return all(map(_is_plain, value))
    return isinstance(value, Mapping) and all(isinstance(key, str) and _is_plain(each) for key, each in value.items())
