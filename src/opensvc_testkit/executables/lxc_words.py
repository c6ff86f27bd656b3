"""Options of LXC's commands, and how they refuse wrong ones (captured, LXC 5.0.2)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

LIBRARY = "/var/lib/lxc"
COMMON = {"n": "name", "o": "logfile", "l": "logpriority", "q": "quiet", "P": "lxcpath"}
WITH_VALUE = ("name", "logfile", "logpriority", "lxcpath", "rcfile")
# Command: short to long options of its own, those that have a value.
COMMANDS: Mapping[str, tuple[Mapping[str, str], tuple[str, ...]]] = {
    "lxc-attach": ({"v": "set-var", "e": "elevated-privileges", "f": "rcfile", "u": "uid", "g": "gid"},
                   ("set-var", "uid", "gid")),
    "lxc-config": ({}, ()),
    "lxc-destroy": ({"f": "force", "s": "snapshots"}, ()),
    "lxc-freeze": ({}, ()),
    "lxc-info": ({"c": "config", "i": "ips", "p": "pid", "S": "stats", "H": "no-humanize", "s": "state"}, ("config",)),
    "lxc-ls": ({"1": "line", "f": "fancy", "F": "fancy-format", "g": "groups"},
               ("fancy-format", "groups", "filter", "nesting")),
    "lxc-start": ({"d": "daemon", "F": "foreground", "f": "rcfile", "c": "console", "L": "console-log", "p": "pidfile",
                   "s": "define", "C": "close-all-fds"}, ("console", "console-log", "pidfile", "define")),
    "lxc-stop": ({"r": "reboot", "W": "nowait", "t": "timeout", "k": "kill"}, ("timeout",)),
    "lxc-unfreeze": ({}, ()),
    "lxc-wait": ({"s": "state", "t": "timeout"}, ("state", "timeout")),
}  # fmt: skip
FLAGS = {
    "lxc-attach": ("clear-env", "keep-env", "keep-var"),
    "lxc-info": (),
    "lxc-ls": ("active", "running", "frozen", "stopped", "defined"),
    "lxc-stop": ("nokill", "nolock"),
}
PLACES = {
    "lxc-start": "../src/lxc/tools/lxc_start.c: main",
    "lxc-stop": "../src/lxc/tools/lxc_stop.c: main",
    "lxc-freeze": "../src/lxc/tools/lxc_freeze.c: main",
    "lxc-unfreeze": "../src/lxc/tools/lxc_unfreeze.c: main",
    "lxc-destroy": "../src/lxc/tools/lxc_destroy.c: main",
    "lxc-wait": "../src/lxc/state.c: lxc_str2state",
    "lxc-attach": "../src/lxc/attach.c",
}


class UsageError(Exception):
    """Refused before anything was done; the text is standard error."""


class Words:
    """What one command was told: long options (every value of each), the container, further words."""

    __slots__ = ("name", "options", "rest")

    def __init__(self) -> None:
        self.options: dict[str, list[str]] = {}
        self.name = ""
        self.rest: list[str] = []

    def has(self, *names: str) -> bool:
        """Whether one of these options was given."""
        return any(name in self.options for name in names)

    def get(self, name: str, default: str = "") -> str:
        """The last value of an option."""
        return self.options.get(name, [default])[-1]

    @property
    def path(self) -> str:
        """The folder of containers."""
        return self.get("lxcpath", LIBRARY).rstrip("/") or "/"


def read_words(command: str, words: list[str]) -> Words:
    """Read a command's arguments; ``lxc-attach`` has the guest's command in ``rest``. Raises UsageError.

    Options are taken from anywhere before ``--``, also from among the words of a guest's command (captured).
    """
    short, own_values = COMMANDS[command]
    letters, values = {**COMMON, **short}, {*WITH_VALUE, *own_values}
    known = {*letters.values(), *values, *FLAGS.get(command, ()), "version", "help"}
    found, rest = Words(), list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            found.rest += rest
            break
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            if name not in known:
                raise UsageError(f"{command}: unrecognized option '--{name}'\nUsage: {command} --name=NAME\n")
            if name in values and not equals:
                value = rest.pop(0) if rest else ""
            found.options.setdefault(name, []).append(value)
        elif word.startswith("-") and word != "-":
            _read_letters(command, word[1:], letters, values, rest, found)
        else:
            found.rest.append(word)
    _name(command, found)
    return found


def _read_letters(  # where a letter may come from, and where it goes
    command: str, given: str, letters: Mapping[str, str], values: set[str], rest: list[str], found: Words
) -> None:
    while given:
        letter, given = given[0], given[1:]
        if letter not in letters:
            raise UsageError(f"{command}: invalid option -- '{letter}'\nUsage: {command} --name=NAME\n")
        value = ""
        if letters[letter] in values:
            value, given = given or (rest.pop(0) if rest else ""), ""
        found.options.setdefault(letters[letter], []).append(value)


def _name(command: str, words: Words) -> None:
    if command in ("lxc-ls", "lxc-config") or words.has("version"):
        return
    words.name = words.get("name")
    if not words.name and words.rest:
        words.name = words.rest.pop(0)
    if not words.name:
        raise UsageError(f"{command}: No container name specified\n")


def complaint(command: str, name: str, line: int, text: str, place: str = "") -> str:
    """One line of LXC's log on standard error, as ``lxc-start: c1: ../src/lxc/…: main: 256 text``."""
    return f"{command}: {name}: {place or PLACES[command]}: {line} {text}\n"
