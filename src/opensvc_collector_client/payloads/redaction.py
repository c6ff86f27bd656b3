"""Secrets in commands, logs and notes, known by their names and forms alone: hidden before anything is sent. Pure.

What is recognised, and what is not, is told to operators in ``docs/reference/collector.md``.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HIDDEN: Final = "xxxxxx"
"""Stands in the place of a secret."""

_WORDS = (  # that name a secret
    r"pass(?:code)?|pwd|pw|credentials?|[a-z0-9]*(?:pass(?:word|wd|phrase)|secret|token|apikey)|sshpass|"
    r"(?:api|access|auth|private|secret|encryption|ssh|shared|signing)[_-]?key|psk|community|bearer"
)
_SECRET_NAME = re.compile(rf"(?:^|[_.\-])(?:{_WORDS})s?(?:$|[_.\-\d])", re.IGNORECASE)
# `password=`, `"api_key": `, `--token `: each word of a text is looked at once, however long it is.
_NAMED = re.compile(r"""(?<![\w-])(?P<name>[\w-]++)(?P<quote>["']?)(?P<equals>\s*[=:]\s*|\s+)""")
_ESCAPED = r"""'"'"'"""  # a quote inside quotes, as `shlex.join` writes it
_VALUE = re.compile(rf"""{_ESCAPED}.*?{_ESCAPED}|"[^"]*"|'[^']*'|[^\s,;&"']+""")
# The rest of a word that is quoted as a whole: `'--password=a b'`.
_REST = {"'": re.compile(rf"(?:[^']|{_ESCAPED})*"), '"': re.compile(r'(?:[^"\\]|\\.)*')}
_IN_ADDRESS = re.compile(r"(?P<before>\b[a-z][a-z0-9+.-]{0,20}://[^\s/:@]*):[^\s/]+(?=@)", re.IGNORECASE)
# Who comes to a web server with a name and no password comes with a token.
_TOKEN_IN_ADDRESS = re.compile(r"(?P<before>\bhttps?://)[^\s/:@]+(?=@)", re.IGNORECASE)
_HEADER = re.compile(r"(?P<before>\b(?:authorization|cookie|x-[\w-]{0,40}(?:key|token))\b\s*[:=]\s*).*", re.IGNORECASE)
_BEARER = re.compile(r"(?P<before>\bbearer\s+)(?:(?=[\w.~+/-]{0,200}\d)[\w.~+/-]{6,}|[\w.~+/-]{20,})=*", re.IGNORECASE)
_SQL = re.compile(
    rf"""(?P<before>\b(?:identified\s+(?:with\s+\S+\s+)?(?:by|as)(?:\s+password)?|password)\s+)"""
    rf"""(?:{_ESCAPED}.*?{_ESCAPED}|'[^']*'|"[^"]*")""",
    re.IGNORECASE,
)

_LDAP = ("ldapsearch", "ldapmodify", "ldapadd", "ldapdelete", "ldappasswd", "ldapwhoami", "ldapcompare")
_MONGO = ("mongo", "mongosh", "mongodump", "mongorestore", "mongoexport", "mongoimport", "mongostat")
_MYSQL = (
    "mysql", "mysqladmin", "mysqlbinlog", "mysqlcheck", "mysqldump", "mysqlimport", "mysqlpump", "mysqlsh", "mysqlshow",
    "mysqlslap", "mysql_upgrade", "mariadb", "mariadb-admin", "mariadb-binlog", "mariadb-check", "mariadb-dump",
    "mariadb-import", "mariadb-show", "mariadb-slap", "mariadb-upgrade", "mariadb-backup", "mariabackup", "xtrabackup",
    "innobackupex",
)  # fmt: skip
_ORACLE = ("sqlplus", "exp", "imp", "expdp", "impdp", "rman", "sqlldr")
JOINED: Final[Mapping[str, tuple[str, ...]]] = dict.fromkeys(_MYSQL, ("-p",))
"""Commands, and their options whose value is a secret and is written without a blank: ``-pSECRET``."""
SEPARATE: Final[Mapping[str, tuple[str, ...]]] = {
    "sshpass": ("-p",),
    **dict.fromkeys(_MONGO, ("-p",)),
    "redis-cli": ("-a",),
    **dict.fromkeys(_LDAP, ("-w",)),
    "ipmitool": ("-P",),
    **dict.fromkeys(("sqlcmd", "isql", "bcp"), ("-P",)),
}
"""The same with a blank or without one: ``-p SECRET``."""
BEHIND: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "curl": (("-u", "--user", "-U", "--proxy-user"), ":"),
    **dict.fromkeys(("smbclient", "rpcclient", "net"), (("-U", "--user"), "%")),
}
"""Commands, options, and what stands between a user and a secret in their value: ``-u user:SECRET``."""
LOGIN: Final = frozenset(_ORACLE)
"""Commands that take ``user/SECRET@database`` as a word."""

_CLIENTS = frozenset({*JOINED, *SEPARATE, *BEHIND, *LOGIN})
_CLIENT = re.compile(rf"(?<![\w.-])(?:{'|'.join(sorted(_CLIENTS, key=len, reverse=True))})(?![\w.=-])")
_WORD = re.compile(r"""(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\|;&])+|[|;&]+|['"\\]""")
_QUOTED = re.compile(r"""'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)""")
_ORACLE_LOGIN = re.compile(r"(?P<before>(?:userid=)?[^/@\s=-][^/@\s=]*/)[^@\s]+(?P<behind>@.*)?", re.IGNORECASE)


def without_secrets(text: str) -> str:
    """Text with what looks like a secret hidden: ``password=…``, ``--token …``, ``https://user:…@host``, headers."""
    text = _IN_ADDRESS.sub(rf"\g<before>:{HIDDEN}", text)
    text = _TOKEN_IN_ADDRESS.sub(rf"\g<before>{HIDDEN}", text)
    text = _HEADER.sub(rf"\g<before>{HIDDEN}", text)
    text = _BEARER.sub(rf"\g<before>{HIDDEN}", text)
    text = _SQL.sub(rf"\g<before>'{HIDDEN}'", text)
    if _CLIENT.search(text):
        text = "".join(_without_arguments(line) for line in text.splitlines(keepends=True))
    return _without_named(text)


def names_secret(name: str) -> bool:
    """Whether a name sounds like that of a secret."""
    return _SECRET_NAME.search(name) is not None


def _without_named(text: str) -> str:
    parts: list[str] = []
    done = 0
    for found in _NAMED.finditer(text):
        is_given = bool(found["equals"].strip()) or found["name"].startswith("-")
        if not is_given or found.start() < done or not names_secret(found["name"]):
            continue
        before = text[found.start() - 1 : found.start()]
        rest = _REST.get(before) if found["equals"].strip() and not found["quote"] else None
        value = rest.match(text, found.end()) if rest is not None else _VALUE.match(text, found.end())
        if value is not None and value[0]:
            quote = value[0][0] if rest is None and value[0][0] in "\"'" else ""
            parts += (text[done : found.end()], quote, HIDDEN, quote)
            done = value.end()
    return "".join(parts) + text[done:]


def _without_arguments(line: str) -> str:
    """A line without the secrets that commands take as an option or a word of their own."""
    parts: list[str] = []
    done = 0
    for found, hidden in _arguments(line):
        parts += (line[done : found.start()], hidden)
        done = found.end()
    return "".join(parts) + line[done:]


def _arguments(line: str) -> Iterator[tuple[re.Match[str], str]]:
    """Words of a line that hold a secret, and what stands in their place."""
    command = option = ""
    for found in _WORD.finditer(line):
        word = _bare(found[0])
        name = word.rpartition("/")[2].rstrip(":")
        if option:
            hidden, option = _value(command, word), ""
        elif " " in word and _CLIENT.search(word):  # what a shell is given to run
            inner = _without_arguments(word)
            hidden = shlex.quote(inner) if inner != word else None
        elif name in _CLIENTS or found[0][0] in "|;&":
            command, hidden = (name if name in _CLIENTS else ""), None
        elif word in _options(command):
            option, hidden = ("" if command in JOINED else word), None
        else:
            hidden = _in_word(command, word)
        if hidden is not None:
            yield found, hidden


def _options(command: str) -> tuple[str, ...]:
    """The options of a command that have a secret in their value."""
    return (*JOINED.get(command, ()), *SEPARATE.get(command, ()), *BEHIND.get(command, ((), ""))[0])


def _in_word(command: str, word: str) -> str | None:
    """What stands in the place of a word that holds an option and its value; ``None`` if it holds no secret."""
    for option in _options(command):
        start = f"{option}=" if option.startswith("--") else option
        if word.startswith(start):
            hidden = _value(command, word[len(start) :])
            return None if hidden is None else start + hidden
    login = _ORACLE_LOGIN.fullmatch(word) if command in LOGIN else None
    return f"{login['before']}{HIDDEN}{login['behind'] or ''}" if login is not None else None


def _value(command: str, value: str) -> str | None:
    """What stands in the place of an option's value; ``None`` if it holds no secret."""
    if command not in BEHIND:
        return HIDDEN
    user, between, secret = value.partition(BEHIND[command][1])
    return f"{user}{between}{HIDDEN}" if secret else None


def _bare(word: str) -> str:
    """A word without the quotes of a shell."""
    return _QUOTED.sub(lambda found: found[1] or found[2] or found[3] or "", word)
