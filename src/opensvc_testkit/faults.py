"""What can go wrong in a simulated cluster, and the record of its calls."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen


class FaultKind(StrEnum):
    """How one call of a simulated executable goes wrong."""

    HANG = "hang"
    """It blocks until the faults are cleared; then it goes on. With ``after`` its effect is there at once."""
    SLOW = "slow"
    """It begins after ``seconds`` of real time."""
    LATE = "late"
    """``virsh start``: it takes effect, and returns, after ``seconds`` of the cluster's clock, even if the client is
    killed meanwhile."""
    CRASH = "crash"
    """It does its work, prints half of its output and is killed by a signal."""
    GARBAGE = "garbage"
    """It does nothing and prints ``text``, or bytes that mean nothing, with exit status ``status``."""
    PARTIAL = "partial"
    """It does its work and prints half of its output."""
    FAIL = "fail"
    """It does nothing, prints ``text`` on standard error and ends with ``status``."""


class Libvirtd(StrEnum):
    """The libvirtd of one simulated node."""

    RUNNING = "running"
    ABSENT = "absent"
    """There is no socket."""
    KILLED = "killed"
    """It died and left its socket."""
    DENIED = "denied"
    """The socket may not be used."""
    HUNG = "hung"
    """It takes connections and answers none, as after SIGSTOP; clients go on when it runs again."""


@frozen
class RecordedCall:
    """One call of a simulated executable.

    Attributes:
        command: the executable's name.
        arguments: what it was given.
        node: where it ran.
        pid: of its process.
        began: seconds since 1970.
        ended: the same, None if it never ended: it hangs, or was killed.
        status: exit status, None if it never ended.
    """

    command: str
    arguments: tuple[str, ...]
    node: str
    pid: int
    began: float
    ended: float | None = None
    status: int | None = None
