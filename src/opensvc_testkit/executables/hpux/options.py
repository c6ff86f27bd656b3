"""Words of a command of HP-UX, read as its ``getopt`` does; and what its terminal library does without TERMINFO."""

from __future__ import annotations

import os

from opensvc_testkit.executables.call import Answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from opensvc_testkit.executables.call import Call

WITHOUT_TERMINFO = "\x1b[?1034h\x1b(B\x1b[m\x0f"
"""What is printed first where TERMINFO is not set: simulated after the cookbook, which tells of garbage and not of
which; no capture was found."""


class UsageError(Exception):
    """The command does not know an option, or misses a value; the text is what it says first."""


def read_options(words: list[str], flags: str, with_value: str) -> tuple[dict[str, list[str]], list[str]]:
    """Options by letter, each with the values that it was given, and the words that are none.

    Raises:
        UsageError: an option is unknown, or has no value.
    """
    found: dict[str, list[str]] = {}
    rest: list[str] = []
    words = list(words)
    while words:
        word = words.pop(0)
        if not word.startswith("-") or word == "-":
            rest.append(word)
            continue
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in flags:
                found.setdefault(letter, []).append("")
            elif letter in with_value:
                if not letters and not words:
                    raise UsageError(f"option requires an argument -- {letter}")
                found.setdefault(letter, []).append(letters or words.pop(0))
                letters = ""
            else:
                raise UsageError(f"illegal option -- {letter}")
    return found, rest


def on_terminal(call: Call, simulate: Callable[[Call], Answer]) -> Answer:
    """The answer to a call, with garbage before it where the environment has no TERMINFO (see the cookbook)."""
    answer = simulate(call)
    if not os.environ.get("TERMINFO"):
        return Answer(answer.status, WITHOUT_TERMINFO + answer.stdout, answer.stderr)
    return answer


def usage(name: str, error: UsageError, text: str) -> Answer:
    """The answer of a command that was asked wrongly: status 1, [R] for most of them."""
    return Answer(1, "", f"{name}: {error}\nUsage: {name} {text}\n")
