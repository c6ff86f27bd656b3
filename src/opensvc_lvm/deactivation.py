"""Taking a group down on this node: its volumes first, then the tag, which is dropped even where nothing was active."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from opensvc_core.api import ActionError, CommandResult, Context, Outcome, Severity, WaitTimeout
from opensvc_lvm.groups import Activity, Survey, VolumeGroup
from opensvc_lvm.kernel import Holders
from opensvc_lvm.lvm import Lvm
from opensvc_lvm.parse import complaint
from opensvc_lvm.verdict import Seat

HOLDER_LIMIT = 5.0
"""Seconds to look for who keeps volumes open."""
ATTEMPT_LIMIT = 20.0
"""Seconds beyond the time to try for that one ``vgchange -an`` may take: LVM retries by itself for some seconds while a
volume is open (retry_deactivation). Less than what the step has beyond that time."""


@frozen
class Deactivation:
    """One group that is to be down here.

    Attributes:
        name: of the group.
        lvm: LVM of this node.
        seat: this node, and the nodes of the service.
        timeout: seconds to try for.
        may_write: whether this node may write to the group's disks, asked right before it does.
    """

    name: str
    lvm: Lvm
    seat: Seat
    timeout: float
    may_write: Callable[[], bool]

    @property
    def context(self) -> Context:
        """Of the step."""
        return self.lvm.context

    def make(self) -> Outcome:
        """Deactivate, verify, drop the tag. Raises ActionError naming who keeps volumes open."""
        survey = self.lvm.survey([self.name])
        groups = survey.named(self.name)
        is_changed = self._is_active(survey)
        if is_changed:
            if len(groups) != 1:
                raise self._unreachable(survey)
            survey = self._deactivate(survey)
        dropped = self._untag(survey, groups[0]) if len(groups) == 1 else False
        if not groups:
            self.context.note(f"LVM sees no volume group {self.name} on this node", "not_visible")
        if is_changed or dropped:
            return Outcome.changed("inactive" + (", tag dropped" if dropped else ""))
        return Outcome.unchanged("inactive")

    def deactivate(self) -> Outcome:
        """Deactivate and verify; tags stay as they are. Raises ActionError naming who keeps volumes open."""
        survey = self.lvm.survey([self.name])
        if not self._is_active(survey):
            return Outcome.unchanged("inactive")
        if len(survey.named(self.name)) != 1:
            raise self._unreachable(survey)
        self._deactivate(survey)
        return Outcome.changed("inactive")

    def forget(self) -> Outcome:
        """Drop the tag of a group of which nothing is active, if this node may write. Raises ActionError if it is."""
        survey = self.lvm.survey([self.name])
        groups = survey.named(self.name)
        if self._is_active(survey):
            raise ActionError(f"{self.name} is active: nothing of it is cleaned", code="in_use")
        dropped = self._untag(survey, groups[0]) if len(groups) == 1 else False
        return Outcome.changed("tag dropped") if dropped else Outcome.unchanged("no tag to drop")

    def _is_active(self, survey: Survey) -> bool:
        """Whether anything of it is in the kernel. Raises ActionError if that cannot be told."""
        volumes = survey.volumes_of(survey.named(self.name))
        if any(volume.activity is Activity.UNKNOWN for volume in volumes):
            raise ActionError(
                f"{self.name}: LVM cannot tell whether its volumes are active",
                code="activity_unknown",
                hint="is device-mapper there? dmsetup version",
            )
        is_active = any(v.activity is not Activity.INACTIVE for v in volumes) or bool(survey.mapped_of(self.name))
        if not is_active and not survey.is_whole:
            raise ActionError(f"{self.name}: LVM stumbled: {survey.trouble}", code="lvm_trouble")
        return is_active

    def _deactivate(self, survey: Survey) -> Survey:
        """Try until nothing of it is active, or somebody stays on it. Gives back the last survey."""
        latest = [survey]
        attempts: list[CommandResult] = []

        def is_down() -> bool:
            result = self.lvm.deactivate(self.name, self.timeout + ATTEMPT_LIMIT)
            attempts.append(result)
            latest[0] = self.lvm.survey([self.name], after=result)
            if not self._is_active(latest[0]):
                return True
            holders = self._holders(latest[0])
            if holders.lasting:
                raise self._busy(holders, result)
            return False

        try:
            # udev and its like open a volume for a moment: they are gone at the next try.
            self.context.wait_until(is_down, f"{self.name} to be inactive", self.timeout, interval=0.2)
        except WaitTimeout:
            raise self._busy(self._holders(latest[0]), attempts[-1]) from None
        return latest[0]

    def _holders(self, survey: Survey) -> Holders:
        numbers = {volume.number for volume in survey.volumes_of(survey.named(self.name)) if volume.number}
        numbers |= {device.number for device in survey.mapped_of(self.name)}
        limit = self.context.within(HOLDER_LIMIT, "looking for holders").deadline
        return self.lvm.kernel.holders(numbers, limit)

    def _busy(self, holders: Holders, result: CommandResult) -> ActionError:
        said = complaint(result.stderr, result.stdout)
        return ActionError(
            f"{self.name} stays active, kept open by: {holders} (LVM: {said})",
            code="in_use",
            hint="end what keeps it open; a filesystem that belongs to the service should be a resource of it",
        )

    def _unreachable(self, survey: Survey) -> ActionError:
        """Volumes are in the kernel, and LVM cannot be asked to take them out."""
        names = ", ".join(device.name for device in survey.mapped_of(self.name)) or self.name
        holders = self._holders(survey)
        which = "several groups have this name" if survey.named(self.name) else "LVM does not see the group any more"
        return ActionError(
            f"{self.name}: {names} is in this node's kernel, but {which}; kept open by: {holders}",
            code="left_in_kernel",
            hint="bring its disks back, or end what uses it and take it out: dmsetup remove NAME",
        )

    def _untag(self, survey: Survey, group: VolumeGroup) -> bool:
        """Drop this node's tag, in any spelling, and no other. Whether there was one."""
        now = next((each for each in survey.groups if each.uuid == group.uuid), group)
        own = sorted(self.seat.tags_of(now).own)
        if not own:
            return False
        if now.is_partial or not survey.can_use(now):
            # A write now would mark a disk that is only out of reach as missing for good, on every node.
            why = "a disk is missing" if now.is_partial else "LVM does not let it be changed"
            self.context.note(
                f"{self.name} keeps the tag {' and '.join(own)}: {why}; stop it again once that is mended",
                "stale_tag",
                Severity.WARNING,
            )
            return False
        if not self.may_write():
            # The node that holds the disks drops the tag when it starts; until then it keeps nobody from anything.
            self.context.note(
                f"{self.name} keeps the tag {' and '.join(own)}: nothing is written without the reservation",
                "stale_tag",
                Severity.WARNING,
            )
            return False
        self.lvm.change_tags(self.name, [word for tag in own for word in ("--deltag", tag)])
        return True
