"""Runs, steps and commands as the journal knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from opensvc_core.model import Note

INTERRUPTED = "interrupted"
"""Outcome of a run whose process died before it could say how it ended."""


@frozen
class RunHeader:
    """What is written down before a run's first step."""

    id: str
    action: str
    services: tuple[str, ...]
    user: str
    pid: int
    node: str
    process: str
    boot_id: str
    argv: tuple[str, ...]
    selection: str
    began: float


@frozen
class StepRecord:
    """A step as the journal knows it; ``ended`` is 0 for one that was never seen to end.

    Attributes:
        node: where it was done.
        is_elsewhere: whether that is another node than the one whose journal this is.
    """

    service: str
    rid: str
    action: str
    is_way_back: bool
    state: str
    began: float = 0.0
    ended: float = 0.0
    text: str = ""
    notes: tuple[Note, ...] = ()
    lost_changes: tuple[str, ...] = ()
    node: str = ""
    is_elsewhere: bool = False

    @property
    def step(self) -> str:
        """``start vm188/container#0``, and ``on node2`` if it was done elsewhere."""
        return f"{self.action} {self.service}/{self.rid}" + (f" on {self.node}" if self.is_elsewhere else "")


@frozen
class CommandRecord:
    """A command as the journal knows it; ``ended`` is 0 for one that was never seen to end.

    Attributes:
        action: of the step that it was of: ``start``; empty where an older version wrote it down.
        is_way_back: whether that step took something back.
    """

    id: str
    service: str
    rid: str
    host: str
    argv: tuple[str, ...]
    changes: bool
    time_limit: float
    began: float
    pid: int = 0
    process: str = ""
    ended: float = 0.0
    rc: int | None = None
    stdout: str = ""
    stderr: str = ""
    error: str = ""
    action: str = ""
    is_way_back: bool = False


@frozen
class RunRecord:
    """A run of one service as the journal knows it.

    Attributes:
        process: start time of the process that ran it, which tells it from a later one of the same pid.
        selection: JSON of what it was about: ``rids``, ``tags``, and for a recovery ``way`` and ``undo``.
        outcome: ``done``, ``failed``, ``cancelled``, ``unknown``, ``interrupted``, or empty while it runs.
        recovered_by: id of the run that put right what this one left open, or empty.
        steps: in the order in which they were begun, those of the way back after the others.
        commands: in the order in which they were begun; filled in by ``Feed.run`` alone.
    """

    id: str
    service: str
    action: str
    user: str
    pid: int
    node: str
    process: str
    boot_id: str
    argv: tuple[str, ...]
    selection: str
    began: float
    ended: float = 0.0
    outcome: str = ""
    recovered_by: str = ""
    steps: tuple[StepRecord, ...] = ()
    commands: tuple[CommandRecord, ...] = ()

    def commands_of(self, step: StepRecord) -> tuple[CommandRecord, ...]:
        """The commands of one of its steps, in the order in which they were begun."""
        key = (step.rid, step.action, step.is_way_back)
        return tuple(each for each in self.commands if (each.rid, each.action, each.is_way_back) == key)
