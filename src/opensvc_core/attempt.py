"""What the executor is handed from outside, and what it hands out for one step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from attrs import Factory, define

from opensvc_core.model import Note, Outcome, Status
from opensvc_core.plan import Step

if TYPE_CHECKING:
    from opensvc_core.clock import Cancel, Deadline
    from opensvc_core.run import RunOutcome, StepResult


class Authority(Protocol):
    """What allows a run to go on: an operator's always does, an engine's as long as its lease."""

    def is_valid(self) -> bool:
        """Asked before each step of the way forward."""
        ...


class OperatorAuthority:
    """The authority of a person at a terminal: it does not run out."""

    def is_valid(self) -> bool:
        """Always."""
        return True


class RunLog(Protocol):
    """The journal of one run. Raises JournalError when it cannot write."""

    def begin_step(self, step: Step, *, is_way_back: bool) -> None:
        """A step is about to begin."""
        ...

    def end_step(self, result: StepResult, *, is_way_back: bool) -> None:
        """A step has ended, or will never begin."""
        ...

    def end_service(self, service: str, outcome: RunOutcome) -> None:
        """All is done for a service."""
        ...


@define
class Attempt:
    """What a performer is handed for one step.

    Attributes:
        step: what to do.
        cancel: ends it.
        deadline: when it must be over.
        is_way_back: whether it takes back.
        on_note: told notes as they come.
        start_was_lost: an earlier start of this resource was cut and may still take effect.
        lost_changes: filled in by the performer: changes whose effect may still come.
    """

    step: Step
    cancel: Cancel
    deadline: Deadline
    is_way_back: bool
    on_note: Callable[[Note], None]
    start_was_lost: bool = False
    lost_changes: list[str] = Factory(list)


Perform = Callable[[Attempt], Outcome]
"""Does a step: gives its outcome, or raises."""
Verify = Callable[[Step], Status]
"""Asks the platform for the state of a step's resource, now."""
StepLimit = Callable[[Step], float]
"""Seconds that a step may take."""
