"""Lists of packages and patches, as the platforms' tools print them; pure. A line that is none is left out."""

from __future__ import annotations

import re
from typing import Final

from opensvc_core.inventory.records import Package, Patch

_PATCH: Final = re.compile(r"PH[A-Z]{2}_[0-9]{1,7}\Z", re.ASCII)
_PUBLISHER: Final = re.compile(r"\s+\([^)\s]+\)\s+")
_SHOWREV: Final = re.compile(r"^Patch: ([0-9]{1,9})-([0-9]{1,4})\b", re.MULTILINE | re.ASCII)
LONGEST: Final = 400
"""Characters of a name or a version: what is longer is no package."""
DPKG_FORMAT: Final = "${db:Status-Status}\\t${Package}\\t${Version}\\t${Architecture}\\n"
"""For ``dpkg-query -W -f`` (dpkg-query(1))."""
RPM_FORMAT: Final = "%{NAME}\\t%{VERSION}-%{RELEASE}\\t%{ARCH}\\n"
"""For ``rpm -qa --qf`` (rpm(8))."""


def parse_dpkg(text: str) -> tuple[Package, ...]:
    """Installed packages of ``dpkg-query`` with ``DPKG_FORMAT``; what only left its configuration is not installed."""
    rows = (line.split("\t") for line in text.splitlines())
    return tuple(Package(*row[1:]) for row in rows if len(row) == 4 and row[0] == "installed" and _is_sound(row))


def parse_rpm(text: str) -> tuple[Package, ...]:
    """Packages of ``rpm`` with ``RPM_FORMAT``; keys of signers, which it lists too, are none."""
    rows = (line.split("\t") for line in text.splitlines())
    return tuple(
        Package(name, version, "" if arch == "(none)" else arch)
        for name, version, arch in (row for row in rows if len(row) == 3 and _is_sound(row))
        if name != "gpg-pubkey"
    )


def parse_swlist(text: str) -> tuple[tuple[Package, ...], tuple[Patch, ...]]:
    """Products and patches of ``swlist -l product -a revision -a architecture``; ``#`` begins a comment.

    A patch is called ``PHCO_38955``, ``PHKL_…``, ``PHNE_…``, ``PHSS_…``. The columns are from memory.
    """
    packages, patches = [], []
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#") or len(words) < 2 or not _is_sound(words):
            continue
        if _PATCH.match(words[0]):
            patches.append(Patch(words[0], words[1]))
        else:
            packages.append(Package(words[0], words[1], words[2] if len(words) > 2 else ""))
    return tuple(packages), tuple(patches)


def parse_pkg(text: str) -> tuple[Package, ...]:
    """Packages of ``pkg list -H``: name, perhaps its publisher in brackets, version, flags that begin with ``i``."""
    rows = (_PUBLISHER.sub(" ", line).split() for line in text.splitlines())
    return tuple(
        Package(row[0], row[1])
        for row in rows
        if len(row) == 3 and _is_sound(row) and row[2].startswith("i") and len(row[2]) == 3
    )


def parse_pkginfo(text: str) -> tuple[Package, ...]:
    """Packages of ``pkginfo -l``: blocks of ``NAME:  value`` lines, with a blank line between."""
    found = []
    for block in text.split("\n\n"):
        pairs = (line.partition(":") for line in block.splitlines())
        fields = {key.strip(): value.strip() for key, colon, value in pairs if colon}
        row = [fields.get(each, "") for each in ("PKGINST", "VERSION", "ARCH")]
        if _is_sound(row):
            found.append(Package(*row))
    return tuple(found)


def parse_showrev(text: str) -> tuple[Patch, ...]:
    """Patches of ``showrev -p``: ``Patch: 118367-04 Obsoletes: … Packages: …``."""
    return tuple(Patch(number, revision) for number, revision in _SHOWREV.findall(text))


def _is_sound(row: list[str]) -> bool:
    return all(each and len(each) <= LONGEST and each.isprintable() for each in row[:3])
