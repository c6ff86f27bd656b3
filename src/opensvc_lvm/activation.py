"""Bringing a group up on this node: the tag first, then its volumes, and a look whether they came."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from opensvc_core.api import ActionError, CommandResult, Context, Evidence, NodeState, Outcome
from opensvc_lvm.groups import Activity, Survey, VolumeGroup
from opensvc_lvm.lvm import Lvm
from opensvc_lvm.parse import complaint
from opensvc_lvm.tags import NodeTags, is_same_node, tag_changes
from opensvc_lvm.verdict import Obstacle, Seat, names_of, obstacles

PERMIT = "disk_missing"
"""The permit with which a group is started that misses a disk."""


@frozen
class Activation:
    """One group that is to be up here.

    Attributes:
        name: of the group.
        lvm: LVM of this node.
        seat: this node, and the nodes of the service.
        is_reserved: this run holds the reservation of every disk of the group.
        evidence: what is known of the other nodes in this run.
        timeout: seconds that LVM may take to activate.
    """

    name: str
    lvm: Lvm
    seat: Seat
    is_reserved: bool
    evidence: Sequence[Evidence]
    timeout: float

    @property
    def context(self) -> Context:
        """Of the step."""
        return self.lvm.context

    def make(self) -> Outcome:
        """Tag, activate, verify. Raises ActionError naming what stands in the way, or which volumes did not come."""
        survey = self.lvm.survey([self.name])
        if is_settled(self.name, survey, self.seat):
            return Outcome.unchanged(f"active, tagged {self.seat.node}")
        group = self.usable(survey)
        self._tag(group)
        activated = self.lvm.activate(group.name, self.timeout)
        self.verify(activated, self.lvm.survey([self.name], after=activated))
        return Outcome.changed(f"active, tagged {self.seat.node}")

    def usable(self, survey: Survey) -> VolumeGroup:
        """The one group of the name. Raises ActionError for what stands in the way."""
        for obstacle in obstacles(self.name, survey):
            if obstacle.code != PERMIT:
                raise refusal(obstacle)
            if PERMIT not in self.context.permits:
                raise refusal(obstacle)
            self.context.note(f"started as permitted: {obstacle.text}", obstacle.code)
        return survey.named(self.name)[0]

    def _tag(self, group: VolumeGroup) -> None:
        """Make this node's tag the only node tag; nothing is written where it is so already.

        LVM does not see what other nodes do, so the tags are read again after the write: of two nodes that tag a group
        at once at least one finds the other's tag, and refuses.
        """
        tags = self.seat.tags_of(group)
        self._may_drop(tags)
        options = tag_changes(tags, self.seat.node)
        if not options:
            return
        written = self.lvm.change_tags(group.name, options)
        if written.is_made:
            now = next((g for g in self.lvm.read_groups(written) if g.uuid == group.uuid), None)
            found = self.seat.tags_of(now) if now is not None else NodeTags()
            if found.foreign or self.seat.node not in found.own:
                who = " and ".join(found.foreign_nodes) or "somebody"
                if self.seat.node in found.own:
                    self.lvm.change_tags(group.name, ("--deltag", self.seat.node))
                raise ActionError(
                    f"{who} changed the tags of {group.name} while it was being tagged for {self.seat.node}",
                    code="tag_race",
                    hint="another node starts it too: osvc status on the other nodes of the service",
                )

    def _may_drop(self, tags: NodeTags) -> None:
        """Raises ActionError if a tag names a node that may have the group active.

        With ``scsireserv`` this step runs only once the companion that reserves the disks has started and was verified,
        as it stands in the graph before every disk: no other node can write then, whatever its tags say.
        """
        in_doubt = () if self.is_reserved else doubted(tags, self.evidence)
        if in_doubt:
            raise ActionError(
                f"{self.name} is tagged for {' and '.join(in_doubt)}, which may have it active",
                code="tagged_elsewhere",
                hint=proof(in_doubt),
            )

    def verify(self, activated: CommandResult, survey: Survey) -> None:
        """Raises ActionError naming the volumes that an activation did not bring, and why."""
        groups = survey.named(self.name)
        if len(groups) != 1:
            raise ActionError(f"{self.name} is not seen by LVM any more", code="not_visible")
        lacking = lacking_volumes(survey, groups[0])
        if not lacking:
            return
        if activated.rc != 0:
            said = complaint(activated.stderr, activated.stdout)
            raise ActionError(f"{self.name}: not active: {lacking}: {said}", code="not_activated")
        allowed = self.lvm.volume_list()
        why = f"volume_list = {list(allowed)}" if allowed else "volume_list, or a profile"
        raise ActionError(
            f"{self.name}: LVM refused without a word to activate {lacking}: lvm.conf of this node does not allow it "
            f"({why}), though the group is tagged {self.seat.node}",
            code="activation_refused",
            hint="osvc node lvm check says what this node lacks",
        )


def lacking_volumes(survey: Survey, group: VolumeGroup) -> str:
    """Volumes that should be active and are not usable, by name, empty if there is none."""
    volumes = (volume for volume in survey.volumes_of([group]) if volume.is_expected)
    return names_of(volume for volume in volumes if volume.activity is not Activity.ACTIVE)


def is_settled(name: str, survey: Survey, seat: Seat) -> bool:
    """Whether a group is up here, and tagged for this node alone: a start has nothing to do, whatever else is amiss."""
    groups = survey.named(name)
    if len(groups) != 1 or not survey.can_use(groups[0]) or tag_changes(seat.tags_of(groups[0]), seat.node):
        return False
    return not lacking_volumes(survey, groups[0])


def doubted(tags: NodeTags, evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """Other nodes that a group is tagged for and that are not known to have let it go."""
    return tuple(node for node in tags.foreign_nodes if not _is_down(node, evidence))


def _is_down(node: str, evidence: Sequence[Evidence]) -> bool:
    states = {known.state for known in evidence if is_same_node(known.node, node)}
    return bool(states) and states <= {NodeState.DOWN, NodeState.FENCED}


def proof(nodes: Sequence[str]) -> str:
    """How to prove that nodes do not use a group."""
    declared = " ".join(f"--declare-dead {node}" for node in nodes)
    return f"stop it there; if {' and '.join(nodes)} is off for certain: osvc start {declared}"


def refusal(obstacle: Obstacle) -> ActionError:
    """The error for what stands in the way."""
    return ActionError(obstacle.text, code=obstacle.code, hint=obstacle.hint)
