"""What zoneadm's words for the state of a zone mean for a service (zones(7), zoneadm.c of illumos)."""

from __future__ import annotations

from opensvc_core.api import GuestState, Note, Severity, Status, StatusReport
from opensvc_drivers_solaris.parse_zones import Zone

RUNNING = "running"
READY = "ready"
INSTALLED = "installed"
CONFIGURED = "configured"
INCOMPLETE = "incomplete"
MOUNTED = "mounted"
UNAVAILABLE = "unavailable"
"""Installed, and its storage or configuration is not there (Solaris 11.x) [R]: an attach brings it back."""
PASSING = frozenset({"shutting_down", "down"})
"""States of a zone that is going down: it holds its file systems, and leaves them by itself."""
ATTACHABLE = frozenset({CONFIGURED, UNAVAILABLE})
PREPARED = frozenset({READY, RUNNING})

_SETTLED = {
    RUNNING: GuestState(Status.UP),
    READY: GuestState(Status.DOWN, (Note("ready, not booted", "zone_ready"),)),
    INSTALLED: GuestState(Status.DOWN),
    CONFIGURED: GuestState(Status.DOWN, (Note("not attached", "zone_detached"),)),
    UNAVAILABLE: GuestState(Status.DOWN, (Note("unavailable: its storage is not there", "zone_unavailable"),)),
}
NOT_CONFIGURED = GuestState(Status.DOWN, (Note("no such zone is configured here", "not_configured"),), is_known=False)


def guest_state(zone: Zone) -> GuestState:
    """The zone as a guest: whether it runs. A word that is not known here is undef, never down."""
    if zone.state in PASSING:
        note = Note(f"{zone.state}: it goes down, and still holds its file systems", "zone_passing")
        return GuestState(Status.WARN, (note,), obeys_soft_stop=False, is_passing=True)
    if zone.state == MOUNTED:
        return _worry("mounted for administration (zoneadm mount): end that with `zoneadm unmount`", "zone_mounted")
    if zone.state == INCOMPLETE:
        return _worry(incomplete(zone.name), "zone_incomplete")
    if zone.state not in _SETTLED:
        return GuestState.undef(f"zoneadm says {zone.state!r} of it, which means nothing here", "unknown_state")
    return _SETTLED[zone.state]


def place_report(zone: Zone | None) -> StatusReport:
    """The place of a zone, which is up while its file systems are mounted: from ready until it is halted."""
    if zone is None:
        return StatusReport(Status.DOWN, NOT_CONFIGURED.notes)
    if zone.state in PREPARED:
        return StatusReport(Status.UP)
    if zone.state == INSTALLED:
        return StatusReport(Status.DOWN, (Note("attached, not ready", "zone_attached"),))
    # Whatever else is down for the guest is down for its place, and what is not known of the one is not of the other.
    return guest_state(zone).report


def incomplete(name: str) -> str:
    """What a zone is whose installation or attachment did not end."""
    return f"incomplete: an install or attach runs, or was cut; if none runs: zoneadm -z {name} uninstall, then attach"


def _worry(text: str, code: str) -> GuestState:
    return GuestState(Status.WARN, (Note(text, code, Severity.WARNING),), obeys_soft_stop=False)
