"""Giving a pool up: export, tried again while it is busy, and a look whether it is gone."""

from __future__ import annotations

from attrs import frozen

from opensvc_core.api import (
    ActionError,
    CommandResult,
    Context,
    Deadline,
    Outcome,
    Severity,
    Status,
    WaitTimeout,
)
from opensvc_drivers_solaris.pools import read_report
from opensvc_drivers_solaris.words import said

BUSY = ("busy", "Busy")
"""In what zpool says of a pool that something uses."""


@frozen
class Export:
    """One pool that is to leave this node.

    Attributes:
        name: of the pool.
        context: of the step.
        timeout: seconds that a busy pool is tried again.
        is_forced: whether it is exported by force after that.
    """

    name: str
    context: Context
    timeout: float
    is_forced: bool

    def make(self) -> Outcome:
        """Export and verify. Raises ActionError if it is not verified gone."""
        report = read_report(self.name, self.context)
        reasons = "; ".join(note.text for note in report.notes)
        if report.status is Status.DOWN:
            return Outcome.unchanged(f"{self.name} is not imported")
        if report.status is Status.UNDEF:
            raise ActionError(f"cannot tell whether {self.name} is imported: {reasons}", code="zpool")
        if any(note.code == "pool_suspended" for note in report.notes):
            # An export would wait with everybody else until the disks answer.
            raise ActionError(
                f"{self.name} is {reasons}",
                code="pool_suspended",
                hint=f"bring its disks back, then zpool clear {self.name}",
            )
        limit = Deadline.after(self.timeout, self.context.clock, f"export of {self.name}")
        done = self._attempt(limit)

        def is_gone_or_refused() -> bool:
            nonlocal done
            if not _is_busy(done):
                return True
            done = self._attempt(limit)
            return not _is_busy(done)

        if _is_busy(done):
            self.context.note(f"{self.name} is busy: {said(done)}", "pool_busy")
            try:
                self.context.wait_until(is_gone_or_refused, f"{self.name} not to be busy", limit.remaining(), 0.5)
            except WaitTimeout:
                if self.is_forced:
                    text = f"{self.name} is still busy, and exported by force as configured: {said(done)}"
                    self.context.note(text, "forced_export", Severity.WARNING)
                    done = self._attempt(limit, "-f")
        report = read_report(self.name, self.context, after=done)
        if report.status is Status.DOWN:
            return Outcome.changed(f"{self.name} exported{' by force' if '-f' in done.argv else ''}")
        raise self._refused(done, report.status)

    def _attempt(self, limit: Deadline, *options: str) -> CommandResult:
        argv = ("zpool", "export", *options, self.name)
        return self.context.run(*argv, timeout=max(10.0, limit.remaining()), check=False)

    def _refused(self, done: CommandResult, status: Status) -> ActionError:
        if status is Status.UNDEF:
            return ActionError(f"cannot tell whether {self.name} is exported: {said(done)}", code="zpool")
        hint = "find who uses it: fuser -c MOUNTPOINT (zfs list gives them); force_export = true does not wait for them"
        return ActionError(
            f"{self.name} cannot be exported: {said(done)}", code="pool_busy", hint=hint if _is_busy(done) else ""
        )


def _is_busy(result: CommandResult) -> bool:
    return result.rc != 0 and any(word in result.stderr for word in BUSY)
