"""What a run did: states of steps, outcome of each service, exit status. Pure."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from attrs import field, frozen

from opensvc_core.errors import ExitStatus, OpenSVCError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.model import Note
    from opensvc_core.plan import Step


class StepState(Enum):
    """Where a step is, or how it ended."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    """It changed something and succeeded."""
    UNCHANGED = "unchanged"
    """It was so already."""
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    """Never begun: something before it failed, or the run was cancelled."""
    KEPT = "kept"
    """Never begun: what stands on it is not verified down."""

    @property
    def is_perhaps_done(self) -> bool:
        """Whether it ended in a way that leaves open what it changed."""
        return self in {StepState.FAILED, StepState.TIMEOUT, StepState.CANCELLED}

    @property
    def is_good(self) -> bool:
        """Whether what waits for it may begin."""
        return self in {StepState.DONE, StepState.UNCHANGED}


class RunOutcome(Enum):
    """How a run ended for one service."""

    DONE = "done"
    FAILED = "failed"
    """It failed; what it had brought up was verified down again."""
    CANCELLED = "cancelled"
    """It was cancelled; what it had brought up was verified down again."""
    UNKNOWN = "unknown"
    """The end state of a resource could not be verified; what it stands on was left as it is."""


@frozen
class StepResult:
    """How one step ended.

    Attributes:
        step: the step.
        state: how.
        text: one line.
        notes: warnings that did not fail it.
        seconds: how long it took.
        error: what it raised.
        is_verified: for a stop that failed: whether its resource was seen down nevertheless.
        lost_changes: changing commands that were ended before they answered.
    """

    step: Step
    state: StepState
    text: str = ""
    notes: tuple[Note, ...] = ()
    seconds: float = 0.0
    error: OpenSVCError | None = None
    lost_changes: tuple[str, ...] = ()


_EXITS = {
    RunOutcome.UNKNOWN: ExitStatus.UNKNOWN,
    RunOutcome.CANCELLED: ExitStatus.CANCELLED,
    RunOutcome.FAILED: ExitStatus.FAILED,
    RunOutcome.DONE: ExitStatus.OK,
}


@frozen
class Run:
    """The report of a run.

    Attributes:
        id: of the run, as in the journal.
        action: what was asked for.
        results: of the plan's steps, in the plan's order.
        rollback: of the steps of the way back, in its order.
        outcomes: by service.
        notes: about the run as a whole.
    """

    id: str
    action: str
    results: tuple[StepResult, ...]
    rollback: tuple[StepResult, ...] = ()
    outcomes: Mapping[str, RunOutcome] = field(factory=dict, hash=False)
    notes: tuple[Note, ...] = ()

    @property
    def exit_status(self) -> ExitStatus:
        """The gravest outcome as an exit status."""
        for outcome, status in _EXITS.items():
            if outcome in self.outcomes.values():
                return status
        return ExitStatus.OK

    def result(self, step_id: str) -> StepResult:
        """Result of the plan's step of that id. Raises KeyError."""
        for result in self.results:
            if result.step.id == step_id:
                return result
        raise KeyError(step_id)
