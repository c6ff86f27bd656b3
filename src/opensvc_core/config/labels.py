"""The short text that names a resource in tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_NAMING: Final = {
    "ip": ("ipname", "ipdev"),
    "fs": ("dev", "mnt"),
    "sync": ("src", "target"),
}
_IMPLIED: Final = {"sync.service_files": "service files", "sync.system_files": "system files"}
_DISK_NAMES: Final = ("vgname", "poolname", "file", "res", "name")


def label_of(driver: str, options: Mapping[str, Any]) -> str:
    """``kvm vm188``, ``vm188@lan0``, ``lvm data``: the type of the driver where nothing names the resource better."""
    group, _, type_name = driver.partition(".")
    if group == "disk":
        name = next((_text(options, each) for each in _DISK_NAMES if _text(options, each)), "")
        return f"{type_name} {name}".rstrip()
    if driver in _IMPLIED:
        return _IMPLIED[driver]
    if group == "container":
        return f"{type_name} {_text(options, 'name')}".rstrip()
    first, second = _NAMING.get(group, ("name", ""))
    name, place = _text(options, first), _text(options, second)
    return (f"{name}@{place}" if name and place else name) or type_name


def _text(options: Mapping[str, Any], name: str) -> str:
    value = options.get(name)
    return " ".join(value) if isinstance(value, tuple) else str(value or "")
