"""Command lines in the manner of glibc's ``getopt_long``, with its refusals (``argparse`` would cost 10 ms a call)."""

from __future__ import annotations


class BadOptionError(Exception):
    """An option is unknown, ambiguous or lacks its value; the text is glibc's, without the name of the program."""


class Parsed:
    """``options`` in the order in which they came, by their long name; ``operands`` are the other words."""

    __slots__ = ("operands", "options")

    def __init__(self) -> None:
        self.options: list[tuple[str, str]] = []
        self.operands: list[str] = []

    def has(self, name: str) -> bool:
        """Whether an option was given."""
        return any(name == given for given, _ in self.options)

    def get(self, name: str, default: str = "") -> str:
        """The last value of an option."""
        return ([default] + [value for given, value in self.options if given == name])[-1]

    def all(self, name: str) -> list[str]:
        """Every value of an option."""
        return [value for given, value in self.options if given == name]


def read(words: list[str], options: list[tuple[str, str, bool]]) -> Parsed:
    """Read a command line.

    Args:
        words: without the program's name.
        options: of each the short letter (perhaps empty), the long name, and whether it takes a value; of a letter
            that stands twice the first long name is what is told.

    Raises:
        BadOptionError: see there.
    """
    parsed = Parsed()
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            parsed.operands += rest
            break
        if word.startswith("--"):
            _read_long(parsed, word, rest, options)
        elif word.startswith("-") and word != "-":
            _read_short(parsed, word[1:], rest, options)
        else:
            parsed.operands.append(word)
    return parsed


def _read_long(parsed: Parsed, word: str, rest: list[str], options: list[tuple[str, str, bool]]) -> None:
    name, equals, value = word[2:].partition("=")
    found = [option for option in options if option[1] == name] or [
        option for option in options if option[1].startswith(name)
    ]
    if not found:
        raise BadOptionError(f"unrecognized option '--{name}'")
    if len({(letter, has_value) for letter, _, has_value in found}) > 1:
        raise BadOptionError(
            f"option '--{name}' is ambiguous; possibilities: " + " ".join(f"'--{long}'" for _, long, _ in found)
        )
    letter, long, has_value = found[0]
    if has_value and not equals:
        if not rest:
            raise BadOptionError(f"option '--{long}' requires an argument")
        value = rest.pop(0)
    elif equals and not has_value:
        raise BadOptionError(f"option '--{long}' doesn't allow an argument")
    parsed.options.append((_first_name(letter, long, options), value))


def _read_short(parsed: Parsed, letters: str, rest: list[str], options: list[tuple[str, str, bool]]) -> None:
    while letters:
        letter, letters = letters[0], letters[1:]
        found = [option for option in options if option[0] == letter]
        if not found:
            raise BadOptionError(f"invalid option -- '{letter}'")
        _, long, has_value = found[0]
        value = ""
        if has_value:
            if not letters and not rest:
                raise BadOptionError(f"option requires an argument -- '{letter}'")
            value, letters = letters or rest.pop(0), ""
        parsed.options.append((long, value))


def _first_name(letter: str, long: str, options: list[tuple[str, str, bool]]) -> str:
    return next((name for other, name, _ in options if letter and other == letter), long)
