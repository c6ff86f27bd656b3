"""The driver ``fs.solaris``: a file system that the node mounts while the service runs on it, for a zone in its root.

The output of ``mount -p`` and the messages of ``umount`` are from memory [R].
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from opensvc_core.api import (
    ActionError,
    Cancelled,
    CommandResult,
    Context,
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
    Status,
    StatusReport,
    WaitTimeout,
    guest_name,
    hookimpl,
)
from opensvc_drivers_solaris.parse_mounts import Mounted, Mounts, parse_mounts
from opensvc_drivers_solaris.words import said
from opensvc_drivers_solaris.zoneadm import Answer, read_zones

LIST_LIMIT = 8.0
"""Seconds for the list of mounted file systems."""
UNMOUNT_LIMIT = 30.0
"""Seconds for one try to unmount."""


class SolarisMount:
    """A mount of ``dev`` on ``mnt``, below the root of the zone that the resource belongs to."""

    phase: ClassVar[Phase] = Phase.FILESYSTEM
    api_version: ClassVar[int] = 1
    commands: ClassVar[tuple[str, ...]] = ("mount", "umount", "zoneadm")
    keywords: ClassVar[tuple[Keyword, ...]] = (
        Keyword(
            "dev",
            "What is mounted: a block device, a ZFS file system with `mountpoint=legacy`, a folder (`lofs`), a share.",
            required=True,
            example="/dev/dsk/c0t1d0s0",
        ),
        Keyword(
            "mnt",
            "Mount point, as the zone sees it: `ZONEPATH/root` is put before it, unless `globalfs` is set.",
            Kind.PATH,
            required=True,
            example="/data",
        ),
        Keyword("mnt_opt", "Options of mount(8), with commas.", example="noatime,nodevices"),
        Keyword(
            "globalfs",
            "Whether `mnt` is a path of the node though the service has a zone: for the one that the zone lies on.",
            Kind.BOOLEAN,
            default=False,
        ),
        Keyword("start_timeout", "Time for the mount.", Kind.DURATION, 120.0, example="5m"),
        Keyword(
            "stop_timeout",
            "Time that a busy file system is tried again to be unmounted.",
            Kind.DURATION,
            60.0,
            example="5m",
        ),
    )

    @hookimpl
    def status(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, StatusReport]]:
        """One ``mount -p`` for all, and one list of zones for those that lie in some."""
        try:
            seen: Mounts | OpenSVCError = _read(context)
        except Cancelled:
            raise
        except OpenSVCError as error:
            seen = error
        zones = _zones(resources, context)
        for resource in resources:
            try:
                if isinstance(seen, OpenSVCError):
                    raise seen
                yield resource.id, _report(resource, _point(resource, zones, context), seen)
            except Cancelled:
                raise
            except OpenSVCError as error:
                yield resource.id, StatusReport.undef(error.message, error.code)

    @hookimpl
    def inventory(self, resources: Sequence[Resource], context: Context) -> Iterator[InventoryItem]:
        """What is mounted where, and the disk if it is one; no command is needed."""
        for resource in resources:
            yield InventoryItem(resource.id, "mount", resource.text("mnt") or None)
            yield InventoryItem(resource.id, "device", resource.text("dev") or None)
            yield InventoryItem(resource.id, "disks", self.list_devices(resource, context))

    @hookimpl
    def list_devices(self, resource: Resource, context: Context) -> Sequence[Device]:
        """The disk, if it is one: the raw special file, on which reservations are taken."""
        del context
        device, options = resource.text("dev"), resource.text("mnt_opt").replace(" ", "").split(",")
        if not device.startswith("/dev/dsk/"):
            return ()
        return (Device(device.replace("/dev/dsk/", "/dev/rdsk/", 1), is_writable="ro" not in options),)

    @hookimpl
    def start(self, resource: Resource, context: Context) -> Outcome:
        """Mount it, verified.

        Raises:
            ActionError: it is not mounted, something else is, or that cannot be told.
        """
        point = _known_point(resource, context)
        seen = _understood(_read(context))
        device, top = resource.text("dev"), seen.at(point)
        if top is not None and _is_own(top, resource):
            return Outcome.unchanged(f"{device} is mounted on {point} already")
        if top is not None:
            raise ActionError(_foreign(point, top), code="other_device", hint="unmount that first")
        elsewhere = [each.point for each in seen.mounted if each.device == device and device.startswith("/dev/")]
        if elsewhere:
            raise ActionError(
                f"{device} is mounted on {', '.join(elsewhere)}",
                code="mounted_elsewhere",
                hint="unmount it there first",
            )
        kind, options = str(resource.options.get("type") or ""), resource.text("mnt_opt").replace(" ", "")
        mounted = context.run(
            "mount",
            *(("-F", kind) if kind else ()),
            *(("-o", options) if options else ()),
            device,
            point,
            timeout=resource.seconds("start_timeout"),
            check=False,
        )
        top = _understood(_read(context, after=mounted)).at(point)
        if top is None or not _is_own(top, resource):
            raise ActionError(
                f"{device} is not mounted on {point}: {said(mounted)}",
                code="not_mounted",
                hint=f"is the mount point there? ls -ld {point}",
            )
        return Outcome.changed(f"{device} mounted on {point}")

    @hookimpl
    def stop(self, resource: Resource, context: Context) -> Outcome:
        """Unmount it; while it is busy, try again until ``stop_timeout``. Never by force.

        Raises:
            ActionError: it is not verified unmounted.
        """
        limit = Deadline.after(resource.seconds("stop_timeout"), context.clock, f"stop of {resource.id}")
        point = _point(resource, _zones([resource], context), context)
        if point is None:
            return Outcome.unchanged("its zone is not configured here")
        seen = _understood(_read(context))
        top = seen.at(point)
        if top is None or not _is_own(top, resource):
            if top is not None:
                context.note(f"{_foreign(point, top)}: it is left there", "other_device")
            return Outcome.unchanged(f"{resource.text('dev')} is not mounted on {point}")
        on_top = seen.below(point)
        if on_top:
            raise ActionError(
                f"{point} cannot be unmounted: {', '.join(each.point for each in on_top)} is mounted on it",
                code="nested_mount",
                hint="unmount that first; if it is part of the service, give it a section of its own",
            )
        done = _unmount(point, context)

        def is_gone() -> bool:
            nonlocal done
            if _understood(_read(context, after=done)).at(point) is None:
                return True
            done = _unmount(point, context)
            return False

        try:
            context.wait_until(is_gone, f"{point} to be unmounted", max(1.0, limit.remaining()), 0.5)
        except WaitTimeout as error:
            raise ActionError(
                f"{point} is still mounted: {said(done)}", code="still_mounted", hint=f"who uses it: fuser -cu {point}"
            ) from error
        return Outcome.changed(f"{point} unmounted")


def _unmount(point: str, context: Context) -> CommandResult:
    return context.run("umount", point, timeout=UNMOUNT_LIMIT, check=False)


def _read(context: Context, after: CommandResult | None = None) -> Mounts:
    result = context.query("mount", "-p", timeout=LIST_LIMIT, check=False, after=after)
    if result.rc != 0:
        raise ActionError(f"mount -p: {said(result)}", code="mounts_unknown")
    return parse_mounts(result.stdout)


def _understood(seen: Mounts) -> Mounts:
    if seen.trouble:
        raise ActionError(f"mount -p was not understood to its end: {seen.trouble}", code="mounts_unknown")
    return seen


def _is_in_zone(resource: Resource) -> bool:
    return bool(resource.container) and not resource.flag("globalfs")


def _zones(resources: Sequence[Resource], context: Context) -> Mapping[str, Answer]:
    """The zones that file systems lie in, by name. Raises Cancelled."""
    names = [guest_name(context.container_of(each)) for each in resources if _is_in_zone(each)]
    return dict(read_zones(names, context)) if names else {}


def _point(resource: Resource, zones: Mapping[str, Answer], context: Context) -> str | None:
    """Where it is mounted on this node, None for one in a zone that this node does not know. Raises OpenSVCError."""
    point = resource.text("mnt").rstrip("/") or "/"
    if not _is_in_zone(resource):
        return point
    zone = zones[guest_name(context.container_of(resource))]
    if isinstance(zone, OpenSVCError):
        raise zone
    return None if zone is None else f"{zone.path.rstrip('/')}/root{point}".rstrip("/")


def _known_point(resource: Resource, context: Context) -> str:
    point = _point(resource, _zones([resource], context), context)
    if point is None:
        name = guest_name(context.container_of(resource))
        raise ActionError(
            f"no zone {name} is configured on this node: where it lies is not known", code="not_configured"
        )
    return point


def _is_own(mounted: Mounted, resource: Resource) -> bool:
    return mounted.device == resource.text("dev")


def _foreign(point: str, mounted: Mounted) -> str:
    return f"{mounted.device} ({mounted.kind}) is mounted on {point}"


def _report(resource: Resource, point: str | None, seen: Mounts) -> StatusReport:
    if point is None:
        return StatusReport(Status.DOWN).with_note("its zone is not configured here", "not_configured")
    top = seen.at(point)
    if top is not None:
        is_own = _is_own(top, resource)
        return StatusReport(Status.UP) if is_own else StatusReport.warn(_foreign(point, top), "other_device")
    if seen.trouble:
        return StatusReport.undef(f"mount -p was not understood to its end: {seen.trouble}", "mounts_unknown")
    return StatusReport(Status.DOWN)
