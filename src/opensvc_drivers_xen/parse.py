"""What ``xl`` and ``xm`` print, read by pure functions (LC_ALL=C; after tools/xl of Xen, no Xen ran here).

From memory [R]: the shape of ``xl list -l``, and xm's words for an unknown domain.
"""

from __future__ import annotations

import json
import re
from typing import Any

from attrs import frozen

DOMAIN_0 = "Domain-0"
NAMELESS = "(null)"
"""What stands for the name of a domain that has none any more, or whose name could not be read."""

# Name, id, memory, processors, letters, time; `xl list -v` adds columns.
_ROW = re.compile(r"(\S.*?) +(\d+) +(\d+) +(\d+) +(\S{6}) +(\d+\.\d+)(?: +\S.*)?\Z", re.ASCII)
# A domain that xm keeps and that does not run has no id, and no letters.
_MANAGED = re.compile(r"(\S.*?) +(\d+) +(\d+) +(?:-{6} +)?(\d+\.\d+) *\Z", re.ASCII)
_UNKNOWN_XL = re.compile(r"(.+) is an invalid domain identifier(?: \(rc=(-?\d+)\))?\Z")
_UNKNOWN_XM = re.compile(r"Error: Domain '(.+)' does not exist\.?\Z")
_UNKNOWN_RC = frozenset({"-6", "-21"})
"""libxl's INVAL and DOMAIN_NOTFOUND; by version, one or the other means that there is no such domain."""
_NO_ERROR = ("Parsing config ", "Shutting down domain ", "Using config file ", "WARNING: ")


@frozen
class Row:
    """One domain.

    Attributes:
        domid: None for one that xm keeps and that does not run.
        memory: MiB.
        vcpus: virtual processors.
        letters: its state, empty for one that does not run.
    """

    domid: int | None
    memory: int
    vcpus: int
    letters: str


@frozen
class Listing:
    """The domains of one node.

    Attributes:
        rows: by name; None for a name that two domains have.
        is_sound: whether every line was understood, domain 0 is among them, and every domain that lives has a name.
            Even then the end of it may be missing: nothing marks it.
    """

    rows: dict[str, Row | None]
    is_sound: bool


def parse_listing(text: str) -> Listing:
    """Read ``xl list``, ``xl list -v`` or ``xm list``, of all domains or of one."""
    lines = text.split("\n")
    # What follows the last line break was cut.
    is_sound = not lines.pop()
    words = lines[0].split() if lines else []
    if len(words) < 6 or words[0] != "Name" or words[1].upper() != "ID" or "State" not in words:
        return Listing({}, is_sound=False)
    rows: dict[str, Row | None] = {}
    for line in lines[1:]:
        if found := _ROW.match(line):
            name, row = found[1], Row(int(found[2]), int(found[3]), int(found[4]), found[5])
        elif found := _MANAGED.match(line):
            name, row = found[1], Row(None, int(found[2]), int(found[3]), "")
        else:
            is_sound = False
            continue
        if name == NAMELESS:
            # One that dies has lost its name; of any other the name could not be read, and it may be anybody's.
            is_sound = is_sound and row.letters.endswith("d")
        else:
            rows[name] = None if name in rows else row
    return Listing(rows, is_sound and DOMAIN_0 in rows)


def is_unknown(stderr: str, name: str) -> bool:
    """Whether the toolstack says that it has no such domain. xl says the same when names cannot be read."""
    for line in stderr.splitlines():
        if found := _UNKNOWN_XL.match(line.strip()):
            return found[1] == name and (found[2] is None or found[2] in _UNKNOWN_RC)
        if found := _UNKNOWN_XM.match(line.strip()):
            return found[1] == name
    return False


def said(stderr: str, stdout: str = "") -> str:
    """What the toolstack said on one line, without what it says when all is well; empty if it said nothing."""
    lines = [line.strip() for line in (stderr.strip() or stdout.strip()).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(_NO_ERROR)]
    return "; ".join(dict.fromkeys(telling or lines[:1]))[:400]


def parse_disks(text: str) -> list[dict[str, Any]] | None:
    """The disks of the one domain in ``xl list -l NAME`` [R]; None if that is not what was printed."""
    try:
        document = json.loads(text)
    except ValueError:
        return None
    if isinstance(document, list):
        document = document[0] if len(document) == 1 else None
    return _disks_of(document)


def parse_all_disks(text: str) -> dict[str, list[dict[str, Any]]] | None:
    """The disks of every domain in ``xl list -l`` by name [R]; None if that is not what was printed."""
    try:
        documents = json.loads(text)
    except ValueError:
        return None
    if not isinstance(documents, list):
        return None
    found: dict[str, list[dict[str, Any]]] = {}
    for document in documents:
        try:
            name = document["config"]["c_info"]["name"]
        except (TypeError, KeyError):
            continue
        disks = _disks_of(document)
        if isinstance(name, str) and disks is not None:
            found[name] = disks
    return found


def _disks_of(document: object) -> list[dict[str, Any]] | None:
    config = document.get("config") if isinstance(document, dict) else None
    disks = config.get("disks", []) if isinstance(config, dict) else None
    if not isinstance(disks, list) or not all(isinstance(disk, dict) for disk in disks):
        return None
    return disks
