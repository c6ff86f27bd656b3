"""A host that keeps what a driver runs on it, and on which tools go wrong on demand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePath

from attrs import Factory, define, frozen

from opensvc_core.api import Cancel, Command, CommandResult, Host, Spawned

Go = Callable[[], CommandResult]
Fault = Callable[[Command, Go], CommandResult]
"""What happens in place of a command; the second argument runs it after all."""
Choice = Callable[[Command], bool]


def program(command: Command) -> str:
    """Name of the tool that a command runs."""
    return PurePath(command.argv[0]).name


def any_command(_command: Command) -> bool:
    """Every command is struck."""
    return True


def is_change(command: Command) -> bool:
    """Whether the driver says that it changes something."""
    return command.changes


def is_query(command: Command) -> bool:
    """Whether the driver says that it only reads."""
    return not command.changes


@frozen
class Seen:
    """One command that a driver ran.

    Attributes:
        host: where: the node, or a guest.
        command: as it was handed to the host.
        is_inner: it only carries a command of a guest, which is kept too (``ssh``).
    """

    host: str
    command: Command
    is_inner: bool


@define
class Observation:
    """What is shared by the node and its guests.

    Attributes:
        seen: the commands so far.
        strikes: faults, and which commands they strike; the first that fits.
        answers: what commands answered before, where that is to be used again.
    """

    seen: list[Seen] = Factory(list)
    strikes: list[tuple[Choice, Fault]] = Factory(list)
    answers: dict[tuple[str, tuple[str, ...], bytes | None], CommandResult] | None = None
    _inside: threading.local = Factory(threading.local)

    @contextmanager
    def watching(self) -> Iterator[list[Seen]]:
        """The commands of a block, as they come."""
        before, mine = self.seen, []  # type: ignore[var-annotated]  # mypy takes the type of the first only
        self.seen = mine
        try:
            yield mine
        finally:
            self.seen = before
            self.seen.extend(mine)

    @contextmanager
    def struck(self, fault: Fault, choice: Choice = any_command) -> Iterator[None]:
        """In a block, the commands that are chosen go wrong in this way."""
        self.strikes.insert(0, (choice, fault))
        try:
            yield
        finally:
            self.strikes.pop(0)

    @contextmanager
    def replaying(self) -> Iterator[None]:
        """In a block in which nothing changes, a query that was answered once is answered so again."""
        self.answers = {}
        try:
            yield
        finally:
            self.answers = None


@define
class ObservedHost:
    """A host around another one."""

    inner: Host
    observation: Observation

    @property
    def name(self) -> str:
        """Name of the place."""
        return self.inner.name

    def execute(
        self, command: Command, cancel: Cancel, spawned: Callable[[Spawned], None] | None = None
    ) -> CommandResult:
        """Keep the command; run it, or what stands in its place. Raises as the other host."""
        here, inside = self.observation, self.observation._inside  # noqa: SLF001 - of the same module
        is_inner = getattr(inside, "is_set", False)
        here.seen.append(Seen(self.name, command, is_inner))

        def go() -> CommandResult:
            key = (self.name, command.argv, command.input)
            if here.answers is not None and key in here.answers:
                return here.answers[key]
            inside.is_set = True
            try:
                result = self.inner.execute(command, cancel, spawned)
            finally:
                inside.is_set = is_inner
            if here.answers is not None and not command.changes:
                here.answers[key] = result
            return result

        if not is_inner:
            for choice, fault in here.strikes:
                if choice(command):
                    return fault(command, go)
        return go()
