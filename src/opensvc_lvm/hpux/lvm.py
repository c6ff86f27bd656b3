"""LVM of HP-UX, asked and changed through its commands."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from attrs import frozen

from opensvc_core.api import (
    ActionError,
    Cancelled,
    CommandFailed,
    CommandResult,
    CommandTimeout,
    Context,
    OpenSVCError,
    side_by_side,
)
from opensvc_lvm.hpux.parse import GroupState, Presence, complaint, parse_lvmtab, parse_vgdisplay

DISPLAY_LIMIT = 10.0
"""Seconds for ``vgdisplay`` of all groups; one with a disk that does not answer may need minutes."""
TABLE_LIMIT = 10.0
"""Seconds to read LVM's table of groups."""
SIDE_BY_SIDE = 8
"""Groups asked at once where asking for all hangs."""
TABLES = ("/etc/lvmtab", "/etc/lvmtab_p")
"""Groups of version 1.0, and of version 2 (only from 11.31 on)."""


@frozen
class HpuxLvm:
    """The LVM of a node.

    Attributes:
        context: what runs the commands.
    """

    context: Context

    def states(self, names: Sequence[str], after: CommandResult | None = None) -> dict[str, GroupState]:
        """What ``vgdisplay`` says of groups: one call for all, and one for each where that hangs.

        Raises Cancelled and Undetermined only: what cannot be told is told so.
        """
        try:
            return self._display(names, min(DISPLAY_LIMIT, self.context.deadline.remaining() / 2), after)
        except CommandTimeout as error:
            if len(names) == 1:
                return {names[0]: GroupState(Presence.UNTOLD, reason=error.message)}
        except OpenSVCError as error:
            if isinstance(error, Cancelled) or error.code == "undetermined":
                raise
            return {name: GroupState(Presence.UNTOLD, reason=error.message) for name in names}
        states: dict[str, GroupState] = {}
        for name, answer in side_by_side(names, self.state, SIDE_BY_SIDE):
            if isinstance(answer, Exception):
                raise answer
            states[name] = answer
        return states

    def state(self, name: str, after: CommandResult | None = None) -> GroupState:
        """What ``vgdisplay`` says of one group. Raises as ``states``."""
        return self.states([name], after)[name]

    def _display(self, names: Sequence[str], limit: float, after: CommandResult | None) -> dict[str, GroupState]:
        result = self.context.query("vgdisplay", *names, timeout=limit, check=False, after=after)
        told = parse_vgdisplay(result.stdout, result.stderr)
        said = complaint(result.stderr, result.stdout)
        untold = GroupState(Presence.UNTOLD, reason=f"vgdisplay ended with status {result.rc} and said {said[:160]!r}")
        return {name: told.get(name, untold) for name in names}

    def disks(self, name: str) -> tuple[str, ...]:
        """Disks of a group that is imported here, as LVM's table names them; none if it is not on it.

        Raises:
            ActionError: the table cannot be read.
        """
        for table in TABLES:
            # A status asks for the disks of each group: the table is read once for all of them.
            if self.context.asks_for_all:
                groups: dict[str, tuple[str, ...]] = self.context.memory.once(
                    f"hpux lvm {table}", partial(self._table, table)
                )
            else:
                groups = self._table(table)
            if name in groups:
                return groups[name]
        return ()

    def _table(self, table: str) -> dict[str, tuple[str, ...]]:
        """Disks by group of one table. Raises ActionError if it cannot be read."""
        result = self.context.query("strings", table, timeout=TABLE_LIMIT, check=False)
        if result.rc != 0:
            if table == TABLES[0]:
                raise _untold(complaint(result.stderr))
            # A node without groups of version 2 has no such file.
            return {}
        try:
            return parse_lvmtab(result.stdout)
        except ValueError as error:
            raise _untold(str(error)) from error

    def change(self, *argv: str, timeout: float, hint: str = "") -> CommandResult:
        """Run a command that changes something; what it says while it succeeds is no failure.

        Raises:
            CommandFailed: it ended with another status than 0; has everything that it said.
            CommandTimeout: its effect may still come.
        """
        result = self.attempt(*argv, timeout=timeout)
        if result.rc != 0:
            raise CommandFailed(
                f"{argv[0]}: {complaint(result.stderr, result.stdout)}",
                hint=hint,
                argv=result.argv,
                rc=result.rc,
                stdout=result.stdout,
                stderr=result.stderr,
            )
        return result

    def attempt(self, *argv: str, timeout: float) -> CommandResult:
        """The same, whatever it ends with. Raises CommandTimeout."""
        return self.context.run(*argv, timeout=timeout, check=False)


def _untold(said: str) -> ActionError:
    return ActionError(f"cannot tell the disks of LVM's groups: {said}", code="devices_unknown")
