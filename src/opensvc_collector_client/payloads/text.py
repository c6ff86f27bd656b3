"""Values as a collector takes them: times, cut logs, configuration without comments and secrets. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from opensvc_collector_client.payloads.redaction import HIDDEN, names_secret, without_secrets

LONGEST_LOG: Final = 10_000
"""Characters of a log that are sent; of a longer one the middle is left out (agent 2010)."""
CUT: Final = "\n… {} characters left out …\n"
# What XML 1.0 cannot carry (its rule 2), and halves of surrogate pairs, which no encoding can.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KEYWORD = re.compile(r"(?P<before>\s*(?P<name>[\w.-]+)(?:@[\w.-]+)?\s*=\s*)(?P<value>.*)")
_PEM_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY-----")


def local_time(at: float) -> str:
    """Seconds since the epoch as local ``YYYY-MM-DD HH:MM:SS.ffffff``."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S.%f")


def plain(value: object) -> str:
    """A value as text that XML can carry: ``None`` is empty, a boolean ``1`` or ``0``, a list words with blanks."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (list, tuple)):
        return " ".join(plain(each) for each in value)
    return _NOT_XML.sub("?", str(value))


def one_word(value: object) -> str:
    """A value as one word: blanks, quotes and what marks up become ``_``."""
    return re.sub(r"[\s;'\"<>&]", "_", plain(value))[:255]


def trimmed(log: str, longest: int = LONGEST_LOG) -> str:
    """A log of at most that many characters and the mark of a cut: of a longer one, the middle is left out."""
    if len(log) <= longest:
        return log
    head = longest // 2
    tail = longest - head
    return log[:head] + CUT.format(len(log) - longest) + log[-tail:]


def stripped_configuration(text: str) -> str:
    """A service file as it is sent: no comments, no blank lines, the value of no keyword that sounds like a secret.

    A value that goes on over several lines is hidden as a whole. Nothing that is a private key in PEM is sent.
    """
    lines: list[str] = []
    depth = -1  # of the keyword whose value is hidden, while it goes on; -1 for none
    is_key = False
    for line in text.splitlines():
        bare = line.strip()
        is_key = is_key or _PEM_BEGIN.search(line) is not None
        if is_key:
            is_key = _PEM_END.search(line) is None
            continue
        if not bare:
            depth = -1
            continue
        if bare[0] in "#;":
            continue
        indent = len(line) - len(line.lstrip())
        if depth >= 0 and indent > depth:
            continue
        depth = -1
        found = _KEYWORD.fullmatch(line)
        if found and names_secret(found["name"]):
            depth = indent
            lines.append(f"{found['before']}{HIDDEN}".rstrip())
        else:
            lines.append(without_secrets(line.rstrip()))
    return plain("\n".join(lines))
