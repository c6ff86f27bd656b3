"""The driver ``disk.hpux_lvm``: a volume group of HP-UX, imported and active on one node of a service at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from attrs import frozen

from opensvc_core.api import (
    ActionError,
    Context,
    Device,
    InventoryItem,
    Keyword,
    Kind,
    Note,
    Outcome,
    Resource,
    ResourceId,
    Severity,
    Status,
    StatusReport,
    Veto,
    hookimpl,
)
from opensvc_lvm.hpux.activation import DEVICES, Move
from opensvc_lvm.hpux.files import GroupFiles
from opensvc_lvm.hpux.lvm import HpuxLvm
from opensvc_lvm.hpux.parse import GroupState, Presence

_NAME = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*")


@frozen
class HpuxVolumeGroup:
    """A volume group of HP-UX LVM.

    Attributes:
        devices: where the folder of a group lies.
    """

    devices: Path = DEVICES

    api_version: ClassVar[int] = 1
    commands: ClassVar[tuple[str, ...]] = (
        "vgdisplay",
        "vgchange",
        "vgimport",
        "vgexport",
        "strings",
        "scsimgr",
        "mksf",
    )
    file_roots: ClassVar[tuple[str, ...]] = ("{var}/vg_{service}_*",)
    keywords: ClassVar[tuple[Keyword, ...]] = (
        Keyword("vgname", "Name of the volume group.", required=True, aliases=("name",), example="vg188"),
        Keyword(
            "dsf",
            "Whether the group is imported by persistent (agile) special files, `vgimport -N`. `false` before 11.31.",
            Kind.BOOLEAN,
            default=True,
        ),
        Keyword(
            "exclusive",
            "Whether the group is marked as the cluster's and activated in exclusive mode (`vgchange -c y`, `-a e`), "
            "for nodes whose cluster software then keeps others from activating it.",
            Kind.BOOLEAN,
            default=False,
        ),
        Keyword(
            "start_timeout",
            "How long LVM may take to import the group, and to activate it.",
            Kind.DURATION,
            default=120.0,
            example="5m",
        ),
        Keyword(
            "stop_timeout",
            "How long a stop tries to deactivate a group that something has open for a moment.",
            Kind.DURATION,
            default=30.0,
            example="1m",
        ),
    )

    @hookimpl
    def status(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, StatusReport]]:
        """State of all groups, from one ``vgdisplay``."""
        names = dict.fromkeys(_plain(resource) for resource in resources if not _problem(resource))
        states = HpuxLvm(context).states(list(names)) if names else {}
        for resource in resources:
            if problem := _problem(resource):
                yield resource.id, StatusReport.undef(problem, "bad_name")
            else:
                yield resource.id, report(states[_plain(resource)], resource, _files(resource, context))

    @hookimpl
    def preflight(self, resource: Resource, action: str, context: Context) -> Veto | None:
        """What forbids a start before its first step."""
        if action != "start":
            return None
        name, files = _name(resource), _files(resource, context)
        state = HpuxLvm(context).state(name)
        if state.presence is Presence.UNTOLD:
            text = f"cannot tell whether {name} is active here: {state.reason}"
            return Veto("group_undef", text, hint=f"make vgdisplay {name} answer", is_liftable=False)
        if state.presence is Presence.NOT_IMPORTED and not files.has_map():
            text = f"{name} is not imported on this node, and {files.map} is not there or no map"
            hint = "osvc diskupdate on the node where it is active, then bring the file here"
            return Veto("no_map", text, hint=hint, is_liftable=False)
        return None

    @hookimpl
    def start(self, resource: Resource, context: Context) -> Outcome:
        """Import and activate the group, verified. Raises ActionError naming what stands in the way."""
        return self._move(resource, context, resource.seconds("start_timeout")).up()

    @hookimpl
    def stop(self, resource: Resource, context: Context) -> Outcome:
        """Deactivate and export the group. Raises ActionError naming who keeps it open."""
        return self._move(resource, context, resource.seconds("stop_timeout")).down()

    @hookimpl
    def list_devices(self, resource: Resource, context: Context) -> Sequence[Device]:
        """Disks of the group: of LVM's table where it is imported, else as they were written where it was active.

        Raises:
            ActionError: not all of them are known: half of them is not enough.
        """
        return self._disks(resource, context, None)

    def _disks(self, resource: Resource, context: Context, known: GroupState | None) -> tuple[Device, ...]:
        name, files = _name(resource), _files(resource, context)
        recorded = files.recorded_disks()
        disks = HpuxLvm(context).disks(name)
        if not disks:
            if not recorded:
                raise ActionError(
                    f"cannot tell the disks of {name}: it is not imported here, and {files.special_files} is not there",
                    code="devices_unknown",
                    hint="osvc diskupdate on the node where it is active, then bring the file here",
                )
            return tuple(Device(each.path, identity=each.wwid) for each in recorded)
        state = known or HpuxLvm(context).state(name)
        if state.presence is Presence.ACTIVE and state.disks is not None and state.disks != len(disks):
            raise ActionError(
                f"cannot tell the disks of {name}: LVM's table lists {len(disks)}, vgdisplay says {state.disks}",
                code="devices_unknown",
                hint="vgscan -p; or vgexport and vgimport it anew",
            )
        return tuple(Device(path) for path in disks)

    @hookimpl
    def inventory(self, resources: Sequence[Resource], context: Context) -> Iterator[InventoryItem]:
        """Size, free space and disks of groups: one ``vgdisplay`` and LVM's tables for all of them."""
        named = [resource for resource in resources if not _problem(resource)]
        states = HpuxLvm(context).states([resource.text("vgname") for resource in named]) if named else {}
        for resource in named:
            name = resource.text("vgname")
            if states[name].reason:
                context.note(f"{name}: {states[name].reason}", "group_undef", Severity.WARNING)
            yield InventoryItem(resource.id, "group", name)
            yield InventoryItem(resource.id, "size", states[name].size)
            yield InventoryItem(resource.id, "free", states[name].free)
            try:
                yield InventoryItem(resource.id, "disks", self._disks(resource, context, states[name]))
            except ActionError as error:
                context.note_error(error)

    @hookimpl
    def list_files(self, resource: Resource, context: Context) -> Sequence[Path]:
        """The map and the special files of the group, as far as they were written."""
        return _files(resource, context).existing()

    @hookimpl
    def update_disks(self, resource: Resource, context: Context) -> Outcome:
        """Write both anew, where the group is active. Raises ActionError if that cannot be told."""
        name, files = _name(resource), _files(resource, context)
        state = self._move(resource, context, 0).told(HpuxLvm(context).state(name))
        if state.presence is not Presence.ACTIVE:
            return Outcome.unchanged(f"{name} is {state.presence.value} here: its map is written where it is active")
        files.write(state.volumes)
        return Outcome.changed(f"{files.map.name} and {files.special_files.name} written")

    def _move(self, resource: Resource, context: Context, timeout: float) -> Move:
        return Move(
            _name(resource),
            _files(resource, context),
            context,
            timeout,
            resource.flag("exclusive"),
            resource.flag("dsf"),
            self.devices,
        )


def report(state: GroupState, resource: Resource, files: GroupFiles) -> StatusReport:
    """What the state of a group means for the service."""
    match state.presence:
        case Presence.UNTOLD:
            return StatusReport.undef(state.reason, "group_undef")
        case Presence.INACTIVE:
            return StatusReport(Status.DOWN)
        case Presence.NOT_IMPORTED:
            notes = [Note("not imported on this node", "not_imported")]
            if not files.has_map():
                text = f"{files.map} is not there or no map: it cannot be imported here (osvc diskupdate)"
                notes.append(Note(text, "no_map", Severity.WARNING))
            return StatusReport(Status.DOWN, tuple(notes))
        case Presence.ACTIVE:
            worries = tuple(_worries(state, wants_exclusive=resource.flag("exclusive")))
            return StatusReport(Status.WARN if worries else Status.UP, worries)


def _worries(state: GroupState, *, wants_exclusive: bool) -> Iterator[Note]:
    if state.disks is not None and state.active_disks is not None and state.active_disks < state.disks:
        missing = state.disks - state.active_disks
        yield Note(f"{missing} of {state.disks} disks are missing", "disk_missing", Severity.WARNING)
    if state.access not in {"", "read/write"}:
        yield Note(f"active for {state.access} only", "read_only", Severity.WARNING)
    if "shared" in state.modes:
        yield Note("active in shared mode: other nodes may write to it too", "shared_mode", Severity.WARNING)
    elif wants_exclusive and "exclusive" not in state.modes:
        yield Note("active, and not in exclusive mode as the service wants it", "not_exclusive", Severity.WARNING)


def _plain(resource: Resource) -> str:
    return resource.text("vgname").removeprefix("/dev/")


def _problem(resource: Resource) -> str:
    return "" if _NAME.fullmatch(_plain(resource)) else f"{resource.text('vgname')!r} is no name of a volume group"


def _name(resource: Resource) -> str:
    """The group's name, safe as a word of a command line. Raises ActionError."""
    if problem := _problem(resource):
        raise ActionError(f"{resource.id}: {problem}", code="bad_name", hint="mend vgname")
    return _plain(resource)


def _files(resource: Resource, context: Context) -> GroupFiles:
    return GroupFiles(resource.id.service, _plain(resource), context)
