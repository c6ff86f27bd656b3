"""Values as a collector takes them: times, cut logs, configuration without comments and secrets. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

LONGEST_LOG: Final = 10_000
"""Characters of a log that are sent; of a longer one the middle is left out (agent 2010)."""
CUT: Final = "\n… {} characters left out …\n"
HIDDEN: Final = "xxxxxx"
"""Stands in the place of a secret."""

# What XML 1.0 cannot carry (its rule 2), and halves of surrogate pairs, which no encoding can.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORDS = (  # that name a secret
    r"pass(?:w(?:or)?d|phrase|code)?|pwd|pw|secret|token|credentials?|"
    r"(?:api|access|auth|private|secret|encryption|ssh|shared|signing)[_-]?key|psk|community|bearer"
)
_SECRET_NAME = re.compile(rf"(?:^|[_.\-])(?:{_WORDS})s?(?:$|[_.\-\d])", re.IGNORECASE)
# `password=`, `"api_key": `, `--token `: each word of a text is looked at once, however long it is.
_NAMED = re.compile(r"""(?<![\w-])(?P<name>[\w-]++)["']?(?P<equals>\s*[=:]\s*|\s+)""")
_VALUE = re.compile(r""""[^"]*"|'[^']*'|[^\s,;&"']+""")
_SECRET_IN_ADDRESS = re.compile(r"(?P<before>\b[a-z][a-z0-9+.-]{0,20}://[^\s/:@]*):[^\s/]+(?=@)", re.IGNORECASE)
_SECRET_HEADER = re.compile(
    r"(?P<name>\b(?:authorization|cookie|x-[\w-]{0,40}(?:key|token))\b\s*[:=]\s*).*", re.IGNORECASE
)
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


def without_secrets(text: str) -> str:
    """Text with what looks like a secret hidden: ``password=…``, ``--token …``, ``https://user:…@host``, headers."""
    text = _SECRET_IN_ADDRESS.sub(rf"\g<before>:{HIDDEN}", text)
    text = _SECRET_HEADER.sub(rf"\g<name>{HIDDEN}", text)
    parts: list[str] = []
    done = 0
    for found in _NAMED.finditer(text):
        is_given = bool(found["equals"].strip()) or found["name"].startswith("-")
        if not is_given or found.start() < done or not _SECRET_NAME.search(found["name"]):
            continue
        value = _VALUE.match(text, found.end())
        if value is not None:
            parts += (text[done : found.end()], HIDDEN)
            done = value.end()
    return "".join(parts) + text[done:]


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
        if found and _SECRET_NAME.search(found["name"]):
            depth = indent
            lines.append(f"{found['before']}{HIDDEN}".rstrip())
        else:
            lines.append(without_secrets(line.rstrip()))
    return plain("\n".join(lines))
