"""The error tree: stable codes, one line that says what, one that says what to do, an exit status."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from opensvc_core.model import Veto


class ExitStatus(IntEnum):
    """Exit statuses of ``osvc``; stable, documented in ``docs/reference/exit-status.md``."""

    OK = 0
    FAILED = 1
    """The action failed; what the run had changed was taken back."""
    USAGE = 2
    """The command line could not be understood."""
    CONFIG = 3
    """A service file or ``node.conf`` is wrong."""
    VETOED = 4
    """A check refused the action before its first step; nothing was changed."""
    LOCKED = 5
    """Another run holds the lock of the service."""
    UNKNOWN = 6
    """The end state of a resource could not be verified: look, then ``osvc recover``."""
    FROZEN = 7
    """The service is frozen."""
    CANCELLED = 8
    """The run was cancelled by a signal; what it had changed was taken back."""
    DRIVER = 9
    """A driver is missing, broken, or breaks its contract."""
    NOT_YET = 10
    """A verb of the cookbook that this version does not have."""


class OpenSVCError(Exception):
    """Base of every error that is meant for an operator.

    Args:
        message: one line that says what is wrong.
        code: stable word for programs; the class has a default.
        hint: one line that says what to do about it.
    """

    code: str = "error"
    exit_status: ClassVar[ExitStatus] = ExitStatus.FAILED

    def __init__(self, message: str, *, code: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.hint = hint

    def __str__(self) -> str:
        """The message alone; the hint is printed on a line of its own."""
        return self.message


@frozen
class ConfigProblem:
    """One thing wrong in a configuration file.

    Attributes:
        file: the file.
        line: line number from 1, or 0 where no line can be named.
        section: name of the section, or empty.
        keyword: the keyword, or empty.
        message: one line that says what is wrong.
        hint: one line that says what to do, or empty.
    """

    file: Path
    line: int
    section: str
    keyword: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """``file:line: [section] keyword: message (hint)``, the parts that are known."""
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        section = f" [{self.section}]" if self.section else ""
        keyword = f" {self.keyword}" if self.keyword else ""
        hint = f" ({self.hint})" if self.hint else ""
        subject = f"{section}{keyword}:" if section or keyword else ""
        return f"{place}:{subject} {self.message}{hint}"


class ConfigError(OpenSVCError):
    """A service file cannot be used; carries every problem found in it.

    Args:
        problems: at least one.
        hint: what to do; by default to mend the file.
    """

    code = "config"
    exit_status = ExitStatus.CONFIG

    def __init__(self, problems: Sequence[ConfigProblem], *, hint: str = "") -> None:
        self.problems = tuple(problems)
        super().__init__(
            "\n".join(str(problem) for problem in self.problems),
            hint=hint or "mend the file; `osvc config validate` checks it without touching anything",
        )


class ServiceNotFound(OpenSVCError):
    """No service file of that name below ``etc/``."""

    code = "service_not_found"
    exit_status = ExitStatus.CONFIG


class DriverError(OpenSVCError):
    """A driver cannot be used."""

    code = "driver"
    exit_status = ExitStatus.DRIVER


class DriverNotFound(DriverError):
    """No installed distribution gives the driver; the hint names the one that does."""

    code = "driver_not_found"


class DriverLoadError(DriverError):
    """A driver is installed and cannot be imported, or is made for another API version."""

    code = "driver_load"


class DriverConflict(DriverError):
    """Two distributions give one driver id."""

    code = "driver_conflict"


class DriverContractError(DriverError):
    """A driver breaks the contract of a hook: misspelt, wrong signature, or ``None`` where a value is due."""

    code = "driver_contract"


class PlanError(OpenSVCError):
    """No plan can be made: a cycle, an unknown resource, an empty selection."""

    code = "plan"
    exit_status = ExitStatus.CONFIG


class ActionError(OpenSVCError):
    """An action on a resource failed."""

    code = "action"


class CommandError(ActionError):
    """An external command did not do what it was run for.

    Args:
        message: one line.
        argv: the command as it was run.
        exit_status: of the command, ``None`` where it has none.
        stdout: what it printed, decoded.
        stderr: what it printed to standard error, decoded.
    """

    code = "command"

    def __init__(
        self,
        message: str,
        *,
        argv: Sequence[str],
        rc: int | None = None,
        stdout: str = "",
        stderr: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.argv = tuple(argv)
        self.rc = rc
        self.stdout = stdout
        self.stderr = stderr


class CommandFailed(CommandError):
    """The command ended with a status other than 0."""

    code = "command_failed"


class CommandTimeout(CommandError):
    """The command was ended at its time limit: its effect is not known."""

    code = "command_timeout"


class CommandNotFound(CommandError):
    """The command is not installed, or may not be executed."""

    code = "command_not_found"


class Cancelled(ActionError):
    """The run was cancelled while this was under way."""

    code = "cancelled"
    exit_status = ExitStatus.CANCELLED


class WaitTimeout(ActionError):
    """An awaited effect did not come within its time limit."""

    code = "wait_timeout"


class Undetermined(OpenSVCError):
    """A dry run cannot say what follows: it depends on a change that was not made."""

    code = "undetermined"


class ReservationError(OpenSVCError):
    """A reservation could not be taken, read or given up; a conflict names the holder."""

    code = "reservation"


class Vetoed(OpenSVCError):
    """Checks refused the action before its first step.

    Args:
        vetoes: the vetoes that no permit lifted, at least one.
    """

    code = "vetoed"
    exit_status = ExitStatus.VETOED

    def __init__(self, vetoes: Sequence[Veto], *, hint: str = "") -> None:
        self.vetoes = tuple(vetoes)
        lines = "\n".join(f"{veto.subject}: {veto.reason} [{veto.code}]" for veto in self.vetoes)
        permits = " ".join(dict.fromkeys(f"--permit {veto.code}" for veto in self.vetoes if veto.is_liftable))
        hints = list(dict.fromkeys(veto.hint for veto in self.vetoes if veto.hint))
        if permits and all(veto.is_liftable for veto in self.vetoes):
            hints.append(f"or, if you know better: {permits}")
        super().__init__(lines, hint=hint or "; ".join(hints))


class Locked(OpenSVCError):
    """Another run holds the lock of the service; the message names pid, user, action and since when."""

    code = "locked"
    exit_status = ExitStatus.LOCKED


class Frozen(OpenSVCError):
    """The service is frozen: it refuses every action but ``thaw`` and the reading ones."""

    code = "frozen"
    exit_status = ExitStatus.FROZEN


class JournalError(OpenSVCError):
    """The journal cannot be read or written: nothing new is started."""

    code = "journal"
    exit_status = ExitStatus.VETOED


class NotYet(OpenSVCError):
    """A verb of the cookbook that this version does not have yet."""

    code = "not_yet"
    exit_status = ExitStatus.NOT_YET
