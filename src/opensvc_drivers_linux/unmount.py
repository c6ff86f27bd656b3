"""Taking a mount away, and saying who keeps it busy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.api import ActionError, Deadline, Outcome, Severity, WaitTimeout
from opensvc_drivers_linux.holders import name_holders
from opensvc_drivers_linux.mount_state import foreign

if TYPE_CHECKING:
    from opensvc_core.api import CommandResult, Context, Resource
    from opensvc_drivers_linux.mountinfo import Mounted
    from opensvc_drivers_linux.survey import Survey

HOLDERS_LIMIT = 5.0
"""Seconds for the search for those who keep a mount busy."""


def leave(resource: Resource, point: str, top: Mounted | None, seen: Survey, context: Context) -> Outcome:
    """The outcome of a stop that has nothing to unmount. Raises ActionError if it lies there and cannot be reached."""
    hidden = [entry for entry in seen.mounts.stack(point) if seen.is_own(entry, resource)]
    if hidden:
        above = f"{top.source} ({top.type})" if top else "a mount on a folder above"
        raise ActionError(
            f"{point} cannot be unmounted: {above} hides it", code="hidden", hint="unmount what hides it first"
        )
    if top is not None:
        text = f"{foreign(resource, point, top)}; that is left there"
        context.note(text, "other_device", Severity.WARNING)
    return Outcome.unchanged(f"{resource.text('dev')} is not mounted on {point}")


def unmount(point: str, limit: Deadline, context: Context) -> CommandResult:
    """Run ``umount`` until it is not busy any more. Raises ActionError naming who keeps it busy at the end."""
    results: list[CommandResult] = []

    def is_done() -> bool:
        result = context.run("umount", point, timeout=max(1.0, limit.remaining()), check=False)
        if result.rc == 0 or "busy" not in result.stderr:
            results.append(result)
            return True
        if not has_told:
            has_told.append(True)
            context.note(f"{point} is busy: {_holders(point, context)}", "busy", Severity.WARNING)
        return False

    has_told: list[bool] = []
    try:
        context.wait_until(is_done, f"{point} not to be busy", limit.remaining())
    except WaitTimeout as error:
        raise ActionError(
            f"{point} is still busy: {_holders(point, context)}",
            code="busy",
            hint="end them, or have a launcher of the service do so; a larger stop_timeout waits longer",
        ) from error
    return results[-1]


def _holders(point: str, context: Context) -> str:
    limit = Deadline.after(HOLDERS_LIMIT, context.clock, "the search for holders").earliest(context.deadline)
    return name_holders(point, limit)
