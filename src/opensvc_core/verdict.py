"""What the results of steps mean: whether a start may still come, what was kept, how a run ended. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.run import RunOutcome, StepResult, StepState

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from opensvc_core.model import ResourceId
    from opensvc_core.plan import Step


@frozen
class Verdict:
    """Judges one run by its results so far.

    Attributes:
        forward: results of the way forward by step id, as they come.
        unsettled: resources whose start was cut in an earlier run and may still take effect.
    """

    forward: Mapping[str, StepResult]
    unsettled: frozenset[ResourceId]

    def is_start_lost(self, step: Step) -> bool:
        """Whether a start of what a step stops, in this run or an earlier one, was cut and may still come."""
        start = self.forward.get(f"start {step.resource.id}")
        return (
            step.action == "stop"
            and step.resource.has_own_state
            and (step.resource.id in self.unsettled or (start is not None and bool(start.lost_changes)))
        )

    def is_unsettled(self, result: StepResult) -> bool:
        """Whether a stop found nothing to stop while a start may still come: then nothing below may be let go."""
        return result.state is StepState.UNCHANGED and self.is_start_lost(result.step)

    def never_begun(self, step: Step, results: Mapping[str, StepResult], reason: str) -> StepResult:
        """The result of a step that will never begin: kept, as what stands on it is not verified down, or skipped.

        Args:
            step: the step.
            results: of its walk.
            reason: why the way forward of its service ended, or empty.
        """
        before = [results[other] for other in step.requires if other in results]
        blockers = [r.step for r in before if not r.state.is_good or self.is_unsettled(r)]
        names = ", ".join(blocker.id for blocker in blockers)
        if step.action == "stop" and blockers and all(blocker.action == "stop" for blocker in blockers):
            return StepResult(step, StepState.KEPT, f"left as it is: not verified down: {names}")
        return StepResult(step, StepState.SKIPPED, reason or f"waits for {names}")

    def outcome(
        self, service: str, back: Collection[StepResult] | None, *, has_failed: bool, is_cancelled: bool
    ) -> RunOutcome:
        """How the run ended for a service.

        Args:
            service: its name.
            back: results of its way back; None if it had none.
            has_failed: whether its way forward ended before its end.
            is_cancelled: whether the run was cancelled.
        """
        results = [r for r in self.forward.values() if r.step.resource.id.service == service]
        for result in (*results, *(back or ())):
            is_stop = result.step.action == "stop"
            if is_stop and (result.state.is_perhaps_done or result.state is StepState.KEPT):
                return RunOutcome.UNKNOWN
            if is_stop and self.is_unsettled(result):
                return RunOutcome.UNKNOWN
            if not is_stop and result.lost_changes and back is None and not result.state.is_good:
                return RunOutcome.UNKNOWN  # an optional one that failed: nothing took it back
        if not has_failed:
            return RunOutcome.DONE
        return RunOutcome.CANCELLED if is_cancelled else RunOutcome.FAILED
