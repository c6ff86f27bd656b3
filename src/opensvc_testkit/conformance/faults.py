"""What a tool can do instead of its work: what is put in the place of a command."""

from __future__ import annotations

import shlex

from attrs import evolve

from opensvc_core.api import Command, CommandNotFound, CommandResult, CommandTimeout
from opensvc_testkit.conformance.hasty_clock import HastyClock
from opensvc_testkit.conformance.observed_host import Fault, Go

SAID = "simulated fault: the tool does not work"
GARBAGE = (
    "\x00\ufffd\x1b[2J%s%n Domain: '\n  state.state=\n]]>{\"\u00e9",
    "Segmentation fault\n",
    "<html><body>502 Bad Gateway</body></html>\n",
    "{}\n",
    "[]\n",
    "null\n",
    "0\n",
    "a b c d e f g h\n1 2 3 4 5 6 7 8\n",
)
"""Answers that mean nothing, each with exit status 0."""
MANY_CUTS = 64
"""Places at which an answer is cut, beside the ends of its lines, at the most."""


def hang(clock: HastyClock) -> Fault:
    """It is ended at its limit, having done nothing."""

    def hanging(command: Command, _go: Go) -> CommandResult:
        clock.skip(command.timeout)
        raise CommandTimeout(f"`{shlex.join(command.argv)}` was ended after {command.timeout:.3g} s", argv=command.argv)

    return hanging


def be_absent(command: Command, _go: Go) -> CommandResult:
    """It is not installed."""
    raise CommandNotFound(f"`{command.argv[0]}` is not installed", argv=command.argv, hint="install it")


def fail(command: Command, _go: Go) -> CommandResult:
    """It does nothing, says so, and ends with a status other than 0."""
    return CommandResult(command.argv, 1, "", f"{SAID}\n")


def have_no_effect(command: Command, _go: Go) -> CommandResult:
    """It does nothing and says that all is well."""
    return CommandResult(command.argv)


def print_instead(text: str) -> Fault:
    """It prints something else, with exit status 0."""

    def printing(command: Command, _go: Go) -> CommandResult:
        return CommandResult(command.argv, 0, text)

    return printing


def cut(length: int) -> Fault:
    """Its answer ends after that many characters."""

    def cutting(_command: Command, go: Go) -> CommandResult:
        result = go()
        return evolve(result, stdout=result.stdout[:length])

    return cutting


def cuts(text: str, *, lines_stand_alone: bool) -> list[int]:
    """Where an answer is cut: evenly, and at the ends of lines, unless each line is a whole answer there."""
    ends = {0, *(place + 1 for place, character in enumerate(text[:-1]) if character == "\n")}
    even = {round(number * len(text) / MANY_CUTS) for number in range(MANY_CUTS)}
    places = even - ends if lines_stand_alone else even | set(sorted(ends)[-MANY_CUTS:]) | {0}
    return sorted(place for place in places if place < len(text))
