"""Collects everything that is wrong in one file, so that all of it is reported at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from opensvc_core.errors import ConfigError, ConfigProblem


class Problems:
    """The problems of one file.

    Args:
        file: the file that they are in.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._found: list[ConfigProblem] = []

    def add(self, line: int, section: str, keyword: str, message: str, hint: str = "") -> None:
        """Note one problem; ``line`` counts from 1, 0 where no line can be named."""
        self._found.append(ConfigProblem(self.file, line, section, keyword, message, hint))

    def sorted(self) -> tuple[ConfigProblem, ...]:
        """Each problem once, in the order of the lines."""
        once = dict.fromkeys(self._found)
        return tuple(sorted(once, key=lambda problem: problem.line))

    def raise_if_any(self) -> None:
        """Raises ConfigError with every problem, if there is one."""
        if self._found:
            raise ConfigError(self.sorted())


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the known word nearest to ``word``, or empty if none is near."""
    # Only a file with a mistake pays for this import.
    from difflib import get_close_matches

    by_lower = {each.lower(): each for each in known}
    near = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return f"did you mean {by_lower[near[0]]!r}?" if near else ""
