"""What the words of LXC for the state of a container mean for a service (words: lxc-wait(1), LXC's state.c)."""

from __future__ import annotations

from opensvc_core.api import GuestState, Note, Severity, Status

NOT_DEFINED = GuestState(Status.DOWN, (Note("not defined in LXC", "not_defined"),), is_known=False)


def guest_state(word: str, name: str, lxcpath: str) -> GuestState:
    """What a container's state means for the service; a word that is not known here is undef, never down."""
    match word:
        case "RUNNING":
            return GuestState(Status.UP)
        case "STOPPED":
            return GuestState(Status.DOWN)
        case "FROZEN":
            # A frozen process gets the request to stop when it is thawed, not before.
            return _worry(f"frozen: `lxc-unfreeze -P {lxcpath} -n {name}`", "frozen")
        case "STARTING":
            return _worry("being started", "starting", is_passing=True)
        case "STOPPING" | "ABORTING":
            return _worry(f"{word.lower()}: it still holds what it runs on", "stopping", is_passing=True)
        case "FREEZING" | "THAWED":
            return _worry(f"being {'frozen' if word == 'FREEZING' else 'thawed'}", "freezing", is_passing=True)
        case _:
            return GuestState.undef(f"LXC says state {word!r}, which means nothing here", "unknown_state")


def ending_state() -> GuestState:
    """LXC calls it stopped, and its monitor still runs: hooks after the stop may still use its file systems."""
    return _worry("stopped, and its monitor is not done with it (a hook after the stop?)", "stopping", is_passing=True)


def _worry(text: str, code: str, *, is_passing: bool = False) -> GuestState:
    """Neither up nor down; whoever is in it hears no request to shut down."""
    return GuestState(Status.WARN, (Note(text, code, Severity.WARNING),), obeys_soft_stop=False, is_passing=is_passing)
