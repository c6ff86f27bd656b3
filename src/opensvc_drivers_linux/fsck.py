"""Checking a file system before it is mounted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.api import ActionError, CommandNotFound, Severity
from opensvc_drivers_linux.sources import Form, Source, options_of, type_of

if TYPE_CHECKING:
    from opensvc_core.api import CommandResult, Context, Deadline, Resource

POLICIES = ("auto", "never", "force")
_PREENED = frozenset({"ext2", "ext3", "ext4"})
"""Types whose check repairs by itself what is safe to. xfs and btrfs replay their log at mount, and their own tools
must not be run unasked."""
_CORRECTED, _REBOOT, _UNCORRECTED = 1, 2, 4
"""Bits of the exit status of fsck(8)."""


def check_file_system(resource: Resource, source: Source, limit: Deadline, context: Context) -> None:
    """Check and repair, if the policy of the resource and the type of the file system want it.

    Args:
        resource: whose ``fsck`` says when.
        source: what is to be mounted; only block devices and image files are checked.
        limit: until when; a check that was ended is begun anew by the next start.
        context: for the commands.

    Raises:
        ActionError: it is damaged beyond what the check repairs by itself, or could not be checked.
    """
    policy = resource.text("fsck")
    if policy == "never" or source.form not in {Form.PATH, Form.TAG} or "ro" in options_of(resource):
        return
    kind = type_of(resource) or _probe_type(source, context)
    if kind not in _PREENED:
        if policy == "force":
            text = f"{source.text} is not checked: {kind or 'an unknown type'} is not checked before a mount"
            context.note(text, "fsck_skipped")
        return
    force = ("-f",) if policy == "force" else ()
    try:
        result = context.run(f"fsck.{kind}", "-p", *force, source.device, timeout=limit.remaining(), check=False)
    except CommandNotFound as error:
        if policy == "force":
            raise
        context.note(f"{source.text} was not checked: {error.message}", "fsck_skipped", Severity.WARNING)
        return
    _judge(result, source, context)


def _judge(result: CommandResult, source: Source, context: Context) -> None:
    said = " ".join((result.stdout.strip() or result.stderr.strip()).split())[:300]
    if result.rc == _CORRECTED:
        context.note(f"{source.text} was repaired: {said}", "fsck_corrected", Severity.WARNING)
    elif result.rc < 0 or result.rc >= _UNCORRECTED:
        raise ActionError(
            f"{source.text} cannot be mounted: its check ended with status {result.rc}: {said}",
            code="fsck_failed",
            hint=f"look at it by hand: fsck {source.device}",
        )
    elif result.rc & _REBOOT:
        raise ActionError(
            f"{source.text} was repaired, and its check asks for a reboot: {said}",
            code="fsck_reboot",
            hint="it was most likely in use: find out by what, before it is mounted",
        )


def _probe_type(source: Source, context: Context) -> str:
    """Type of the file system on a device, empty if it has none that blkid knows."""
    result = context.query("blkid", "-p", "-o", "value", "-s", "TYPE", source.device, check=False)
    return result.stdout.strip() if result.rc == 0 else ""
