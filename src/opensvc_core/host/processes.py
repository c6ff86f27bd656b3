"""Processes beyond our own children: who is running, which group, which command of a run left them.

Linux tells in ``/proc``. Other systems tell less: there a process is known by its pid and by the second in which it
began (``ps -o etime``, POSIX), nobody can be found by a mark in its environment, and what cannot be told is left alone.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
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


PS_LIMIT = 5.0
"""Seconds for one ``ps``, or ``who``."""
SAME_SECONDS = 3.0
"""Seconds by which two tellings of one process' begin may differ: both are whole, and one is taken a moment later."""
_SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"
_ELAPSED = re.compile(r"(?:(?:([0-9]{1,5})-)?([0-9]{1,2}):)?([0-9]{1,2}):([0-9]{2})\Z")


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
def read_boot_id() -> str:
    """What tells this boot of the machine from the one before; empty where the system does not say.

    Linux gives a number; elsewhere it is when the system was booted, as ``who -b`` (POSIX) has it. One for as long as
    this process lives.
    """
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        # In a fixed time zone: else the same boot would have another name after the clocks are put back.
        return " ".join(_ask("who", "-b", TZ="UTC0").split())


def process_start_time(pid: int) -> str:
    """Text that no later process of that pid shares, across reboots too; empty if unknown.

    Start ticks and boot; without ``/proc`` the second, since the epoch, in which it began.
    """
    state = process_state(pid)
    if state is not None:
        return f"{state.started}@{read_boot_id()[:8]}"
    began = None if has_proc() else _began(pid)
    return "" if began is None else f"{began:.0f}"


def parse_elapsed(text: str) -> int | None:
    """Seconds from ``[[DD-]hh:]mm:ss`` (POSIX, ps); ``None`` for anything else."""
    match = _ELAPSED.match(text.strip())
    if match is None:
        return None
    days, hours, minutes, seconds = (int(each or 0) for each in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _ask(*argv: str, **env: str) -> str:
    """What a tool of the system prints, empty if it fails. HP-UX's ``ps`` knows POSIX only with ``UNIX95`` set."""
    try:
        return subprocess.run(
            argv,
            env={"PATH": _SYSTEM_PATH, "LC_ALL": "C", "UNIX95": "1", **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=PS_LIMIT,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def _began(pid: int) -> float | None:
    """When a process began, in seconds since the epoch, without ``/proc``; ``None`` if nobody tells."""
    elapsed = parse_elapsed(_ask("ps", "-o", "etime=", "-p", str(pid)))
    return None if elapsed is None else SystemClock().now() - elapsed


def _is_same(pid: int, start_time: str) -> bool | None:
    """Whether a process of that pid is the one that began then, without ``/proc``; ``None`` if that cannot be told."""
    began = _began(pid)
    try:
        return None if began is None else abs(began - float(start_time)) <= SAME_SECONDS
    except ValueError:
        return None


def has_proc() -> bool:
    """Whether this system shows its processes as Linux does."""
    return (PROC / "self/stat").exists()


def is_running(pid: int, start_time: str) -> bool:
    """Whether that very process still runs; yes if some process has its pid and nobody tells which one it is."""
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
        pass
    return _is_same(pid, start_time) is not False


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


def _is_ours(pgid: int, start_time: str, marker: str) -> bool | None:
    """Whether the living group of that number is the one that was started then, not a later one of the same number.

    ``None`` if that cannot be told: without ``/proc``, of a group whose leader is dead.
    """
    if not has_proc():
        return _is_same(pgid, start_time)
    leader = process_state(pgid)
    if leader is not None:
        # A pid is not given anew while a group bears it, so another start time means that our group is gone.
        return process_start_time(pgid) == start_time
    if not marker:
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
        Whether nothing of the group is left; False if it cannot be killed (stuck in the kernel, or another user's), or
        if nobody can tell whose it is: then it is left alone.
    """
    clock = clock or SystemClock()
    never = threading.Event()
    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, KILL_WAIT)):
        if not is_group_alive(pgid):
            return True
        is_ours = _is_ours(pgid, start_time, marker)
        if not is_ours:
            return is_ours is False
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pgid, number)
        until = clock.monotonic() + seconds
        while is_group_alive(pgid) and clock.monotonic() < until:
            clock.wait(never, POLL)
    return not is_group_alive(pgid)
