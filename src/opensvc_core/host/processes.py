"""Processes beyond our own children: who is running, which group, which command of a run left them (``/proc``)."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path

from attrs import frozen

from opensvc_core.clock import Clock, SystemClock

PROC = Path("/proc")
COMMAND_ID = "OSVC_COMMAND_ID"
"""Variable that marks the processes of a journalled command."""
KILL_WAIT = 1.0
"""Seconds that a process has to vanish after SIGKILL; one that stays is stuck in the kernel."""
POLL = 0.02
"""Seconds between two looks at processes that are not our children: nothing tells us of their end."""


@frozen
class ProcessState:
    """What the kernel says of one process (``/proc/PID/stat``, proc(5)).

    Attributes:
        pid: process id.
        state: one letter: ``R``, ``S``, ``D`` (cannot be killed), ``T``, ``Z`` (dead, not yet reaped), …
        group: process group.
        session: session id.
        started: clock ticks since boot.
    """

    pid: int
    state: str
    group: int
    session: int
    started: int

    @property
    def is_dead(self) -> bool:
        """Whether it only waits for its parent to take note of its end."""
        return self.state in {"Z", "X", "x"}


def parse_stat(text: str) -> ProcessState | None:
    """Read a line of ``/proc/PID/stat``; None if it is not one. The name in brackets may hold blanks and brackets."""
    head, bracket, tail = text.rpartition(")")
    fields = tail.split()
    try:
        pid = int(head.partition(" ")[0])
        return ProcessState(pid, fields[0], int(fields[2]), int(fields[3]), int(fields[19])) if bracket else None
    except (ValueError, IndexError):
        return None


def process_state(pid: int) -> ProcessState | None:
    """State of a process, None if there is none or the system has no ``/proc/PID/stat``."""
    try:
        return parse_stat((PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None


@cache
def _boot() -> str:
    # One for as long as this process lives.
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()[:8]
    except OSError:
        return ""


def process_start_time(pid: int) -> str:
    """Text that no later process of that pid shares, across reboots too: start ticks and boot; empty if unknown."""
    state = process_state(pid)
    return "" if state is None else f"{state.started}@{_boot()}"


def has_proc() -> bool:
    """Whether this system shows its processes as Linux does."""
    return (PROC / "self/stat").exists()


def is_running(pid: int, start_time: str) -> bool:
    """Whether that very process still runs; where the system has no ``/proc``, whether any process has its pid."""
    state = process_state(pid)
    if state is not None:
        return not state.is_dead and process_start_time(pid) == start_time
    if has_proc():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _all_pids() -> list[int]:
    try:
        return [int(entry.name) for entry in os.scandir(PROC) if entry.name.isdigit()]
    except OSError:
        return []


def group_members(pgid: int) -> tuple[int, ...]:
    """Pids of the living processes of a group, its leader dead or not; needs ``/proc``."""
    states = (process_state(pid) for pid in _all_pids())
    return tuple(sorted(state.pid for state in states if state and state.group == pgid and not state.is_dead))


def is_group_alive(pgid: int) -> bool:
    """Whether a group has a living member; dead ones that nobody reaped do not count where ``/proc`` tells."""
    try:
        os.killpg(pgid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return bool(group_members(pgid)) if has_proc() else True


def _marks(pid: int, assignment: bytes) -> bool:
    folder = PROC / str(pid)
    try:
        return folder.stat().st_uid == os.getuid() and assignment in (folder / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def find_by_marker(name: str, value: str) -> list[int]:
    """Living processes of our own user that were started with ``name=value`` in their environment, by pid."""
    assignment = os.fsencode(f"{name}={value}")
    found = [pid for pid in _all_pids() if pid != os.getpid() and _marks(pid, assignment)]
    return sorted(pid for pid in found if (state := process_state(pid)) is not None and not state.is_dead)


def _is_ours(pgid: int, start_time: str, marker: str) -> bool:
    """Whether the living group of that number is the one that was started then, not a later one of the same number."""
    leader = process_state(pgid)
    if leader is not None:
        # A pid is not given anew while a group bears it, so another start time means that our group is gone.
        return process_start_time(pgid) == start_time
    if not has_proc() or not marker:
        return True
    return any(_marks(pid, os.fsencode(f"{COMMAND_ID}={marker}")) for pid in group_members(pgid))


def end_group(pgid: int, start_time: str, grace: float = 2.0, clock: Clock | None = None, *, marker: str = "") -> bool:
    """End what a command of an earlier run left running: SIGTERM, a grace, SIGKILL; found by group, leader dead or not.

    Args:
        pgid: process group, the pid of the command.
        start_time: of the command, as it was journalled: a group of the same number that began later is left alone.
        grace: seconds between SIGTERM and SIGKILL.
        clock: source of time.
        marker: the command's id, by which a group whose leader is dead is recognised.

    Returns:
        Whether nothing of the group is left; False if it cannot be killed (stuck in the kernel, or another user's).
    """
    clock = clock or SystemClock()
    never = threading.Event()
    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, KILL_WAIT)):
        if not is_group_alive(pgid) or not _is_ours(pgid, start_time, marker):
            return True
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pgid, number)
        until = clock.monotonic() + seconds
        while is_group_alive(pgid) and clock.monotonic() < until:
            clock.wait(never, POLL)
    return not is_group_alive(pgid)
