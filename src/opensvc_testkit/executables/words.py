"""Splits command lines into words, as virsh and a shell do (shlex would cost the import of re)."""

from __future__ import annotations


class UnfinishedError(Exception):
    """A quote is not closed, or the line ends in a backslash; the text is the character that is missing or dangles."""


def split_commands(line: str, separators: str = ";\n") -> list[list[str]]:
    """Words of each command of a line; commands are parted by the separators. Empty commands are left out.

    Single and double quotes, backslashes, and comments that begin where a word could.

    Raises:
        UnfinishedError: a quote or an escape is not finished.
    """
    commands: list[list[str]] = [[]]
    word: str | None = None
    index = 0
    while index < len(line):
        char = line[index]
        index += 1
        if char == "\\":
            if index == len(line):
                raise UnfinishedError("\\")
            word = (word or "") + line[index]
            index += 1
        elif char in "'\"":
            end, text = _quoted(line, index, char)
            word = (word or "") + text
            index = end
        elif char == "#" and word is None:
            newline = line.find("\n", index)
            index = len(line) if newline < 0 else newline
        elif char.isspace() or char in separators:
            if word is not None:
                commands[-1].append(word)
                word = None
            if char in separators:
                commands.append([])
        else:
            word = (word or "") + char
    if word is not None:
        commands[-1].append(word)
    return [command for command in commands if command]


def _quoted(line: str, start: int, quote: str) -> tuple[int, str]:
    text: list[str] = []
    index = start
    while index < len(line):
        char = line[index]
        if char == quote:
            return index + 1, "".join(text)
        if char == "\\" and quote == '"' and index + 1 < len(line):
            index += 1
            char = line[index]
        text.append(char)
        index += 1
    raise UnfinishedError(quote)
