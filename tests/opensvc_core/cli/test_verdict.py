"""What is told of a run when it has ended."""

from __future__ import annotations

from opensvc_core.cli.verdict import problem_lines
from opensvc_core.errors import Cancelled, CommandTimeout
from opensvc_core.plan import Step
from opensvc_core.run import Run, RunOutcome, StepResult, StepState
from tests.opensvc_core.cli.reports import resource


def lines_of(result: StepResult) -> list[str]:
    return problem_lines(Run("r1", "stop", (result,), outcomes={"vm188": RunOutcome.UNKNOWN}))


def test_a_cancelled_step_is_told_where_something_could_not_be_ended() -> None:
    step = Step("stop vm188/vmdg", "stop", resource("vmdg"), "node109")
    stuck = CommandTimeout("`vgs` is given up; it cannot be killed", argv=("vgs",))
    assert lines_of(StepResult(step, StepState.CANCELLED, stuck.message, error=stuck))[0] == (
        "error: stop vm188/vmdg: `vgs` is given up; it cannot be killed"
    )
    assert lines_of(StepResult(step, StepState.CANCELLED, "cancelled: SIGINT", error=Cancelled("SIGINT"))) == []
    assert lines_of(StepResult(step, StepState.CANCELLED)) == []
