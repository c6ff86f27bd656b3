"""Reads the options of a Solaris command: letters before the operands (the getopt module would cost an import)."""

from __future__ import annotations


class BadOptionError(Exception):
    """An option that the command does not know, or that lacks its argument; the text is getopt's."""


def read_options(words: list[str], letters: str) -> tuple[dict[str, str], list[str]]:
    """Options by letter, and what follows them. An option that is given twice keeps its last argument.

    Args:
        words: the arguments.
        letters: known ones; those that take an argument are followed by a colon.

    Raises:
        BadOptionError: of the first word that cannot be read.
    """
    pairs, rest = read_pairs(words, letters)
    return dict(pairs), rest


def read_pairs(words: list[str], letters: str) -> tuple[list[tuple[str, str]], list[str]]:
    """As ``read_options``, but every option in its order, also one that is given several times."""
    pairs: list[tuple[str, str]] = []
    rest = list(words)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        if word == "--":
            break
        cluster = word[1:]
        while cluster:
            letter, cluster = cluster[0], cluster[1:]
            at = letters.find(letter)
            if at < 0 or letter == ":":
                raise BadOptionError(f"illegal option -- {letter}")
            if letters[at + 1 : at + 2] != ":":
                pairs.append((letter, ""))
                continue
            if not cluster and not rest:
                raise BadOptionError(f"option requires an argument -- {letter}")
            pairs.append((letter, cluster or rest.pop(0)))
            cluster = ""
    return pairs, rest
