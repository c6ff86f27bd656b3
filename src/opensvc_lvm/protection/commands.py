"""LVM's own view of its configuration, through its commands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen

from opensvc_core.api import Cancel, Command, CommandFailed, CommandResult, Host
from opensvc_lvm.groups import VolumeGroup
from opensvc_lvm.lvm import QUIET, SYSTEM_DIR
from opensvc_lvm.parse import GROUP_COLUMNS, complaint, parse_groups, parse_tags, parse_volume_list

LIMIT = 20.0
"""Seconds for a command of LVM."""
REBUILD_LIMIT = 600.0
"""Seconds to build the initramfs of every kernel."""
_UNSET = "not found"


@frozen
class Commands:
    """Runs commands on this node.

    Attributes:
        host: this node.
        system_dir: LVM's configuration folder, for all its commands.
        cancel: ends what runs.
    """

    host: Host
    system_dir: Path = SYSTEM_DIR
    cancel: Cancel = field(factory=Cancel)

    def run(
        self, *argv: str, timeout: float = LIMIT, changes: bool = False, folder: Path | None = None
    ) -> CommandResult:
        """Run a command, whatever it ends with.

        Args:
            argv: program and arguments.
            timeout: seconds.
            changes: whether it changes something.
            folder: another configuration folder for LVM.

        Raises:
            CommandNotFound, CommandTimeout, Cancelled: as they say.
        """
        env: Mapping[str, str] = {**QUIET, "LVM_SYSTEM_DIR": str(folder or self.system_dir)}
        return self.host.execute(Command(argv, timeout=timeout, env=env, changes=changes), self.cancel)

    def tags(self, folder: Path | None = None) -> tuple[str, ...]:
        """This system's tags, as the configuration makes them. Raises CommandFailed if LVM cannot read it."""
        return parse_tags(self._checked("lvm", "tags", folder=folder).stdout)

    def volume_list(self, folder: Path | None = None) -> tuple[str, ...] | None:
        """What may be activated, ``None`` for everything. Raises CommandFailed if LVM cannot tell."""
        result = self.run("lvmconfig", "activation/volume_list", folder=folder)
        if result.rc == 0:
            return parse_volume_list(result.stdout)
        if _UNSET in result.stderr:
            return None
        raise _failed(result)

    def groups(self) -> tuple[VolumeGroup, ...]:
        """Every group that LVM sees. Raises CommandFailed."""
        result = self._checked(
            "vgs", "--foreign", "--reportformat", "json", "--units", "b", "--nosuffix", "-o", ",".join(GROUP_COLUMNS)
        )
        groups = parse_groups(result.stdout)
        if groups is None:
            raise _failed(result)
        return groups

    def add_tag(self, group: str, tag: str) -> None:
        """Tag a group. Raises CommandFailed."""
        result = self.run("vgchange", "--addtag", tag, group, timeout=60.0, changes=True)
        if result.rc != 0:
            raise _failed(result)

    def _checked(self, *argv: str, folder: Path | None = None) -> CommandResult:
        result = self.run(*argv, folder=folder)
        if result.rc != 0:
            raise _failed(result)
        return result


def _failed(result: CommandResult) -> CommandFailed:
    said = complaint(result.stderr, result.stdout) or "nothing"
    return CommandFailed(
        f"`{' '.join(result.argv[:2])}` ended with status {result.rc} and said: {said}",
        argv=result.argv,
        rc=result.rc,
        stdout=result.stdout,
        stderr=result.stderr,
    )
