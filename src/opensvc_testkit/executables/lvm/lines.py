"""Command lines of LVM: the options that all of its commands share, and how a bad one is refused (captured)."""

from __future__ import annotations

from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.getopt_long import BadOptionError, Parsed, read

FAILED, BAD = 5, 3
COMMON: list[tuple[str, str, bool]] = [
    ("q", "quiet", False), ("y", "yes", False), ("f", "force", False), ("t", "test", False), ("", "config", True),
    ("", "noudevsync", False), ("", "nolocking", False), ("", "readonly", False), ("v", "verbose", False),
    ("d", "debug", False), ("S", "select", True), ("", "devices", True), ("", "devicesfile", True),
    ("", "version", False), ("h", "help", False), ("", "autobackup", True), ("A", "autobackup", True),
]  # fmt: skip
NOT_SIMULATED = ("test", "config", "verbose", "debug", "select", "devices", "devicesfile", "help", "version")
TAG_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-/=!:&#"


class RefusedError(Exception):
    """The command fails: exit status and lines of standard error, without the two blanks."""

    def __init__(self, status: int, *texts: str) -> None:
        super().__init__(*texts)
        self.answer = Answer(status, "", "".join(f"  {text}\n" for text in texts))


def understand(program: str, words: list[str], options: list[tuple[str, str, bool]]) -> Parsed:
    """A command line. Raises RefusedError for a bad option, NotSimulatedError for one that is not simulated."""
    try:
        parsed = read(words, [*options, *COMMON])
    except BadOptionError as error:
        refused = RefusedError(BAD, "Error during parsing of command line.")
        refused.answer.stderr = f"{program}: {error}\n{refused.answer.stderr}"
        raise refused from None
    for name, _ in parsed.options:
        if name in NOT_SIMULATED and not any(name == option for _, option, _ in options):
            raise NotSimulatedError(f"{program} --{name}")
    return parsed


def tag_of(option: str, text: str) -> str:
    """A tag; ``@`` before it is not stored. Raises RefusedError for what can be none."""
    tag = text.removeprefix("@")
    if not tag or any(letter not in TAG_LETTERS for letter in tag) or tag[0] == "-":
        raise RefusedError(BAD, f"Invalid argument for --{option}: {text}", "Error during parsing of command line.")
    return tag


def no_syntax(program: str) -> RefusedError:
    """Options that make no command."""
    return RefusedError(
        BAD, f"No command with matching syntax recognised.  Run '{program} --help' for more information."
    )
