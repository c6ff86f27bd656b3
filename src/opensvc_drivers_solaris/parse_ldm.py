"""What ``ldm ... -p`` prints: one object a line, ``TYPE|key=value|...`` (ldm(8); a capture of ``ldm list -p``). Pure.

The words of ``list -p`` come from a capture; services, disks and messages are from memory or another parser [R].
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import field, frozen

from opensvc_drivers_solaris.words import whole_lines

_VERSION = re.compile(r"VERSION [0-9.]+")
_UNKNOWN = re.compile(r"\bLDom (\S+) (?:not found|does not exist)\b")
_VARIABLE = re.compile(r"^\s*(?:VARIABLES\s+)?auto-boot\?\s*=\s*(\S+)\s*$", re.MULTILINE)


@frozen
class Domain:
    """One logical domain.

    Attributes:
        name: of the domain.
        state: in ldm's word.
        vcpus: virtual processors, None if not told.
        memory: bytes, None if not told.
    """

    name: str
    state: str
    vcpus: int | None = None
    memory: int | None = None


@frozen
class DomainList:
    """What one ``ldm list -p`` told.

    Attributes:
        domains: by name.
        trouble: why this is not all that was asked for, empty if it was understood.
    """

    domains: dict[str, Domain] = field(factory=dict, hash=False)
    trouble: str = ""


@frozen
class Volume:
    """A disk that a virtual disk service offers.

    Attributes:
        name: ``volume@service``.
        path: of the device or file behind it.
        is_writable: whether a domain may write to it.
    """

    name: str
    path: str
    is_writable: bool = True


def _fields(line: str) -> tuple[str, dict[str, str]]:
    kind, *rest = line.strip().split("|")
    pairs = (part.partition("=") for part in rest)
    return kind, {key: value for key, equals, value in pairs if equals}


def parse_domains(text: str) -> DomainList:
    """Read ``ldm list -p [DOMAIN]``; what is not understood is told as trouble, and what was read is kept."""
    domains: dict[str, Domain] = {}
    lines, trouble = whole_lines(text)
    if lines and not _VERSION.fullmatch(lines[0].strip()):
        trouble = trouble or f"it does not begin with its version but with {lines[0].strip()[:80]!r}"
        return DomainList({}, trouble)
    for line in lines[1:]:
        kind, values = _fields(line)
        if kind != "DOMAIN":
            continue
        name, state = values.get("name", ""), values.get("state", "")
        if not name or not state:
            trouble = trouble or f"a line is not understood: {line.strip()[:80]!r}"
            continue
        domains[name] = Domain(name, state, _number(values.get("ncpu", "")), _number(values.get("mem", "")))
    return DomainList(domains, trouble)


def is_unknown_domain(name: str, stderr: str) -> bool:
    """Whether ldm says that there is no domain of that name [R]."""
    return any(found.strip("\"'.") == name for found in _UNKNOWN.findall(stderr))


def parse_volumes(text: str) -> Iterator[Volume]:
    """Read the disks in ``ldm list-services -p``: under a ``VDS`` line its volumes, each on a line of its own [R]."""
    service = ""
    for line in text.splitlines():
        kind, values = _fields(line)
        if kind:
            service = values.get("name", "") if kind == "VDS" else ""
        if service and values.get("vol") and values.get("dev"):
            options = values.get("opts", "").split(",")
            yield Volume(f"{values['vol']}@{service}", values["dev"], "ro" not in options)


def parse_disks(text: str) -> list[tuple[str, str]]:
    """Volume and name of each disk in ``ldm list -o disk -p DOMAIN``: the lines that begin with ``VDISK`` [R]."""
    found = []
    for line in text.splitlines():
        kind, values = _fields(line)
        # `vol` is volume@service, and may be followed by `server` with the domain that offers it.
        if kind == "VDISK" and "@" in values.get("vol", ""):
            found.append((values["vol"], values.get("name", "")))
    return found


def parse_all_disks(text: str) -> dict[str, list[tuple[str, str]]]:
    """The same by domain of ``ldm list -o disk -p`` without a name: each domain's ``DOMAIN`` line comes first [R]."""
    found: dict[str, list[tuple[str, str]]] = {}
    name = ""
    for line in text.splitlines():
        kind, values = _fields(line)
        if kind == "DOMAIN":
            name = values.get("name", "")
            found.setdefault(name, [])
        elif name:
            found[name] += parse_disks(line)
    return found


def parse_auto_boot(text: str) -> bool | None:
    """Whether ``ldm list-variable auto-boot? NAME`` says true; None if that is not understood."""
    told = _VARIABLE.search(text)
    words = {"true": True, "false": False}
    return words.get(told.group(1).strip('"').lower()) if told else None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None
