"""Bringing a group up on this node and taking it down, each verified by ``vgdisplay``; nothing is ever forced."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from opensvc_core.api import (
    ActionError,
    CommandFailed,
    CommandResult,
    Context,
    OpenSVCError,
    Outcome,
    Severity,
    WaitTimeout,
    restore_special_files,
    write_text,
)
from opensvc_lvm.hpux.files import GroupFiles
from opensvc_lvm.hpux.holders import find_holders
from opensvc_lvm.hpux.lvm import HpuxLvm
from opensvc_lvm.hpux.parse import GroupState, Presence, complaint

CHANGE_LIMIT = 60.0
"""Seconds for a change of LVM's tables."""
DEVICES = Path("/dev")
"""Where the folder of a group lies."""


@frozen
class Move:
    """One group that is to come up or go down here.

    Attributes:
        group: its name.
        files: what is kept of it.
        context: of the step.
        timeout: seconds for an activation, or to try a deactivation for.
        is_exclusive: whether the cluster software of the node is to keep other nodes from activating it.
        has_persistent_files: whether it is imported by persistent (agile) special files.
        devices: where the folder of a group lies.
    """

    group: str
    files: GroupFiles
    context: Context
    timeout: float
    is_exclusive: bool = False
    has_persistent_files: bool = True
    devices: Path = DEVICES

    @property
    def lvm(self) -> HpuxLvm:
        """LVM of this node."""
        return HpuxLvm(self.context)

    # -- up -----------------------------------------------------------------------------------------------------------

    def up(self) -> Outcome:
        """Import where needed, activate, verify. Raises ActionError naming what stands in the way."""
        state = self.told(self.lvm.state(self.group))
        if state.presence is Presence.ACTIVE:
            self._check_mode(state)
            return Outcome.unchanged(f"{self.group} is active already")
        done = []
        if state.presence is Presence.NOT_IMPORTED:
            done += self._import()
        # Cluster marks can be changed while it is inactive only, and decide which activation LVM takes.
        self.lvm.change("vgchange", "-c", "y" if self.is_exclusive else "n", self.group, timeout=CHANGE_LIMIT)
        result = self.lvm.change(
            "vgchange",
            "-a",
            "e" if self.is_exclusive else "y",
            self.group,
            timeout=self.timeout,
            hint="is it active on another node? are all its disks there? ioscan -fnC disk",
        )
        state = self.told(self.lvm.state(self.group, result))
        if state.presence is not Presence.ACTIVE:
            raise ActionError(
                f"vgchange ended well, and {self.group} is {state.presence.value}: it said:"
                f" {complaint(result.stderr, result.stdout)}",
                code="not_activated",
            )
        self._check_mode(state)
        done.append("activated")
        return Outcome.changed(f"{self.group} {', '.join(done)}")

    def _check_mode(self, state: GroupState) -> None:
        if self.is_exclusive and "exclusive" not in state.modes:
            raise ActionError(
                f"{self.group} is active, and not in exclusive mode: {', '.join(state.modes) or 'normal'}",
                code="not_exclusive",
                hint="stop it, then start it again; or set exclusive = false where no cluster software runs",
            )

    def _import(self) -> list[str]:
        if not self.files.has_map():
            raise ActionError(
                f"{self.group} is not imported on this node, and {self.files.map} is not there or no map",
                code="no_map",
                hint="osvc diskupdate on the node where it is active, then bring the file here",
            )
        made = restore_special_files(self.files.recorded_disks(), self.context)
        leftover = self.devices / self.group / "group"
        if leftover.exists():
            # vgimport makes it, and refuses while one of an earlier import is there.
            self.lvm.change("rmsf", str(leftover), timeout=CHANGE_LIMIT)
        persistent = ("-N",) if self.has_persistent_files else ()
        argv = ("vgimport", "-m", str(self.files.map), "-s", *persistent, self.group)
        result = self.lvm.attempt(*argv, timeout=self.timeout)
        if result.rc != 0 and self.lvm.attempt("rmsf", f"/dev/{self.group}/group", timeout=CHANGE_LIMIT).rc == 0:
            result = self.lvm.attempt(*argv, timeout=self.timeout)
        if result.rc != 0:
            raise CommandFailed(
                f"vgimport: {complaint(result.stderr, result.stdout)}",
                hint="are all its disks there? ioscan -fnC disk",
                argv=result.argv,
                rc=result.rc,
                stdout=result.stdout,
                stderr=result.stderr,
            )
        if result.is_made:
            state = self.told(self.lvm.state(self.group))
            if state.presence is Presence.NOT_IMPORTED:
                raise ActionError(
                    f"vgimport ended well, and LVM does not know {self.group}: it said:"
                    f" {complaint(result.stderr, result.stdout)}",
                    code="not_imported",
                )
        return [*(f"special file {path} made" for path in made), "imported"]

    # -- down ---------------------------------------------------------------------------------------------------------

    def down(self) -> Outcome:
        """Deactivate, verify, export. Raises ActionError naming who keeps it open; an export that fails is a note."""
        state = self.told(self.lvm.state(self.group))
        if state.presence is not Presence.ACTIVE:
            return Outcome.unchanged(f"{self.group} is {state.presence.value}")
        self._deactivate()
        return Outcome.changed(f"{self.group} deactivated{self._export(state.volumes)}")

    def _deactivate(self) -> None:
        attempts: list[CommandResult] = []

        def is_down() -> bool:
            attempts.append(self.lvm.attempt("vgchange", "-a", "n", self.group, timeout=CHANGE_LIMIT))
            state = self.told(self.lvm.state(self.group, attempts[-1]))
            return state.presence is not Presence.ACTIVE

        try:
            # Who scans disks has volumes open for a moment.
            self.context.wait_until(is_down, f"{self.group} to be inactive", self.timeout, interval=0.5)
        except WaitTimeout:
            said = complaint(attempts[-1].stderr, attempts[-1].stdout)
            raise ActionError(
                f"{self.group} stays active, kept open by: {find_holders(self.group, self.devices, self.context)}"
                f" (LVM: {said})",
                code="in_use",
                hint="end what keeps it open; a filesystem that belongs to the service should be a resource of it",
            ) from None

    def _export(self, volumes: int | None) -> str:
        """Take it out of LVM's table, so that nothing on this node activates it; what was done in words."""
        try:
            text = self.files.write_map(volumes)
            self.lvm.change("vgexport", "-m", str(self.files.map), "-s", self.group, timeout=CHANGE_LIMIT)
        except OpenSVCError as error:
            if error.code in {"cancelled", "undetermined"}:
                raise
            self.context.note(
                f"{self.group} is inactive, and stays in LVM's table of this node: {error.message}",
                "not_exported",
                Severity.WARNING,
            )
            return ""
        if not self.files.has_map():
            # Without its map no node could import it again.
            write_text(self.files.map, text)
        return ", exported"

    def told(self, state: GroupState) -> GroupState:
        """The state. Raises ActionError if it is not known."""
        if state.presence is Presence.UNTOLD:
            raise ActionError(f"cannot tell whether {self.group} is active here: {state.reason}", code="group_undef")
        return state
