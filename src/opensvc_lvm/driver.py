"""The driver ``disk.lvm``: a volume group of Linux LVM2, used by one node of a service at a time."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from attrs import frozen

from opensvc_core.api import (
    ActionError,
    Cancelled,
    Context,
    Device,
    InventoryItem,
    Keyword,
    Kind,
    OpenSVCError,
    Outcome,
    Resource,
    ResourceId,
    Severity,
    StatusReport,
    Veto,
    hookimpl,
)
from opensvc_lvm.activation import PERMIT, Activation, doubted, is_settled, proof, refusal
from opensvc_lvm.deactivation import Deactivation
from opensvc_lvm.groups import Survey
from opensvc_lvm.handover import HandOver, unshareable
from opensvc_lvm.kernel import HERE, Kernel
from opensvc_lvm.lvm import SYSTEM_DIR, Lvm
from opensvc_lvm.verdict import Seat, obstacles, report

_NAME = re.compile(r"[A-Za-z0-9+_.][A-Za-z0-9+_.-]*")
"""What LVM takes as the name of a group (lvm(8)), and what is no option, tag or path to its commands."""
_ANOTHER_DISK_MAY_BRING = frozenset({"not_visible", "disk_missing"})
"""Obstacles that an earlier step of the same start may remove: a disk that stands below the group comes up first."""


@frozen
class LinuxVolumeGroup:
    """A volume group of Linux LVM2.

    Attributes:
        kernel: what the kernel says by itself.
        system_dir: where LVM's configuration lies.
    """

    kernel: Kernel = HERE
    system_dir: Path = SYSTEM_DIR

    api_version: ClassVar[int] = 1
    commands: ClassVar[tuple[str, ...]] = ("vgs", "lvs", "vgchange", "lvmconfig")
    keywords: ClassVar[tuple[Keyword, ...]] = (
        Keyword("vgname", "Name of the volume group.", required=True, aliases=("name",), example="vm188"),
        Keyword(
            "start_timeout",
            "How long LVM may take to activate the volumes of the group.",
            Kind.DURATION,
            default=120.0,
            example="5m",
        ),
        Keyword(
            "stop_timeout",
            "How long a stop tries to deactivate volumes that something has open for a moment.",
            Kind.DURATION,
            default=30.0,
            example="1m",
        ),
    )

    @hookimpl
    def status(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, StatusReport]]:
        """State of all groups, from one ``vgs`` and one ``lvs``."""
        answer: Survey | OpenSVCError
        try:
            answer = self._surveyed(context, {resource.text("vgname") for resource in resources}, with_volumes=True)
        except Cancelled:
            raise
        except OpenSVCError as error:
            answer = error
        for resource in resources:
            if not isinstance(answer, Survey):
                yield resource.id, StatusReport.undef(answer.message, answer.code)
            elif problem := _problem(resource):
                yield resource.id, StatusReport.undef(problem, "bad_name")
            else:
                yield resource.id, report(resource.text("vgname"), answer, _seat(resource, context))

    @hookimpl
    def preflight(self, resource: Resource, action: str, context: Context) -> Veto | None:
        """What forbids a start before its first step: a group that another node may use, or that cannot be used.

        A migration is forbidden for a group that cannot be active on two nodes.
        """
        if action not in {"start", "admit"}:
            return None
        name, seat = _name(resource), _seat(resource, context)
        survey = self._surveyed(context, [name], with_volumes=True)
        if action == "admit":
            found = unshareable(name, survey)
            return Veto(found.code, found.text, hint=found.hint, is_liftable=False) if found is not None else None
        if is_settled(name, survey, seat):
            return None
        for obstacle in obstacles(name, survey):
            if obstacle.code not in _ANOTHER_DISK_MAY_BRING:
                return Veto(obstacle.code, obstacle.text, hint=obstacle.hint, is_liftable=False)
        if resource.options.get("scsireserv"):
            return None
        evidence = context.evidence.get(resource.id.service, ())
        for group in survey.named(name):
            if nodes := doubted(seat.tags_of(group), evidence):
                text = f"{name} is tagged for {' and '.join(nodes)}, which may have it active"
                return Veto("tagged_elsewhere", text, hint=proof(nodes), is_liftable=False)
        return None

    @hookimpl
    def start(self, resource: Resource, context: Context) -> Outcome:
        """Tag the group for this node and activate it, verified. Raises ActionError naming what stands in the way."""
        return Activation(
            _name(resource),
            self._lvm(context),
            _seat(resource, context),
            bool(resource.options.get("scsireserv")),
            context.evidence.get(resource.id.service, ()),
            resource.seconds("start_timeout"),
        ).make()

    @hookimpl
    def stop(self, resource: Resource, context: Context) -> Outcome:
        """Deactivate the group and drop this node's tag. Raises ActionError naming who keeps it open."""
        return Deactivation(
            _name(resource),
            self._lvm(context),
            _seat(resource, context),
            resource.seconds("stop_timeout"),
            may_write=lambda: context.hold_reservation(resource),
        ).make()

    @hookimpl
    def admit(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """Tag the group for the peer too. Raises ActionError where it is not in use here, or cannot be shared."""
        return self._hand_over(resource, peer, context).admit()

    @hookimpl
    def join(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """Activate the group beside the peer, verified. Raises ActionError where it is not tagged for this node."""
        return self._hand_over(resource, peer, context).join()

    @hookimpl
    def leave(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """Deactivate the group, and leave its tags as they are. Raises ActionError naming who keeps it open."""
        return self._hand_over(resource, peer, context).leave()

    @hookimpl
    def settle(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """Drop the peer's tag. Raises ActionError where the group is not in use here."""
        return self._hand_over(resource, peer, context).settle()

    def _hand_over(self, resource: Resource, peer: str, context: Context) -> HandOver:
        return HandOver(
            _name(resource),
            self._lvm(context),
            _seat(resource, context),
            peer,
            resource.seconds("start_timeout"),
            resource.seconds("stop_timeout"),
        )

    @hookimpl
    def clean(self, resource: Resource, context: Context) -> Outcome:
        """Drop the tag that an earlier boot of this node left, if this node still holds the disks; else it stays."""
        return Deactivation(
            _name(resource),
            self._lvm(context),
            _seat(resource, context),
            resource.seconds("stop_timeout"),
            may_write=lambda: context.holds_still(resource),
        ).forget()

    @hookimpl
    def list_devices(self, resource: Resource, context: Context) -> Sequence[Device]:
        """Every disk of the group. Raises ActionError if not all of them are there: half of them is not enough."""
        name = _name(resource)
        survey = self._surveyed(context, [name], with_volumes=False)
        for obstacle in obstacles(name, survey):
            if obstacle.code in {"not_visible", "duplicate_name", PERMIT}:
                raise refusal(obstacle)
        return tuple(Device(disk.path) for disk in survey.named(name)[0].disks)

    @hookimpl
    def inventory(self, resources: Sequence[Resource], context: Context) -> Iterator[InventoryItem]:
        """Size and free space of groups in bytes, and their disks."""
        names = {resource.text("vgname") for resource in resources}
        try:
            survey = self._lvm(context).survey(names, with_volumes=False)
        except OpenSVCError as error:
            context.note_error(error)
            return
        if survey.trouble:
            context.note(survey.trouble, "lvm", Severity.WARNING)
        for resource in resources:
            groups = survey.named(resource.text("vgname"))
            if len(groups) > 1:
                context.note(f"there are {len(groups)} groups {groups[0].name}", "duplicate_name", Severity.WARNING)
                continue
            for group in groups:
                yield InventoryItem(resource.id, "size", group.size)
                yield InventoryItem(resource.id, "free", group.free)
                yield InventoryItem(resource.id, "group", group.name)
                if any(disk.is_missing for disk in group.disks):
                    context.note(f"{group.name} misses disks", "not_visible", Severity.WARNING)
                else:
                    yield InventoryItem(resource.id, "disks", tuple(Device(disk.path) for disk in group.disks))

    def _surveyed(self, context: Context, names: Collection[str], *, with_volumes: bool) -> Survey:
        """What LVM says now; a status and the checks after it, which ask for disks too, ask once for all groups."""
        if not context.asks_for_all:
            return self._lvm(context).survey(names, with_volumes=with_volumes)
        everybody = {
            each.text("vgname")
            for service in context.services.values()
            for each in service.resources
            if each.driver == "disk.lvm" and not each.problem
        }
        survey: Survey = context.memory.once("lvm", lambda: self._lvm(context).survey({*names, *everybody}))
        return survey

    def _lvm(self, context: Context) -> Lvm:
        return Lvm(context, self.kernel, self.system_dir)


def _seat(resource: Resource, context: Context) -> Seat:
    return Seat(context.node.name, context.service_of(resource).all_nodes)


def _problem(resource: Resource) -> str:
    name = resource.text("vgname")
    return "" if _NAME.fullmatch(name) else f"{name!r} cannot be the name of a volume group"


def _name(resource: Resource) -> str:
    """The group's name, safe as a word of a command line. Raises ActionError."""
    if problem := _problem(resource):
        raise ActionError(f"{resource.id}: {problem}", code="bad_name", hint="mend vgname")
    return resource.text("vgname")
