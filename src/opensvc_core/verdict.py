"""What the results of steps mean: whether a start may still come, what was kept, how a run ended. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.kinds import KINDS
from opensvc_core.plan import step_id
from opensvc_core.run import RunOutcome, StepResult, StepState

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from opensvc_core.plan import Place, Step


@frozen
class Verdict:
    """Judges one run by its results so far.

    Attributes:
        forward: results of the way forward by step id, as they come.
        unsettled: what had its start cut in an earlier run that may still take effect.
    """

    forward: Mapping[str, StepResult]
    unsettled: frozenset[Place]

    def is_start_lost(self, step: Step) -> bool:
        """Whether a start of what a step brings down, in this run or an earlier one, was cut and may still come."""
        if not step.kind.is_down or not step.resource.has_own_state:
            return False
        if step.place in self.unsettled:
            return True
        # By their names, as steps end while this is asked.
        where = step.node if step.is_elsewhere else ""
        ups = (step_id(action, step.resource.id, where) for action, kind in KINDS.items() if not kind.is_down)
        return any((result := self.forward.get(name)) is not None and result.lost_changes for name in ups)

    def may_restore(self, service: str) -> bool:
        """Whether everything that was to be brought down is: only then is anything started again on a way back."""
        stops = [r for r in self.forward.values() if r.step.resource.id.service == service and r.step.kind.is_down]
        return all(r.state in {StepState.DONE, StepState.UNCHANGED} and not self.is_unsettled(r) for r in stops)

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
        if step.kind.is_down and blockers and all(blocker.kind.is_down for blocker in blockers):
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
        for result in self.forward.values():
            if result.step.resource.id.service == service and self._is_open(result, has_back=back is not None):
                return RunOutcome.UNKNOWN
        for result in back or ():
            is_missed = not result.state.is_good and not (
                result.step.kind.can_start and result.step.resource.is_optional
            )
            if is_missed or self.is_unsettled(result):
                return RunOutcome.UNKNOWN
        if not has_failed:
            return RunOutcome.DONE
        return RunOutcome.CANCELLED if is_cancelled else RunOutcome.FAILED

    def _is_open(self, result: StepResult, *, has_back: bool) -> bool:
        """Whether nobody knows what a step of the way forward left behind."""
        if result.step.kind.is_down:
            return result.state.is_perhaps_done or result.state is StepState.KEPT or self.is_unsettled(result)
        # An optional one that failed: nothing took it back.
        return bool(result.lost_changes) and not has_back and not result.state.is_good
