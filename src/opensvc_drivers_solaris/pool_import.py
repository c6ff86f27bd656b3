"""Bringing a pool to this node: import, by force only with proof, and a look whether it came."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from opensvc_core.api import ActionError, CommandResult, Context, Deadline, Outcome, Severity, Status, StatusReport
from opensvc_drivers_solaris.parse_pools import parse_refusal
from opensvc_drivers_solaris.pool_proof import Proof
from opensvc_drivers_solaris.pools import folder_options, read_report
from opensvc_drivers_solaris.words import said

TRIES = 10
"""How often a pool that is not seen is asked for: Solaris 11.4 may not see one while another is being imported."""
BETWEEN_TRIES = 2.0
"""Seconds."""


@frozen
class Import:
    """One pool that is to be imported here.

    Attributes:
        name: of the pool.
        context: of the step.
        proof: what this run knows of who else may use it.
        cachefile: as ``-o cachefile=`` takes it.
        folders: where its disks are looked for, none for the system's own way.
        timeout: seconds for all of it.
    """

    name: str
    context: Context
    proof: Proof
    cachefile: str
    folders: Sequence[str]
    timeout: float

    def make(self) -> Outcome:
        """Import and verify. Raises ActionError naming what stands in the way."""
        report = read_report(self.name, self.context)
        if report.status is Status.UP:
            return Outcome.unchanged(f"{self.name} is imported already")
        if report.status is not Status.DOWN:
            self._accept(report, was_there=True)
            return Outcome.unchanged(f"{self.name} is imported already, with a warning")
        done = self._import()
        report = read_report(self.name, self.context, after=done)
        if report.status is Status.DOWN:
            raise self._refused(done)
        self._accept(report, was_there=False)
        if done.rc != 0:
            self.context.note(f"zpool import of {self.name}: {said(done)}", "import_warning", Severity.WARNING)
        return Outcome.changed(f"{self.name} imported{' by force' if '-f' in done.argv else ''}")

    def _accept(self, report: StatusReport, *, was_there: bool) -> None:
        """A degraded pool is taken with a note. Raises ActionError for one that cannot be used, or cannot be told."""
        reasons = "; ".join(note.text for note in report.notes)
        if report.status is Status.UNDEF:
            raise ActionError(f"cannot tell whether {self.name} is imported: {reasons}", code="zpool")
        if report.status is Status.UP:
            return
        if any(note.code == "pool_degraded" for note in report.notes):
            self.context.note(reasons, "pool_degraded", Severity.WARNING)
            return
        state = "is imported here, and cannot be used" if was_there else "was imported, and cannot be used"
        raise ActionError(f"{self.name} {state}: {reasons}", code="pool_unusable", hint=f"see zpool status {self.name}")

    def _import(self) -> CommandResult:
        """The last import that was made, whatever it ended with. Raises ActionError where force is not justified."""
        limit = Deadline.after(self.timeout, self.context.clock, f"import of {self.name}")
        done = self._attempt(limit)
        for _ in range(TRIES - 1):
            if done.rc == 0 or not parse_refusal(done.stderr).is_missing or limit.remaining() <= BETWEEN_TRIES:
                break
            self.context.pause(BETWEEN_TRIES)
            done = self._attempt(limit)
        refusal = parse_refusal(done.stderr)
        if done.rc == 0 or not (refusal.is_foreign or refusal.is_active):
            return done
        where = refusal.host or "another system"
        if refusal.is_active:
            raise ActionError(
                f"{self.name} is imported on {where} now (multihost)",
                code="pool_in_use",
                hint=f"export it there first: zpool export {self.name}",
            )
        if doubt := self.proof.doubt(refusal.host):
            raise ActionError(
                f"{self.name} was not exported by who used it last: {doubt}",
                code="pool_in_use",
                hint=self.proof.hint(self.name, refusal.host),
            )
        why = "its disks are reserved by this run" if self.proof.is_reserved else f"{where} does not run the service"
        self.context.note(f"{self.name} is imported by force, as {why}", "forced_import", Severity.WARNING)
        return self._attempt(limit, "-f")

    def _attempt(self, limit: Deadline, *options: str) -> CommandResult:
        argv = ("zpool", "import", *options, "-o", f"cachefile={self.cachefile}", *folder_options(self.folders))
        return self.context.run(*argv, self.name, timeout=max(1.0, limit.remaining()), check=False)

    def _refused(self, done: CommandResult) -> ActionError:
        if parse_refusal(done.stderr).is_missing:
            return ActionError(
                f"no disk of this node has a pool {self.name}",
                code="not_visible",
                hint="are its disks connected? zpool import lists what is seen",
            )
        return ActionError(f"{self.name} cannot be imported: {said(done)}", code="not_imported")
