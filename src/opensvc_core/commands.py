"""Commands of one hook call: those that read, those that change, and the waiting for their effects."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from attrs import define, evolve, field

from opensvc_core.clock import Cancel, Clock, Deadline
from opensvc_core.errors import Cancelled, CommandFailed, CommandTimeout, Undetermined, WaitTimeout
from opensvc_core.host import Command, CommandResult, Host, Spawned
from opensvc_core.recording import CommandLine, Recording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opensvc_core.surroundings import CommandLog

QUERY_LIMIT = 20.0
"""Seconds for a command that reads, where the driver names no other limit."""
CHANGE_LIMIT = 60.0
"""Seconds for a command that changes something, where the driver names no other limit."""
NOT_KEPT = "(not kept: it may hold secrets)"
"""What the journal keeps in place of an output that holds secrets."""


@define(kw_only=True)
class Commands:
    """Where commands run, how long they may, and who is told of them.

    Attributes:
        host: where ``query`` and ``run`` run: this node, or a guest.
        cancel: says that the run should end.
        deadline: of the step or of the status call.
        clock: source of time.
        command_log: journal of commands, if the run has one.
        recording: set in a dry run.
    """

    host: Host
    cancel: Cancel
    deadline: Deadline
    clock: Clock
    command_log: CommandLog | None = None
    recording: Recording | None = None
    _lost_change: list[str] = field(factory=list)

    @property
    def is_dry_run(self) -> bool:
        """Whether changes are only recorded."""
        return self.recording is not None

    @property
    def lost_changes(self) -> tuple[str, ...]:
        """Changing commands that were ended before they answered: their effect may still come."""
        return tuple(self._lost_change)

    def query(
        self,
        *argv: str,
        timeout: float | None = None,
        check: bool = True,
        input: bytes | None = None,
        env: Mapping[str, str] | None = None,
        after: CommandResult | None = None,
        has_secrets: bool = False,
    ) -> CommandResult:
        """Run a command that changes nothing; a dry run runs it too.

        Args:
            argv: program and arguments.
            timeout: seconds; by default 20, never beyond the step's deadline.
            check: whether a status other than 0 is an error.
            input: bytes for standard input.
            env: variables to set.
            after: the change that this query reads the effect of.
            has_secrets: its standard output holds secrets: the journal does not keep it, and no error quotes it.

        Raises:
            CommandFailed, CommandTimeout, CommandNotFound, Cancelled: as they say.
            Undetermined: ``after`` was not made, as this is a dry run.
        """
        if after is not None and not after.is_made:
            raise Undetermined(f"the rest depends on `{shlex.join(after.argv)}`")
        command = Command(
            argv,
            timeout=QUERY_LIMIT if timeout is None else timeout,
            input=input,
            env=dict(env or {}),
            changes=False,
            has_secrets=has_secrets,
        )
        return self._execute(command, check=check)

    def run(
        self,
        *argv: str,
        timeout: float | None = None,
        check: bool = True,
        input: bytes | None = None,
        env: Mapping[str, str] | None = None,
        leaves_daemons: bool = False,
        has_secrets: bool = False,
        heard: Callable[[str], None] | None = None,
    ) -> CommandResult:
        """Run a command that changes something; a dry run records it and gives a result that is not made.

        Args:
            argv: program and arguments.
            timeout: seconds; by default 60, never beyond the step's deadline.
            check: whether a status other than 0 is an error.
            input: bytes for standard input.
            env: variables to set.
            leaves_daemons: it may leave processes behind on purpose.
            has_secrets: as for ``query``.
            heard: told what it prints on standard output while it runs.

        Raises:
            CommandFailed, CommandTimeout, CommandNotFound, Cancelled: as they say. After a CommandTimeout the change
                may still come: it is kept in ``lost_changes``.
        """
        if self.recording is not None:
            self.recording.commands.append(CommandLine(self.host.name, argv))
            return CommandResult(argv, is_made=False)
        command = Command(
            argv,
            timeout=CHANGE_LIMIT if timeout is None else timeout,
            input=input,
            env=dict(env or {}),
            changes=True,
            leaves_daemons=leaves_daemons,
            has_secrets=has_secrets,
            heard=heard,
        )
        return self._execute(command, check=check)

    def _execute(self, command: Command, *, check: bool) -> CommandResult:
        if self.cancel.is_set:
            raise Cancelled(f"cancelled: {self.cancel.reason}")
        remaining = self.deadline.remaining()
        if remaining <= 0:
            raise WaitTimeout(
                f"no time left for `{shlex.join(command.argv)}`: the limit of {self.deadline.what} is over",
                hint="raise the limit, or find out what takes so long: osvc log",
            )
        # A command must end, be killed and be reported before the limit above it strikes.
        limit = min(command.timeout, max(0.05, remaining - min(1.0, remaining / 10)))
        log = self.command_log
        command_id = log.begin(self.host.name, command) if log is not None else ""
        env = {**command.env, **({"OSVC_COMMAND_ID": command_id} if command_id else {})}
        command = evolve(command, timeout=limit, env=env)

        def spawned(process: Spawned) -> None:
            if log is not None:
                log.spawned(command_id, process)

        try:
            result = self.host.execute(command, self.cancel, spawned)
        except BaseException as error:
            if command.changes and isinstance(error, (CommandTimeout, Cancelled)):
                self._lost_change.append(shlex.join(command.argv))
            if log is not None:
                log.end(command_id, None, f"{type(error).__name__}: {error}")
            raise
        if log is not None:
            log.end(command_id, evolve(result, stdout=NOT_KEPT) if command.has_secrets else result, "")
        if check and result.rc != 0:
            words = result.stderr.strip() or ("" if command.has_secrets else result.stdout.strip())
            said = next(iter(words.splitlines()), "it said nothing")
            raise CommandFailed(
                f"`{shlex.join(result.argv)}` on {self.host.name} ended with status {result.rc}: {said}",
                argv=result.argv,
                rc=result.rc,
                stdout=result.stdout,
                stderr=result.stderr,
            )
        return result

    def wait_until(
        self,
        is_reached: Callable[[], bool],
        what: str,
        timeout: float,
        interval: float = 0.1,
        slowest: float = 2.0,
    ) -> None:
        """Ask again and again, ever slower, until the predicate holds: the one way to wait for an effect.

        Args:
            is_reached: the question; what it raises passes through.
            what: the awaited thing in words, for messages: ``vm188 to answer ping``.
            timeout: seconds; never beyond the step's deadline.
            interval: seconds between the first two questions; grows by a half each time.
            slowest: seconds between two questions at the most.

        Raises:
            WaitTimeout: it did not come in time.
            Cancelled: the run was cancelled meanwhile.
            Undetermined: this is a dry run and it does not hold now.
        """
        if self.is_dry_run:
            if is_reached():
                return
            raise Undetermined(f"the rest depends on {what}")
        limit = Deadline.after(timeout, self.clock, what).earliest(self.deadline)
        pause = interval
        while not is_reached():
            if limit.is_over:
                raise WaitTimeout(f"waited {timeout:.3g} s in vain for {what}")
            if self.clock.wait(self.cancel.event, min(pause, limit.remaining() + 0.001)):
                raise Cancelled(f"cancelled while waiting for {what}: {self.cancel.reason}")
            pause = min(pause * 1.5, slowest)

    def pause(self, seconds: float) -> None:
        """Wait that long unless cancelled. Raises Cancelled."""
        if self.clock.wait(self.cancel.event, seconds):
            raise Cancelled(f"cancelled: {self.cancel.reason}")
