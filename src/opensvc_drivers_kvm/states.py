"""What libvirt's numbers for the state of a domain mean for a service (numbers: libvirt-domain.h)."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from opensvc_core.api import GuestState, Note, Severity, Status


@frozen
class DomainState:
    """State and reason of a domain, as ``virsh domstats --state`` prints them."""

    state: int
    reason: int = 0


RUNNING, BLOCKED, PAUSED, SHUTTING_DOWN, SHUT_OFF, CRASHED, SUSPENDED = range(1, 8)

PAUSED_REASONS: Mapping[int, str] = {
    0: "reason unknown",
    1: "by a user",
    2: "migrating",
    3: "being saved",
    4: "being dumped",
    5: "I/O error",
    6: "watchdog",
    7: "from snapshot",
    8: "shutting down",
    9: "snapshot being made",
    10: "crashed",
    11: "starting up",
    12: "post-copy migration",
    13: "post-copy migration failed",
    14: "API error",
}
PASSING_PAUSES = frozenset({2, 3, 4, 8, 9, 11, 12})
"""Reasons of a pause that libvirt ends by itself. A start whose client was killed is seen as ``starting up``."""

SHUT_OFF_NOTES: Mapping[int, Note] = {
    3: Note("it crashed", "crashed", Severity.WARNING),
    4: Note("it was migrated to another host", "migrated"),
    5: Note("its memory is saved on this node: a start resumes it", "saved"),
    6: Note("its last start failed", "start_failed"),
    8: Note("libvirt lost track of it", "daemon", Severity.WARNING),
}


def guest_state(domain: DomainState, name: str) -> GuestState:
    """What a domain's state means for the service; a number that is not known here is undef, never down."""
    match domain.state:
        case 1:
            return GuestState(Status.UP)
        case 2:
            return GuestState(Status.UP, (Note("idle: its processors wait", "blocked"),))
        case 3:
            return _paused(domain.reason, name)
        case 4:
            return _worry("in shutdown: it still holds its disks", "in_shutdown", is_passing=True)
        case 5:
            note = SHUT_OFF_NOTES.get(domain.reason)
            return GuestState(Status.DOWN, (note,) if note else ())
        case 6:
            # QEMU is kept (on_crash = preserve): the disks are open, so this is not down.
            return _worry("crashed, and kept with its disks for a look: a stop ends it", "crashed")
        case 7:
            return _worry(f"suspended by the guest: wake it with `virsh dompmwakeup {name}`", "pmsuspended")
        case _:
            return GuestState.undef(f"libvirt says state {domain.state}, which means nothing here", "unknown_state")


def _paused(reason: int, name: str) -> GuestState:
    why = PAUSED_REASONS.get(reason, f"reason {reason}")
    if reason in PASSING_PAUSES:
        return _worry(f"paused ({why})", "paused", is_passing=True)
    first = "mend its disk, then " if reason == 5 else ""
    return _worry(f"paused ({why}): {first}`virsh resume {name}`", "paused")


def _worry(text: str, code: str, *, is_passing: bool = False) -> GuestState:
    """Neither up nor down; whoever is in it hears no request to shut down."""
    return GuestState(Status.WARN, (Note(text, code, Severity.WARNING),), obeys_soft_stop=False, is_passing=is_passing)
