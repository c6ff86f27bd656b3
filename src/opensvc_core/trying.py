"""One try at a step: what its driver gave or raised, as a result; here, and on a peer for whoever drives the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.errors import ActionError, Cancelled, CommandTimeout, OpenSVCError, WaitTimeout
from opensvc_core.model import Note, Severity, Status
from opensvc_core.run import StepResult, StepState

if TYPE_CHECKING:
    from opensvc_core.attempt import Attempt, Perform, Verify
    from opensvc_core.clock import Clock


def try_step(attempt: Attempt, perform: Perform, verify: Verify, clock: Clock, notes: list[Note]) -> StepResult:
    """Do a step and judge how it ended; raises nothing that a driver does.

    Args:
        attempt: the step, and what bounds it.
        perform: does it.
        verify: asks for the state of what it acts on, where something that brings down failed.
        clock: source of time.
        notes: what ``attempt.on_note`` was told so far; added to.
    """
    step, began = attempt.step, clock.monotonic()
    state, text, failure = StepState.FAILED, "", None
    try:
        outcome = perform(attempt)
        state = StepState.DONE if outcome.is_changed else StepState.UNCHANGED
        text = outcome.text
        notes.extend(note for note in outcome.notes if note not in notes)
    except OpenSVCError as error:
        failure, text = error, error.message
        is_late = isinstance(error, (CommandTimeout, WaitTimeout))
        if isinstance(error, Cancelled) or (attempt.cancel.is_set and is_late):
            state = StepState.CANCELLED
        elif is_late:
            state = StepState.TIMEOUT
    except Exception as error:  # noqa: BLE001 - a driver's bug must not end what others do
        failure = ActionError(f"{step.resource.driver}: {type(error).__name__}: {error}", code="driver_bug")
        failure.__cause__ = error
        text = failure.message
    if failure is not None and step.kind.is_down:
        state, text = _verify_down(attempt, verify, state, text)
    seconds = clock.monotonic() - began
    return StepResult(step, state, text, tuple(notes), seconds, failure, tuple(attempt.lost_changes))


def _verify_down(attempt: Attempt, verify: Verify, state: StepState, text: str) -> tuple[StepState, str]:
    """What was to bring the resource down failed, and may have done it all the same: ask."""
    try:
        status = verify(attempt.step)
    except Exception:  # noqa: BLE001 - whatever went wrong, it could not be told
        status = Status.UNDEF
    if status.is_down:
        attempt.on_note(Note(f"the stop failed, and it is down all the same: {text}", "stop_failed", Severity.WARNING))
        return StepState.DONE, f"verified down after: {text}"
    return state, f"{text} (it is {status.value})"
