"""LVM2, asked and changed through its commands."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from types import MappingProxyType

from attrs import evolve, frozen

from opensvc_core.api import Cancelled, CommandFailed, CommandResult, Context, OpenSVCError
from opensvc_lvm import devices_file
from opensvc_lvm.groups import Survey, VolumeGroup
from opensvc_lvm.kernel import HERE, Kernel
from opensvc_lvm.parse import (
    GROUP_COLUMNS,
    VOLUME_COLUMNS,
    complaint,
    parse_copies,
    parse_groups,
    parse_last_paths,
    parse_report,
    parse_volume_list,
    parse_volumes,
)

SURVEY_LIMIT = 15.0
"""Seconds for each of ``vgs`` and ``lvs``: they read the labels of all disks, and one that hangs holds them up."""
TAG_LIMIT = 60.0
"""Seconds for a change of tags: LVM writes to every disk of the group."""
SYSTEM_DIR = Path("/etc/lvm")
"""Where LVM's configuration lies."""
QUIET = MappingProxyType({"LVM_SUPPRESS_FD_WARNINGS": "1"})
"""LVM warns of open files that it inherits; they are none of its business."""
_FORM = ("--reportformat", "json", "--units", "b", "--nosuffix")


@frozen
class Lvm:
    """The LVM of a node.

    Attributes:
        context: what runs the commands.
        kernel: what the kernel says by itself.
        system_dir: where LVM's configuration lies.
    """

    context: Context
    kernel: Kernel = HERE
    system_dir: Path = SYSTEM_DIR

    def survey(
        self, names: Collection[str], after: CommandResult | None = None, *, with_volumes: bool = True
    ) -> Survey:
        """Every group and volume, with one ``vgs`` and one ``lvs``, and what the kernel has of them.

        Groups of other systems are listed too, so that they can be told from groups that are not there.

        Args:
            names: of the groups that the survey is made for: only for them is it found out why one is not usable.
            after: the change whose effect is asked for.
            with_volumes: whether volumes are asked for too.

        Raises:
            CommandFailed: LVM failed, or printed what is no report.
            CommandTimeout, CommandNotFound, Cancelled, Undetermined: as ``Context.query``.
        """
        asked = self._ask("vgs", "--foreign", *_FORM, "-o", ",".join(GROUP_COLUMNS), after=after)
        groups = parse_groups(asked.stdout)
        if groups is None:
            raise _not_understood(asked)
        survey = Survey(
            groups,
            is_whole=asked.rc == 0,
            trouble=complaint(asked.stderr) if asked.rc else "",
            copies=parse_copies(asked.stderr),
            last_paths=parse_last_paths(asked.stderr),
        )
        if with_volumes:
            survey = self._with_volumes(survey, after)
        return self._explained(survey, names)

    def _with_volumes(self, survey: Survey, after: CommandResult | None) -> Survey:
        """The survey with what is active. The kernel is looked at last: what came up meanwhile is seen."""
        listed = self._ask("lvs", "-a", "--foreign", *_FORM, "-o", ",".join(VOLUME_COLUMNS), after=after)
        volumes = parse_volumes(listed.stdout)
        if volumes is None:
            raise _not_understood(listed)
        if listed.rc != 0:
            survey = evolve(survey, is_whole=False, trouble=survey.trouble or complaint(listed.stderr))
        return evolve(survey, volumes=volumes, mapped=self.kernel.mapped_devices())

    def read_groups(self, after: CommandResult | None = None) -> tuple[VolumeGroup, ...]:
        """The groups alone: their tags, after a change of tags. Raises as ``survey``."""
        asked = self._ask("vgs", "--foreign", *_FORM, "-o", ",".join(GROUP_COLUMNS), after=after)
        groups = parse_groups(asked.stdout)
        if groups is None:
            raise _not_understood(asked)
        return groups

    def change_tags(self, group: str, options: Sequence[str]) -> CommandResult:
        """Change tags of a group, all in one write. Raises CommandFailed with LVM's reason."""
        result = self.context.run("vgchange", *options, group, timeout=TAG_LIMIT, check=False, env=QUIET)
        if result.rc != 0:
            raise CommandFailed(
                f"the tags of {group} could not be changed: {complaint(result.stderr, result.stdout)}",
                argv=result.argv,
                rc=result.rc,
                stdout=result.stdout,
                stderr=result.stderr,
                hint="a disk that another node has reserved refuses writes: osvc status shows who holds it",
            )
        return result

    def activate(self, group: str, timeout: float) -> CommandResult:
        """``vgchange -ay``, whatever it ends with: LVM may refuse without a word, and with status 0."""
        return self.context.run("vgchange", "-ay", group, timeout=timeout, check=False, env=QUIET)

    def deactivate(self, group: str, timeout: float) -> CommandResult:
        """``vgchange -an``, whatever it ends with."""
        return self.context.run("vgchange", "-an", group, timeout=timeout, check=False, env=QUIET)

    def volume_list(self) -> tuple[str, ...]:
        """What LVM may activate on this node, empty for everything, or if it cannot be told. Raises Cancelled."""
        try:
            return parse_volume_list(self._ask("lvmconfig", "activation/volume_list").stdout)
        except Cancelled:
            raise
        except OpenSVCError:
            return ()

    def _ask(self, *words: str, after: CommandResult | None = None) -> CommandResult:
        return self.context.query(*words, timeout=SURVEY_LIMIT, check=False, env=QUIET, after=after)

    def _explained(self, survey: Survey, names: Collection[str]) -> Survey:
        """The survey with why groups that matter cannot be used; asks further only where something is amiss."""
        concerned = [group for group in survey.groups if group.name in names]
        if any(group.system_id for group in concerned):
            # Without --foreign LVM leaves out what its system id, or extra_system_ids, do not let it use.
            answer = self._ask("vgs", *_FORM, "-o", "vg_uuid")
            own = parse_report(answer.stdout, "vg", ("vg_uuid",))
            if own is None:
                raise _not_understood(answer)
            usable = {row["vg_uuid"] for row in own}
            survey = evolve(survey, foreign=frozenset(g.uuid for g in survey.groups if g.uuid not in usable))
        missing = {disk.uuid for group in concerned for disk in group.missing}
        if missing or any(not survey.named(name) for name in names):
            listed = devices_file.listed(self.system_dir)
            if listed is not None and self._uses_devices_file():
                hidden = {uuid for uuid in missing if uuid.replace("-", "") not in listed}
                survey = evolve(survey, unlisted=frozenset({*hidden, devices_file.ANY}))
        return survey

    def _uses_devices_file(self) -> bool:
        """Whether LVM looks only at what its devices file lists (lvmdevices(8))."""
        try:
            answer = self._ask("lvmconfig", "--typeconfig", "full", "devices/use_devicesfile")
        except Cancelled:
            raise
        except OpenSVCError:
            return False
        return answer.rc == 0 and "use_devicesfile=1" in answer.stdout


def _not_understood(result: CommandResult) -> CommandFailed:
    said = complaint(result.stderr, result.stdout) or "nothing"
    return CommandFailed(
        f"`{result.argv[0]}` ended with status {result.rc} and gave no report that can be read; it said: {said}",
        argv=result.argv,
        rc=result.rc,
        stdout=result.stdout,
        stderr=result.stderr,
        hint=f"run it by hand: {' '.join(result.argv)}",
    )
