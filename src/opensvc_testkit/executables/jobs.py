"""What libvirt does with a domain for a while: a migration, out of this node or into it; and how it ends."""

# pathlib would add a third to the time of a call:
# ruff: noqa: PTH123
from __future__ import annotations

import os

from opensvc_testkit.executables import life

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import Domain, Node

OUT, IN = "out", "in"
_STATE, _STARTED = 0, 19
"""Fields of ``/proc/PID/stat`` after the name of the program."""


def begin(domain: Domain, direction: str) -> None:
    """This process moves the domain from now on."""
    domain["job"] = {
        "direction": direction,
        "pid": os.getpid(),
        "began": started(os.getpid()),
        "is_over": False,
        "is_aborted": False,
    }


def is_own(domain: Domain | None, direction: str) -> bool:
    """Whether this process still moves the domain."""
    job = domain["job"] if domain is not None else None
    return job is not None and (job["pid"], job["direction"]) == (os.getpid(), direction)


def started(pid: int) -> int:
    """When a process began, in ticks since the machine's boot; 0 if it is no more."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return 0
    return 0 if fields[_STATE] == b"Z" else int(fields[_STARTED])


def settle(node: Node, domain: Domain) -> None:
    """End a job whose client was killed: libvirt sees that its connection is no more."""
    job = domain["job"]
    if job is not None and started(job["pid"]) != job["began"]:
        give_up(node, domain)


def give_up(node: Node, domain: Domain) -> None:
    """End a job: what had come is gone, what was to go runs on; texts and states captured but for what is marked [R].

    A guest that had already gone over stays here, paused, as nobody tells whether it runs there [R].
    """
    job, domain["job"] = domain["job"], None
    if job is None:
        return
    if job["direction"] == IN:
        life.power_off(node, domain, life.OFF_FAILED)
    elif not job["is_over"]:
        resume(domain)


def resume(domain: Domain) -> None:
    """Let a guest go on that does not move after all."""
    domain["job"] = None
    domain["state"], domain["reason"] = life.RUNNING, life.ON_MIGRATION_CANCELED
