"""Lists of packages and patches, as the platforms' tools print them; pure. A line that is none is left out."""

from __future__ import annotations

from typing import Final

from opensvc_core.inventory.records import Package

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


def _is_sound(row: list[str]) -> bool:
    return all(each and len(each) <= LONGEST and each.isprintable() for each in row[:3])
