"""A run's report in a few sentences: how it ended for each service, what went wrong, what to do. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.errors import Cancelled
from opensvc_core.run import RunOutcome, StepState

if TYPE_CHECKING:
    from collections.abc import Collection

    from opensvc_core.model import Note
    from opensvc_core.run import Run, StepResult

_BAD = {StepState.FAILED, StepState.TIMEOUT, StepState.KEPT}


def verdict_lines(run: Run) -> list[str]:
    """One line a service: what was asked, how it ended, what that means."""
    return [f"{name}: {_verdict(run, name, outcome)}" for name, outcome in run.outcomes.items()]


def _verdict(run: Run, service: str, outcome: RunOutcome) -> str:
    mine = [result for result in run.results if result.step.resource.id.service == service]
    back = [result for result in run.rollback if result.step.resource.id.service == service]
    taken_back = f"{_count(len(back), 'step')} taken back" if back else "nothing had to be taken back"
    again = sorted({r.step.node for r in back if r.step.action == "start" and r.state.is_good})
    if again:
        taken_back += f", started again on {', '.join(again)}"
    if outcome is RunOutcome.DONE:
        changed = sum(result.state is StepState.DONE for result in mine)
        failed = sum(result.state in _BAD for result in mine)
        lost = f", {_count(failed, 'optional resource')} failed" if failed else ""
        return f"{run.action} done: {_count(changed, 'change')}{lost}"
    if outcome is RunOutcome.UNKNOWN:
        return (
            f"{run.action} ended in a state that cannot be verified: "
            f"look with `osvc status {service}`, then `osvc recover {service}`"
        )
    if run.action == "stop":
        return f"{run.action} {outcome.value}"
    return f"{run.action} {outcome.value}: {taken_back}"


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def problem_lines(run: Run, told: Collection[Note] = ()) -> list[str]:
    """What went wrong, step by step, each with what to do where it is known; and the notes of the run as a whole.

    Args:
        run: the report.
        told: notes to leave out.
    """
    lines = [f"{note.severity.value}: {note.text}" for note in run.notes if note not in told]
    for result in (*run.results, *run.rollback):
        # Who cancels needs no error for it; what a cancelled step could not end is another thing.
        is_stuck = result.state is StepState.CANCELLED and not isinstance(result.error, Cancelled | None)
        if result.state in _BAD or is_stuck:
            lines.append(f"error: {result.step.id}: {_reason(result)}")
            if result.error is not None and result.error.hint:
                lines.append(f"hint: {result.error.hint}")
    return lines


def _reason(result: StepResult) -> str:
    return " ".join(result.text.split()) or result.state.value
