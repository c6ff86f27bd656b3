"""Texts of LVM's configuration files with what they lack; pure (lvm.conf(5))."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from attrs import frozen

LOCAL = "local"
"""Tag of the groups that are this node's alone (cookbook)."""
ANY_TAG = "@*"
"""Entry of ``volume_list`` that allows groups which carry any of the system's tags."""
MARK = "# Written by `osvc node lvm setup`; the file as it was is kept beside it, as NAME.osvc-orig."
_STATEMENT = re.compile(r'^(?P<lead>[^#\n"]*?\bvolume_list\s*=\s*)(?P<value>\[[^\]]*\]|"[^"\n]*")', re.MULTILINE)
_ENTRY = re.compile(r'"((?:[^"\\]|\\.)*)"')
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")


@frozen
class Wanted:
    """What a node's configuration should say.

    Attributes:
        node: name of the node as the agent tags groups with it.
        system: as ``uname -n`` has it, which ``hosttags`` makes a tag.
    """

    node: str
    system: str

    @property
    def tags(self) -> tuple[str, ...]:
        """Tags of this system."""
        return (self.node, LOCAL)

    @property
    def entries(self) -> tuple[str, ...]:
        """Entries of ``volume_list``."""
        return (f"@{LOCAL}", f"@{self.node}")

    @property
    def file_name(self) -> str:
        """The file that LVM reads on a system with this node's tag."""
        return f"lvm_{self.node}.conf"


def lacking_entries(wanted: Wanted, entries: Collection[str] | None) -> tuple[str, ...]:
    """Entries that ``volume_list`` lacks; all of them where it is not set."""
    if entries is None:
        return wanted.entries
    return () if ANY_TAG in entries else tuple(entry for entry in wanted.entries if entry not in entries)


def with_tags(text: str, wanted: Wanted) -> str:
    """``lvm.conf`` that gives the system its tags."""
    own = "" if wanted.node == wanted.system else f"\t{_section(wanted.node)} {{}}\n"
    return _appended(text, f"tags {{\n\thosttags = 1\n\t{LOCAL} {{}}\n{own}}}\n")


def with_volume_list(text: str, entries: Sequence[str]) -> str:
    """A file whose ``volume_list`` has these entries too, after those that it has."""
    found = list(_STATEMENT.finditer(text))
    if not found:
        return _appended(text, f"activation {{\n\tvolume_list = {_list(entries)}\n}}\n")
    # Of several in one file the last one counts.
    last = found[-1]
    merged = [*_ENTRY.findall(last["value"]), *entries]
    return f"{text[: last.start('value')]}{_list(merged)}{text[last.end('value') :]}"


def _appended(text: str, block: str) -> str:
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    mark = "" if MARK in text else f"{MARK}\n"
    return f"{text}{gap}{mark}{block}"


def _list(entries: Iterable[str]) -> str:
    return "[ " + ", ".join(f'"{entry}"' for entry in dict.fromkeys(entries)) + " ]"


def _section(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else f'"{name}"'
