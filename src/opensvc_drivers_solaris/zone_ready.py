"""The driver ``zone.ready``: the companion of a zone that attaches it and makes it ready, and at last detaches it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar

from opensvc_core.api import (
    ActionError,
    Cancelled,
    CommandResult,
    Context,
    Deadline,
    Keyword,
    OpenSVCError,
    Outcome,
    Phase,
    Resource,
    ResourceId,
    Severity,
    Status,
    StatusReport,
    Undetermined,
    Veto,
    WaitTimeout,
    guest_name,
    hookimpl,
)
from opensvc_drivers_solaris.parse_zones import Zone
from opensvc_drivers_solaris.words import said
from opensvc_drivers_solaris.zone import ZONE_KEYWORDS
from opensvc_drivers_solaris.zone_platform import HALT_LIMIT, not_configured
from opensvc_drivers_solaris.zone_states import (
    ATTACHABLE,
    CONFIGURED,
    INCOMPLETE,
    INSTALLED,
    PASSING,
    PREPARED,
    READY,
    RUNNING,
    incomplete,
    place_report,
)
from opensvc_drivers_solaris.zoneadm import attempt_change, change_zone, read_zone, read_zones
from opensvc_drivers_solaris.zonecfg import configure, export_file

RETRY_OPTIONS = {"force": "-F", "update": "-u"}
"""What ``attach_retry`` means to ``zoneadm attach``."""
HOOK_LIMIT = 5.0
"""Seconds to look for processes that still work on a zone."""


class ZoneReady:
    """The companion ``<rid>ready`` of a zone."""

    keywords: ClassVar[tuple[Keyword, ...]] = ZONE_KEYWORDS
    """It has the options of its container."""
    phase: ClassVar[Phase] = Phase.READY
    api_version: ClassVar[int] = 1
    commands: ClassVar[tuple[str, ...]] = ("zoneadm", "zonecfg", "ls", "chmod", "chown", "pgrep")

    @hookimpl
    def status(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, StatusReport]]:
        """Whether zones have their file systems mounted, from the same list as whether they run."""
        by_name: dict[str, list[ResourceId]] = {}
        for resource in resources:
            by_name.setdefault(guest_name(resource), []).append(resource.id)
        for name, answer in read_zones(list(by_name), context):
            if isinstance(answer, OpenSVCError):
                report = StatusReport.undef(answer.message, answer.code)
            else:
                report = place_report(answer)
            yield from ((resource_id, report) for resource_id in by_name[name])

    @hookimpl
    def preflight(self, resource: Resource, action: str, context: Context) -> Veto | None:
        """Before a start: the zone is configured here, or can be."""
        report = context.statuses.get(resource.id)
        if action != "start" or report is None or report.status is not Status.DOWN:
            return None
        if not any(note.code == "not_configured" for note in report.notes):
            return None
        name = guest_name(resource)
        if export_file(resource.id.service, name, context).exists():
            return None
        error = not_configured(name)
        return Veto(error.code, error.message, hint=error.hint, is_liftable=False)

    @hookimpl
    def start(self, resource: Resource, context: Context) -> Outcome:
        """Configure the zone if it is not, attach it if it is not, make it ready, verified.

        Raises:
            ActionError: it is not ready, or that cannot be told.
        """
        name = guest_name(resource)
        limit = Deadline.after(resource.seconds("start_timeout"), context.clock, f"ready of {name}")
        zone = _settled(name, context, limit)
        if zone is None:
            zone = _configured(resource, context)
        if zone.state in PREPARED:
            return Outcome.unchanged(f"{name} is {zone.state} already")
        done = []
        if zone.state in ATTACHABLE:
            _close_zonepath(zone, context)
            zone = _attached(resource, zone, context, limit)
            done.append("attached")
        if zone.state != INSTALLED:
            raise _unfit(zone, "be made ready")
        if not done:
            _close_zonepath(zone, context)
        change = change_zone(name, "ready", context=context, timeout=limit.remaining())
        _await_state(name, PREPARED, context, limit, change)
        return Outcome.changed(" and ".join([*done, "made ready"]))

    @hookimpl
    def stop(self, resource: Resource, context: Context) -> Outcome:
        """Halt a zone that is ready, and detach it, verified. One that runs is not touched: that is its container's.

        Raises:
            ActionError: it is not verified down.
        """
        name = guest_name(resource)
        limit = Deadline.after(resource.seconds("stop_timeout"), context.clock, f"stop of {name}")
        zone = _settled(name, context, limit)
        if zone is None or zone.state in ATTACHABLE:
            return Outcome.unchanged(f"{name} is {'not configured' if zone is None else zone.state}")
        done = []
        if zone.state == READY:
            change = change_zone(name, "halt", context=context, timeout=HALT_LIMIT)
            _await_state(name, {INSTALLED}, context, limit, change)
            done.append("halted")
        elif zone.state != INSTALLED:
            raise _unfit(zone, "be detached")
        if resource.flag("detach"):
            _await_hooks(name, context, limit)
            _detach(name, context, limit)
            done.append("detached")
        return Outcome.changed(" and ".join(done)) if done else Outcome.unchanged(f"{name} is installed, as configured")


def _settled(name: str, context: Context, limit: Deadline) -> Zone | None:
    """The zone once it no longer goes down; the last one seen when that takes too long. Raises ActionError."""
    zone = read_zone(name, context)

    def is_settled() -> bool:
        nonlocal zone
        zone = read_zone(name, context)
        return zone is None or zone.state not in PASSING

    if zone is not None and zone.state in PASSING:
        context.note(f"{name} is {zone.state}: waiting for that to pass", "passing_state")
        try:
            context.wait_until(is_settled, f"{name} to settle", limit.remaining())
        except WaitTimeout:
            context.note(f"{name} did not settle", "passing_state", Severity.WARNING)
    return zone


def _await_state(
    name: str, wanted: frozenset[str] | set[str], context: Context, limit: Deadline, change: CommandResult
) -> None:
    """Wait until a zone is in one of some states. Raises WaitTimeout, or Undetermined where the change was not made."""
    words = " or ".join(sorted(wanted))

    def is_there() -> bool:
        zone = read_zone(name, context, after=change)
        return zone is not None and zone.state in wanted

    context.wait_until(is_there, f"{name} to be {words}", max(1.0, limit.remaining()))


def _configured(resource: Resource, context: Context) -> Zone:
    """The zone, configured from the export that came from a peer. Raises ActionError if that cannot be done."""
    name = guest_name(resource)
    path = export_file(resource.id.service, name, context)
    if not path.exists():
        raise not_configured(name)
    configure(name, path, context)
    if context.is_dry_run:
        # What is next is known: a zone that was just configured is in that state, and lies where its export says.
        text = path.read_text(encoding="utf-8")
        found = re.search(r"^set zonepath=\"?([^\"\n]+?)\"?$", text, re.MULTILINE)
        return Zone(name, CONFIGURED, found.group(1) if found else "", "", "")
    zone = read_zone(name, context)
    if zone is None:
        raise ActionError(f"zonecfg did not refuse {path}, and {name} is not configured", code="not_configured")
    context.note(f"{name} was configured from {path}", "configured")
    return zone


def _close_zonepath(zone: Zone, context: Context) -> None:
    """Zoneadm refuses a zonepath that is not root's alone: make it so (mode 700, root:root), where it is there."""
    looked = context.query("ls", "-ldn", zone.path, timeout=HOOK_LIMIT, check=False)
    words = looked.stdout.split()
    if looked.rc != 0 or len(words) < 4:
        # Zoneadm will say what is wrong with it.
        return
    if words[0][:10] != "drwx------":
        context.run("chmod", "700", zone.path)
    if words[2:4] != ["0", "0"]:
        context.run("chown", "root:root", zone.path)


def _attached(resource: Resource, zone: Zone, context: Context, limit: Deadline) -> Zone:
    """The zone after an attach, tried a second time as configured. Raises ActionError."""
    name = zone.name
    clone = ("-x", "deny-zbe-clone") if resource.flag("deny_zbe_clone") else ()
    option = RETRY_OPTIONS.get(resource.text("attach_retry"), "")
    attempts = [clone]
    if option:
        # A forced attach looks at nothing, so there is nothing to be told how to do it.
        attempts.append((option,) if option == "-F" else (option, *clone))
    for number, options in enumerate(attempts, start=1):
        asked = attempt_change(name, "attach", *options, context=context, timeout=max(1.0, limit.remaining()))
        now = read_zone(name, context, after=asked)
        if now is not None and now.state in {INSTALLED, *PREPARED}:
            return now
        text = f"{name} cannot be attached: {said(asked)}"
        if now is not None and now.state == INCOMPLETE:
            raise ActionError(f"{text}; it is {incomplete(name)}", code="zone_incomplete")
        if number == len(attempts):
            raise ActionError(text, code="not_attached", hint=f"zoneadm -z {name} attach -n FILE validates without it")
        context.note(f"{text}; tried again with {' '.join(attempts[number])}", "attach_retry", Severity.WARNING)
    raise AssertionError  # every way out of the loop is above


def _await_hooks(name: str, context: Context, limit: Deadline) -> None:
    """Wait for what the brand does after a halt: its hook still works on the zone's file systems for some seconds.

    A node that cannot tell has waited enough: a detach that comes too early is refused, and tried again.
    """

    def are_done() -> bool:
        pattern = f"ipkg/poststate.*[^A-Za-z0-9_.-]{re.escape(name)}([^A-Za-z0-9_.-]|$)"
        return context.query("pgrep", "-f", pattern, timeout=HOOK_LIMIT, check=False).rc != 0

    try:
        context.wait_until(are_done, f"the hook after the halt of {name} to end", limit.remaining())
    except (Cancelled, Undetermined):
        raise
    except ActionError as error:
        context.note(error.message, "poststate", Severity.WARNING)


def _detach(name: str, context: Context, limit: Deadline) -> None:
    """Detach, by force where Solaris refuses. Raises ActionError if the zone is still attached."""
    for options in ((), ("-F",)):
        asked = attempt_change(name, "detach", *options, context=context, timeout=max(5.0, limit.remaining()))
        zone = read_zone(name, context, after=asked)
        if zone is None or zone.state in ATTACHABLE:
            return
        if not options:
            text = f"{name} cannot be detached: {said(asked)}; tried again with -F"
            context.note(text, "detach_retry", Severity.WARNING)
    raise ActionError(
        f"{name} cannot be detached: {said(asked)}",
        code="not_detached",
        hint=f"it does not run; detach it before it is started elsewhere: zoneadm -z {name} detach",
    )


def _unfit(zone: Zone, what: str) -> ActionError:
    """The error for a zone whose state allows nothing."""
    name = zone.name
    if zone.state == RUNNING:
        return ActionError(f"{name} runs, and cannot {what}", code="zone_running", hint="stop its container first")
    reason = place_report(zone).notes
    words = "; ".join(note.text for note in reason) or zone.state
    return ActionError(f"{name} cannot {what}: {words}", code="zone_state", hint=f"see zoneadm -z {name} list -v")
