"""What a dry run would have changed. Pure."""

from __future__ import annotations

import shlex

from attrs import Factory, define, frozen


@frozen
class CommandLine:
    """A changing command that a dry run did not make."""

    host: str
    argv: tuple[str, ...]

    def __str__(self) -> str:
        """As an operator would type it on that host."""
        return shlex.join(self.argv)


@define
class Recording:
    """What a dry run of one step would have changed, in order."""

    commands: list[CommandLine] = Factory(list)
