"""``fs.mount``: a file system that is mounted on this node while the service runs on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from opensvc_core.api import (
    ActionError,
    Deadline,
    Device,
    InventoryItem,
    Keyword,
    Kind,
    OpenSVCError,
    Outcome,
    Phase,
    Resource,
    ResourceId,
    Severity,
    StatusReport,
    Veto,
    hookimpl,
)
from opensvc_drivers_linux.fsck import POLICIES, check_file_system
from opensvc_drivers_linux.mount_state import foreign, in_use_elsewhere, is_wrongly_read_only, read_only, report
from opensvc_drivers_linux.sources import Source, options_of, type_of
from opensvc_drivers_linux.survey import Survey, survey
from opensvc_drivers_linux.unmount import leave, unmount

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opensvc_core.api import CommandResult, Context
    from opensvc_drivers_linux.mountinfo import Mounted


class Mount:
    """A mount of ``dev`` on ``mnt``."""

    keywords: ClassVar[tuple[Keyword, ...]] = (
        Keyword(
            "dev",
            "What is mounted: a block device (`/dev/mapper/data-erp`), a tag (`LABEL=erp`, `UUID=...`), an image file "
            "with `mnt_opt = loop`, a network share (`server:/export`), a folder with `mnt_opt = bind`, or the name of "
            "what has no device (`tmpfs`).",
            required=True,
            example="/dev/mapper/data-erp",
        ),
        Keyword("mnt", "Mount point; a `/` at its end is dropped.", Kind.PATH, required=True, example="/srv/erp"),
        Keyword("mnt_opt", "Options of mount(8), with commas.", example="noatime,nodev"),
        Keyword(
            "fsck",
            "`auto` checks ext2, ext3 and ext4 before they are mounted, and repairs what can be repaired safely; "
            "`force` checks them even if they are clean; `never` leaves it.",
            default="auto",
            choices=POLICIES,
        ),
        Keyword(
            "create_mnt",
            "Whether a mount point that is missing is made, with mode 0755.",
            Kind.BOOLEAN,
            default=True,
        ),
        Keyword("start_timeout", "Time for check and mount together.", Kind.DURATION, 300.0, example="1h"),
        Keyword(
            "stop_timeout",
            "Time that a busy file system is tried again to be unmounted.",
            Kind.DURATION,
            60.0,
            example="5m",
        ),
    )
    phase: ClassVar[Phase] = Phase.FILESYSTEM
    api_version: ClassVar[int] = 1
    commands: ClassVar[tuple[str, ...]] = (
        "cat", "mount", "umount", "blkid", "findfs", "realpath", "stat", "find",
    )  # fmt: skip

    @hookimpl
    def status(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, StatusReport]]:
        """One look at the kernel's table of mounts for all file systems of all services."""
        seen = survey(resources, context)
        for resource in resources:
            yield resource.id, report(resource, seen)

    @hookimpl
    def preflight(self, resource: Resource, action: str, context: Context) -> Veto | None:
        """Before a start: the mount point bears nothing else, and the device is mounted nowhere else."""
        answered = context.statuses.get(resource.id)
        if action != "start" or answered is None:
            return None
        for note in answered.notes:
            if note.code in {"other_device", "hidden"} or (
                note.code == "mounted_elsewhere" and not answered.status.is_up
            ):
                return Veto(note.code, note.text, hint="unmount it first", is_liftable=False)
        return None

    @hookimpl
    def list_devices(self, resource: Resource, context: Context) -> Sequence[Device]:
        """The block device, if there is one."""
        return _devices(resource, survey([resource], context).source(resource))

    @hookimpl
    def inventory(self, resources: Sequence[Resource], context: Context) -> Iterator[InventoryItem]:
        """What is mounted where, and the disks, by one look for all of them."""
        for resource in resources:
            yield InventoryItem(resource.id, "mount", resource.text("mnt") or None)
            yield InventoryItem(resource.id, "fstype", type_of(resource) or None)
        try:
            seen = survey(resources, context)
        except OpenSVCError as error:
            context.note_error(error)
            return
        for resource in resources:
            try:
                source = seen.source(resource)
            except ActionError as error:
                context.note_error(error)
                continue
            yield InventoryItem(resource.id, "device", source.device or resource.text("dev") or None)
            yield InventoryItem(resource.id, "disks", _devices(resource, source))

    @hookimpl
    def start(self, resource: Resource, context: Context) -> Outcome:
        """Check the file system, mount it, verify by the kernel's table that the right device lies there.

        Raises:
            ActionError: it is not mounted, or that cannot be told.
        """
        limit = Deadline.after(resource.seconds("start_timeout"), context.clock, f"start of {resource.id}")
        seen = survey([resource], context)
        point, source = seen.point(resource), seen.source(resource)
        top = seen.mounts.at(point)
        if top is not None and seen.is_own(top, resource):
            _warn_if_read_only(resource, top, context)
            return Outcome.unchanged(f"{source.text} is mounted on {point} already")
        _refuse(resource, point, top, seen, source)
        _prepare_point(resource, point, context)
        check_file_system(resource, source, limit, context)
        mounted = _mount(resource, point, limit, context)
        seen = survey([resource], context, after=mounted)
        top = seen.mounts.at(point)
        if top is None:
            raise ActionError(
                f"{source.text} is not mounted on {point}, although mount did not fail",
                code="not_mounted",
                hint="see dmesg, and whether something unmounts it at once, as systemd does for a unit it has stopped",
            )
        if not seen.is_own(top, resource):
            raise ActionError(foreign(resource, point, top), code="other_device")
        _warn_if_read_only(resource, top, context)
        return Outcome.changed(f"{source.text} mounted on {point}")

    @hookimpl
    def stop(self, resource: Resource, context: Context) -> Outcome:
        """Unmount it; while it is busy, name who keeps it so, and try again until ``stop_timeout``. Never lazily.

        Raises:
            ActionError: it is not verified unmounted.
        """
        limit = Deadline.after(resource.seconds("stop_timeout"), context.clock, f"stop of {resource.id}")
        seen = survey([resource], context)
        point = seen.point(resource)
        top = seen.mounts.at(point)
        if top is None or not seen.is_own(top, resource):
            return leave(resource, point, top, seen, context)
        on_top = seen.mounts.on(top)
        if on_top:
            raise ActionError(
                f"{point} cannot be unmounted: {', '.join(each.point for each in on_top)} is mounted on it",
                code="nested_mount",
                hint="unmount that first; if it is part of the service, give it a section of its own",
            )
        done = unmount(point, limit, context)
        left = survey([resource], context, after=done)
        top = left.top(resource)
        if top is not None and left.is_own(top, resource):
            raise ActionError(
                f"{point} is still mounted: {done.stderr.strip() or 'umount did not say why'}",
                code="still_mounted",
                hint="it may have been mounted twice: see /proc/self/mountinfo",
            )
        return Outcome.changed(f"{point} unmounted")


def _devices(resource: Resource, source: Source) -> tuple[Device, ...]:
    if not source.device:
        return ()
    return (Device(source.device, "file" if source.is_file else "block", is_writable="ro" not in options_of(resource)),)


def _refuse(resource: Resource, point: str, top: Mounted | None, seen: Survey, source: Source) -> None:
    """Raise ActionError for what must not be mounted."""
    if top is not None:
        raise ActionError(foreign(resource, point, top), code="other_device", hint="unmount that first")
    if not source.is_there:
        raise ActionError(
            f"there is no {source.text}",
            code="no_device",
            hint="see `lsblk -f`; is the disk that it lies on a resource of the service, and up?",
        )
    elsewhere = seen.elsewhere(resource)
    if elsewhere:
        # A check would damage it, and who wrote what would be anybody's guess.
        raise ActionError(
            in_use_elsewhere(resource, elsewhere), code="mounted_elsewhere", hint="unmount it there first"
        )


def _prepare_point(resource: Resource, point: str, context: Context) -> None:
    """See to it that there is a mount point. Raises ActionError if it is missing and may not be made."""
    looked = context.query("stat", "-L", "-c", "%F", point, check=False)
    if looked.rc != 0:
        if "No such file" not in looked.stderr:
            raise ActionError(f"cannot tell what {point} is: {looked.stderr.strip()}", code="path_unknown")
        if not resource.flag("create_mnt"):
            raise ActionError(f"the mount point {point} is missing", code="no_mount_point", hint=f"mkdir -p {point}")
        context.run("mkdir", "-p", "-m", "0755", point)
        context.note(f"the mount point {point} was missing and is made", "mount_point_made")
        return
    if looked.stdout.strip() != "directory":
        return
    inside = context.query("find", point, "-mindepth", "1", "-maxdepth", "1", "-print", "-quit", check=False)
    if inside.stdout.strip():
        name = inside.stdout.strip().splitlines()[0]
        context.note(f"the mount hides what lies in {point} on the disk below: {name}", "not_empty", Severity.WARNING)


def _mount(resource: Resource, point: str, limit: Deadline, context: Context) -> CommandResult:
    kind, options = type_of(resource), resource.text("mnt_opt").replace(" ", "")
    return context.run(
        "mount",
        *(("-t", kind) if kind else ()),
        *(("-o", options) if options else ()),
        resource.text("dev"),
        point,
        timeout=limit.remaining(),
    )


def _warn_if_read_only(resource: Resource, mounted: Mounted, context: Context) -> None:
    if is_wrongly_read_only(resource, mounted):
        context.note(read_only(mounted.point), "read_only", Severity.WARNING)
