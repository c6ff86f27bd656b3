"""What the mounts of a node say of one file system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.api import ActionError, Status, StatusReport
from opensvc_drivers_linux.sources import options_of

if TYPE_CHECKING:
    from opensvc_core.api import Resource
    from opensvc_drivers_linux.mountinfo import Mounted
    from opensvc_drivers_linux.survey import Survey

ALWAYS_READ_ONLY = frozenset({"iso9660", "squashfs", "erofs", "cramfs", "romfs"})
"""Types that nobody can write to."""


def report(resource: Resource, seen: Survey) -> StatusReport:
    """Up when its device lies at its mount point and can be written to as it should be."""
    try:
        return _report(resource, seen)
    except ActionError as error:
        return StatusReport.undef(error.message, error.code)


def _report(resource: Resource, seen: Survey) -> StatusReport:
    point = seen.point(resource)
    top = seen.mounts.at(point)
    elsewhere = seen.elsewhere(resource)
    if top is None:
        if elsewhere:
            return StatusReport.warn(in_use_elsewhere(resource, elsewhere), "mounted_elsewhere")
        hidden = [entry for entry in seen.mounts.stack(point) if seen.is_own(entry, resource)]
        if hidden:
            return StatusReport.warn(f"{point} is hidden by a mount above it", "hidden")
        return StatusReport(Status.DOWN)
    if not seen.is_own(top, resource):
        return StatusReport.warn(foreign(resource, point, top), "other_device")
    if is_wrongly_read_only(resource, top):
        return StatusReport.warn(read_only(point), "read_only")
    up = StatusReport(Status.UP)
    return up.with_note(in_use_elsewhere(resource, elsewhere), "mounted_elsewhere") if elsewhere else up


def is_wrongly_read_only(resource: Resource, mounted: Mounted) -> bool:
    """Whether a mount cannot be written to although the service did not ask for that."""
    return mounted.is_read_only and mounted.type not in ALWAYS_READ_ONLY and "ro" not in options_of(resource)


def read_only(point: str) -> str:
    """The words for that."""
    return f"{point} is read-only, which the service does not ask for: the kernel does that after errors, see dmesg"


def foreign(resource: Resource, point: str, top: Mounted) -> str:
    """What else lies at the mount point, in words."""
    return f"{point} has {top.source} ({top.type}) mounted on it, not {resource.text('dev')}"


def in_use_elsewhere(resource: Resource, mounts: tuple[Mounted, ...]) -> str:
    """Where else the device is mounted, in words."""
    return f"{resource.text('dev')} is mounted on {', '.join(sorted({each.point for each in mounts}))}"
