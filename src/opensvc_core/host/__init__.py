"""Where commands run: this node, a guest, one day a peer. Only this package knows plumbum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opensvc_core.clock import Cancel


@frozen
class Command:
    """One external command, ready to run.

    Attributes:
        argv: program and arguments; never passes through a shell on this node.
        timeout: seconds after which its whole process group is ended.
        input: bytes for its standard input; none means ``/dev/null``.
        env: variables to set over the clean environment (``LC_ALL=C`` is always there).
        changes: whether it changes something; False for a query.
        grace: seconds between SIGTERM and SIGKILL when it is ended.
        leaves_daemons: it may leave children that keep its output open (a launcher): done when it has exited.
        has_secrets: its standard output holds secrets: it is neither kept in a journal nor quoted in an error.
        heard: told what it prints on standard output while it runs, piece by piece.
    """

    argv: tuple[str, ...]
    timeout: float = 30.0
    input: bytes | None = None
    env: Mapping[str, str] = field(factory=dict, hash=False)
    changes: bool = False
    grace: float = 2.0
    leaves_daemons: bool = False
    has_secrets: bool = False
    heard: Callable[[str], None] | None = field(default=None, eq=False, repr=False)


@frozen
class CommandResult:
    """What a command that ended by itself gave back.

    Attributes:
        argv: as run.
        rc: exit status; negative for a signal.
        stdout: decoded as UTF-8, undecodable bytes replaced.
        stderr: likewise.
        seconds: how long it ran.
        is_made: False when it was only recorded (a dry run): a query that depends on it cannot be made.
    """

    argv: tuple[str, ...]
    rc: int = 0
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0
    is_made: bool = True


@frozen
class Spawned:
    """A process that was just started, for the journal.

    Attributes:
        pid: process id, also the process group.
        start_time: what identifies the process beyond a reuse of its pid (``/proc`` start ticks, else epoch seconds).
    """

    pid: int
    start_time: str


class Host(Protocol):
    """A place that runs commands."""

    @property
    def name(self) -> str:
        """Name of the place for messages: a node or a guest."""
        ...

    def execute(
        self, command: Command, cancel: Cancel, spawned: Callable[[Spawned], None] | None = None
    ) -> CommandResult:
        """Run the command to its end.

        Args:
            command: what to run.
            cancel: when set, the process group is ended and Cancelled raised.
            spawned: told the process as soon as it exists.

        Raises:
            CommandNotFound: not installed or not executable.
            CommandTimeout: it was ended at its limit; carries what it had printed.
            Cancelled: the token was set.
        """
        ...
