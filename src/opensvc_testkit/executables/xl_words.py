"""Options of ``xl``'s commands, and how it refuses wrong ones."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Command: letters of its options (a colon: it has a value), long options, least number of arguments.
COMMANDS: Mapping[str, tuple[str, tuple[str, ...], int]] = {
    "create": ("FpqcenAVf:k:", ("quiet", "ignore-global-affinity-masks", "vncviewer", "vncviewer-autopass"), 0),
    "destroy": ("f", (), 1),
    "domid": ("", (), 1),
    "domname": ("", (), 1),
    "info": ("n", ("numa",), 0),
    "list": ("lvhZcn", ("long", "verbose", "context", "cpupool", "numa"), 0),
    "migrate": ("FC:s:epD", ("debug", "live", "postcopy"), 2),
    "pause": ("", (), 1),
    "reboot": ("aFw", ("all", "wait"), 0),
    "shutdown": ("aFw", ("all", "wait"), 0),
    "unpause": ("", (), 1),
    "uptime": ("s", ("short",), 0),
}
USAGE = "Usage: xl [-vfNtT] {command} [args]\n"
WRONG = 2


class UsageError(Exception):
    """Refused before anything was done: exit status and standard error."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Words:
    """Options and arguments of one command."""

    __slots__ = ("arguments", "options")

    def __init__(self) -> None:
        self.options: dict[str, str] = {}
        self.arguments: list[str] = []

    def has(self, *names: str) -> bool:
        """Whether one of these options was given."""
        return any(name in self.options for name in names)


def usage_of(command: str) -> str:
    """First line of a command's usage ([R] but for its beginning)."""
    return f"Usage: xl [-vfNtT] {command} [options]\n"


def read_words(command: str, words: list[str]) -> Words:
    """Read what follows the command. Raises UsageError."""
    letters, long, least = COMMANDS[command]
    found, rest = Words(), list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            found.arguments += rest
            break
        if word.startswith("--"):
            name = word[2:].partition("=")[0]
            if name not in long:
                raise UsageError(WRONG, f"xl: unrecognized option '--{name}'\noption `?' not supported.\n")
            found.options[name] = ""
        elif word.startswith("-") and word != "-":
            _read_letters(word[1:], letters, rest, found)
        else:
            found.arguments.append(word)
    if len(found.arguments) < least:
        plural = "" if least == 1 else "s"
        raise UsageError(WRONG, f"'xl {command}' requires at least {least} argument{plural}.\n\n{usage_of(command)}")
    return found


def _read_letters(given: str, letters: str, rest: list[str], found: Words) -> None:
    while given:
        letter, given = given[0], given[1:]
        at = letters.find(letter)
        if at < 0 or letter == ":":
            raise UsageError(WRONG, f"option `{letter}' not supported.\n")
        if letters[at + 1 : at + 2] == ":":
            found.options[letter], given = given or (rest.pop(0) if rest else ""), ""
        else:
            found.options[letter] = ""
