"""What ``hpvmdevmgmt -l`` prints of the devices that guests may share, and the file that carries it to peers. Pure.

A line begins with the special files of one device, parted by commas, and has ``DEVTYPE=`` and ``SHARE=`` further on (as
shipped scripts read it; not tried on HP-UX here).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_SHARE = re.compile(r"(?:^|[:,])SHARE=([A-Za-z]+)(?=[:,\s]|\Z)")
_LINE = re.compile(r"(/dev/[!-9;-~]+):(YES|NO)\Z")


def parse_sharing(text: str) -> dict[str, bool | None]:
    """By special file, whether its device may be shared; ``None`` where it is listed and does not say.

    Raises:
        ValueError: the answer is cut, or a line is none.
    """
    if text and not text.endswith("\n"):
        message = f"hpvmdevmgmt gave a cut answer: {text[-120:]!r}"
        raise ValueError(message)
    found: dict[str, bool | None] = {}
    for line in text.splitlines():
        names, colon, rest = line.strip().partition(":")
        if not names and not colon:
            continue
        if not colon:
            message = f"hpvmdevmgmt gave a line that is not understood: {line[:160]!r}"
            raise ValueError(message)
        word = _SHARE.search(rest)
        is_shared = {"YES": True, "NO": False}.get(word[1].upper()) if word else None
        found.update({name.strip(): is_shared for name in names.split(",") if name.strip()})
    return found


def parse_share_file(text: str) -> dict[str, bool]:
    """The file of a service, ``SPECIAL_FILE:YES`` or ``:NO`` a line. Raises ValueError for another line, a cut one."""
    if text and not text.endswith("\n"):
        message = "its last line is cut"
        raise ValueError(message)
    wanted = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        match = _LINE.match(line.strip())
        if match is None:
            message = f"not a line SPECIAL_FILE:YES or SPECIAL_FILE:NO: {line[:120]!r}"
            raise ValueError(message)
        wanted[match[1]] = match[2] == "YES"
    return wanted


def format_share_file(sharing: Mapping[str, bool]) -> str:
    """The file of a service."""
    return "".join(f"{path}:{'YES' if is_shared else 'NO'}\n" for path, is_shared in sharing.items())
