"""What the letters of ``xl list`` for the state of a domain mean for a service (letters: xl(1), tools/xl)."""

from __future__ import annotations

import re

from opensvc_core.api import GuestState, Note, Severity, Status

NOT_RUNNING = GuestState(Status.DOWN)
"""Xen forgets a domain that does not run: one that never was looks the same. ``xm`` lists some without an id."""

_LETTERS = re.compile(r"[r-][b-][p-][s-][-rscwS][d-]\Z")


def guest_state(letters: str, name: str, tool: str) -> GuestState:
    """What six letters mean: running, blocked, paused, shut down, why, dying. Others are undef, never down.

    Args:
        letters: as listed.
        name: of the domain, for what to do.
        tool: ``xl`` or ``xm``.
    """
    if not _LETTERS.match(letters):
        return GuestState.undef(f"{tool} says state {letters!r}, which means nothing here", "unknown_state")
    reason = letters[4]
    if letters[5] == "d":
        return _worry("dying: Xen still holds its memory, and maybe its disks", "dying", is_passing=True)
    # xm puts its letter for a crash there without the one for a domain that is shut down.
    if letters[3] == "s" or reason != "-":
        return _shut_down(reason, name, tool)
    if letters[2] == "p":
        return _worry(f"paused: `{tool} unpause {name}`", "paused")
    return GuestState(Status.UP)


def _shut_down(reason: str, name: str, tool: str) -> GuestState:
    match reason:
        case "c" | "w":
            why = "crashed" if reason == "c" else "stopped by its watchdog"
            return _worry(f"{why}, and kept with its disks: a stop, or `{tool} destroy {name}`, ends it", "crashed")
        case "s":
            return _worry("suspended: it is being saved or migrated", "suspended", is_passing=True)
        case "r" | "S":
            return _worry("rebooting", "rebooting", is_passing=True)
        case _:
            return _worry("shut down, and not destroyed yet: Xen still holds its disks", "shut_down", is_passing=True)


def moving_state(name: str, *, is_incoming: bool) -> GuestState:
    """A migration is under way: the domain is known here under a name that ends with ``--incoming`` or the like."""
    text = "is being received from another node" if is_incoming else "has moved to another node, and is not gone yet"
    return _worry(f"{name} {text}", "migrating", is_passing=True)


def _worry(text: str, code: str, *, is_passing: bool = False) -> GuestState:
    """Neither up nor down; whoever is in it hears no request to shut down."""
    return GuestState(Status.WARN, (Note(text, code, Severity.WARNING),), obeys_soft_stop=False, is_passing=is_passing)
