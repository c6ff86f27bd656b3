"""Which multipath maps have a reservation key in ``multipath.conf``: those are ``mpathpersist``'s."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from attrs import field, frozen

ETC = Path("/etc")
_WORDS = re.compile(r'"([^"]*)"|([{}]|[^\s"{}]+)')


@frozen
class ReservationKeys:
    """The settings ``reservation_key``.

    Attributes:
        default: of section ``defaults``, empty if not set.
        by_wwid: of sections ``multipath``, by WWID as multipath writes it.
    """

    default: str = ""
    by_wwid: Mapping[str, str] = field(factory=dict, hash=False)

    def of(self, wwid: str) -> str:
        """The setting that a map goes by: ``file``, a key, or empty."""
        return self.by_wwid.get(wwid, self.default)


def parse_reservation_keys(texts: Iterable[str]) -> ReservationKeys:
    """Read ``multipath.conf`` and the files that follow it; of two settings the later one counts.

    multipath reads it line by line: one keyword and its value, or a section's name and ``{``, or ``}``. Lines that are
    none of these are passed over, as multipath does with a warning.
    """
    default, by_wwid = "", {}
    for text in texts:
        sections: list[str] = []
        wwid = key = ""
        for line in text.splitlines():
            words = _words(line)
            if not words:
                continue
            if words[0] == "}":
                if sections and sections.pop() == "multipath" and wwid and key:
                    by_wwid[wwid] = key
                continue
            if len(words) > 1 and words[1] == "{":
                sections.append(words[0])
                wwid = key = ""
            elif words[0] == "reservation_key" and len(words) > 1 and sections == ["defaults"]:
                default = words[1]
            elif sections == ["multipaths", "multipath"] and len(words) > 1:
                wwid = words[1] if words[0] == "wwid" else wwid
                key = words[1] if words[0] == "reservation_key" else key
    return ReservationKeys(default, by_wwid)


def read_reservation_keys(etc: Path = ETC) -> ReservationKeys:
    """The settings of this node; none where the files are missing.

    Raises:
        OSError: a file is there and cannot be read.
    """
    folder = etc / "multipath" / "conf.d"
    files = [etc / "multipath.conf", *sorted(folder.glob("*.conf"))]
    return parse_reservation_keys(
        file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file()
    )


def _words(line: str) -> list[str]:
    """Words of a line up to a comment; a quoted word may hold blanks."""
    words = []
    for match in _WORDS.finditer(line):
        if match[1] is not None:
            words.append(match[1])
            continue
        word = match[2]
        if word[0] in "#!":
            break
        words.append(word)
    return words
