"""Handing a group from one node to another while a guest runs on it: for a while it is active on both.

Nothing but tags is written, by the one node that holds the disks, and never while the other has the group active for
use of its own: LVM does not see what other nodes do (lvmlockd(7) tells what else would be needed). Only volumes that
the kernel maps without writing anything of its own may be active twice: linear and striped ones.
"""

from __future__ import annotations

from attrs import frozen

from opensvc_core.api import ActionError, Context, Outcome
from opensvc_lvm.activation import Activation, is_settled, lacking_volumes
from opensvc_lvm.deactivation import Deactivation
from opensvc_lvm.groups import Survey, VolumeGroup
from opensvc_lvm.lvm import Lvm
from opensvc_lvm.tags import NodeTags, is_same_node
from opensvc_lvm.verdict import Obstacle, Seat, names_of

PLAIN = "-"
"""First letter of ``lv_attr`` of linear and striped volumes (lvs(8))."""


def unshareable(name: str, survey: Survey) -> Obstacle | None:
    """Why a group may not be active on two nodes, ``None`` if it may.

    Thin pools, snapshots, mirrors, RAID, caches and VDO keep state that each kernel believes to be its own.
    """
    others = [volume for volume in survey.volumes_of(survey.named(name)) if volume.attributes[:1] != PLAIN]
    if not others:
        return None
    return Obstacle(
        "not_shareable",
        f"{name} has volumes that are neither linear nor striped, and cannot be active on two nodes: "
        f"{names_of(others)}",
        "move the guest with a stop: osvc migrate --or-restart, or osvc switch",
    )


@frozen
class HandOver:
    """One group between two nodes.

    Attributes:
        name: of the group.
        lvm: LVM of this node.
        seat: this node, and the nodes of the service.
        peer: the other node.
        start_timeout: seconds that LVM may take to activate.
        stop_timeout: seconds to try to deactivate.
    """

    name: str
    lvm: Lvm
    seat: Seat
    peer: str
    start_timeout: float
    stop_timeout: float

    @property
    def context(self) -> Context:
        """Of the step."""
        return self.lvm.context

    def admit(self) -> Outcome:
        """Tag the group for the peer too, while it is active here and this node holds it, verified."""
        survey = self.lvm.survey([self.name])
        group = self._in_use_here(survey)
        if obstacle := unshareable(self.name, survey):
            raise ActionError(obstacle.text, code=obstacle.code, hint=obstacle.hint)
        tags = self._tags(group)
        if tags.foreign:
            return Outcome.unchanged(f"tagged {self.peer} too")
        written = self.lvm.change_tags(self.name, ("--addtag", self.peer))
        if written.is_made:
            now = next((each for each in self.lvm.read_groups(written) if each.uuid == group.uuid), None)
            found = self.seat.tags_of(now) if now is not None else NodeTags()
            if self.seat.node not in found.own or not found.foreign:
                raise ActionError(
                    f"{self.name}: read back, it is not tagged for both {self.seat.node} and {self.peer}",
                    code="tag_race",
                    hint="another node changes it too: osvc status on the other nodes of the service",
                )
            self._tags(now or group)
        return Outcome.changed(f"tagged {self.peer} too")

    def join(self) -> Outcome:
        """Activate the group beside the peer, verified; nothing is written. Raises ActionError if not tagged for us."""
        activation = Activation(self.name, self.lvm, self.seat, True, (), self.start_timeout)
        survey = self.lvm.survey([self.name])
        group = activation.usable(survey)
        tags = self._tags(group)
        if self.context.is_dry_run:
            # The peer has not tagged it, as nothing is changed.
            self.lvm.activate(self.name, self.start_timeout)
            return Outcome.changed(f"active beside {self.peer}")
        if obstacle := unshareable(self.name, survey):
            raise ActionError(obstacle.text, code=obstacle.code, hint=obstacle.hint)
        if self.seat.node not in tags.own or not tags.foreign:
            raise ActionError(
                f"{self.name} is not tagged for both {self.peer} and {self.seat.node}: {self.peer} has not admitted"
                " this node",
                code="not_admitted",
                hint=f"is it the same group on both nodes? vgs -o vg_uuid,tags {self.name}",
            )
        if not lacking_volumes(survey, group):
            return Outcome.unchanged(f"active beside {self.peer}")
        activated = self.lvm.activate(self.name, self.start_timeout)
        activation.verify(activated, self.lvm.survey([self.name], after=activated))
        return Outcome.changed(f"active beside {self.peer}")

    def leave(self) -> Outcome:
        """Deactivate the group, verified; its tags stay, as the peer uses it."""
        down = Deactivation(self.name, self.lvm, self.seat, self.stop_timeout, may_write=lambda: False)
        return down.deactivate()

    def settle(self) -> Outcome:
        """Drop the peer's tag, as the one node that has the group active and holds it, verified."""
        survey = self.lvm.survey([self.name])
        if is_settled(self.name, survey, self.seat):
            return Outcome.unchanged(f"active, tagged {self.seat.node}")
        group = self._in_use_here(survey)
        dropped = sorted(self._tags(group).foreign)
        if not dropped:
            return Outcome.unchanged(f"active, tagged {self.seat.node}")
        written = self.lvm.change_tags(self.name, [word for tag in dropped for word in ("--deltag", tag)])
        if written.is_made:
            now = next((each for each in self.lvm.read_groups(written) if each.uuid == group.uuid), None)
            if now is None or self.seat.tags_of(now).foreign or self.seat.node not in self.seat.tags_of(now).own:
                raise ActionError(
                    f"{self.name}: read back, it is not tagged for {self.seat.node} alone",
                    code="tag_race",
                    hint="another node changes it too: osvc status on the other nodes of the service",
                )
        return Outcome.changed(f"tagged {self.seat.node} alone")

    def _in_use_here(self, survey: Survey) -> VolumeGroup:
        """The group, which must be active on this node and carry its tag: who writes to it must be using it."""
        groups = survey.named(self.name)
        if len(groups) != 1 or not survey.can_use(groups[0]) or groups[0].is_partial:
            raise ActionError(f"{self.name} cannot be changed: it is not there alone and whole", code="not_usable")
        lacking = lacking_volumes(survey, groups[0])
        if self.context.is_dry_run:
            return groups[0]
        if lacking or self.seat.node not in self.seat.tags_of(groups[0]).own:
            what = f"not active: {lacking}" if lacking else f"it does not carry the tag {self.seat.node}"
            raise ActionError(f"{self.name} is not in use on this node: {what}", code="not_active")
        return groups[0]

    def _tags(self, group: VolumeGroup) -> NodeTags:
        """Its node tags. Raises ActionError for a tag of a third node."""
        tags = self.seat.tags_of(group)
        third = [node for node in tags.foreign_nodes if not is_same_node(node, self.peer)]
        if third:
            raise ActionError(
                f"{self.name} is tagged for {' and '.join(third)} too, which may have it active",
                code="tagged_elsewhere",
                hint="a restart of the service where it runs puts its tags right",
            )
        return tags
