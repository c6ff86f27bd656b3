"""Disks of a guest: the specifications of xl-disk-configuration(5) and of xm, and what ``xl list -l`` tells [R]."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from opensvc_core.api import Device
from opensvc_drivers_xen.settings import SettingsError

FORMATS = frozenset({"", "raw", "qcow", "qcow2", "vhd", "qed", "empty"})
READ_ONLY = frozenset({"r", "ro"})
_KEYWORD = re.compile(r"[a-z][a-z0-9-]*\Z")
_PREFIX = re.compile(
    r"(phy|file|tap2|tap|aio|raw|qcow2|qcow|vhd|qed|vdi|vmdk|ioemu|script|drbd|iscsi|nbd|rbd|npiv|block-[\w-]+):"
)
_IN_FILE = frozenset({"file", "tap", "tap2", "aio", "raw", "qcow", "qcow2", "vhd", "qed", "vdi", "vmdk", "ioemu"})
_FLAGS = frozenset({"cdrom", "discard", "no-discard", "direct-io-safe", "direct-io-unsafe"})


def list_disks(specifications: Iterable[str], source: str) -> list[Device]:
    """Disks of the list ``disk`` of a configuration; an empty drive is none. Raises SettingsError."""
    found = []
    for specification in specifications:
        try:
            fields = parse_disk(specification)
        except ValueError as error:
            raise SettingsError(f"{source}: disk {specification!r}: {error}") from None
        device = _device(
            fields.get("target", ""),
            is_writable=fields.get("access", "") not in READ_ONLY and fields.get("devtype") != "cdrom",
            target=fields.get("vdev", ""),
            is_foreign=bool(fields.get("script")),
        )
        found += [device] if device else []
    return found


def parse_disk(specification: str) -> dict[str, str]:
    """A specification as fields: ``target`` with its prefix, ``format``, ``vdev``, ``access``, ``devtype``, ….

    Since xl: ``TARGET,FORMAT,VDEV,ACCESS`` by position, then words and ``key=value``; ``target=`` takes all the rest.
    Before, with a prefix: ``phy:TARGET,VDEV[:TYPE],ACCESS``.

    Raises:
        ValueError: it is none.
    """
    fields: dict[str, str] = {}
    positions = ["target", "format", "vdev", "access"]
    rest: str | None = specification.strip()
    is_first = True
    while rest is not None:
        if rest.lstrip().startswith("target="):
            fields["target"] = rest.lstrip().removeprefix("target=")
            break
        word, comma, after = rest.partition(",")
        rest = after if comma else None
        word = word.strip()
        key, equals, value = word.partition("=")
        if equals and _KEYWORD.match(key.strip()) and "/" not in key:
            fields[key.strip()] = value.strip()
        elif not is_first and word in _FLAGS:
            fields["devtype" if word == "cdrom" else word] = word
        elif positions:
            position = positions.pop(0)
            fields[position] = word
            if position == "target" and _PREFIX.match(word):
                positions.remove("format")
        elif word:
            raise ValueError(f"{word!r} has no place")
        is_first = False
    vdev, colon, kind = fields.get("vdev", "").partition(":")
    if colon:
        fields["vdev"] = vdev
        if kind == "cdrom":
            fields["devtype"] = kind
    if fields.get("format", "") not in FORMATS:
        raise ValueError(f"{fields['format']!r} is no format")
    return fields


def held_disks(disks: Iterable[dict[str, Any]]) -> list[Device]:
    """Disks that a running domain holds, of what ``xl list -l`` says of them [R]."""
    found = []
    for disk in disks:
        device = _device(
            str(disk.get("pdev_path") or ""),
            is_writable=bool(disk.get("readwrite", 1)) and not disk.get("is_cdrom"),
            target=str(disk.get("vdev") or ""),
            is_foreign=bool(disk.get("script")),
        )
        found += [device] if device else []
    return found


def _device(place: str, *, is_writable: bool, target: str, is_foreign: bool) -> Device | None:
    """A disk by its place with the prefixes of old; one that a script attaches is no path of this node."""
    kinds = set()
    path = place
    while found := _PREFIX.match(path):
        kinds.add(found[1])
        path = path[found.end() :]
    if not path:
        return None
    if "phy" in kinds and not path.startswith("/"):
        path = f"/dev/{path}"
    if is_foreign or kinds - _IN_FILE - {"phy"} or not path.startswith("/"):
        return Device(place, "network", is_writable=is_writable, target=target)
    is_block = "phy" in kinds or path.startswith("/dev/")
    return Device(path, "block" if is_block else "file", is_writable=is_writable, target=target)
