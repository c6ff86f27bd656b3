"""Walks plans: steps side by side where edges allow, the way back, limits, cancellation, the journal."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping

from attrs import Factory, define, field, frozen

from opensvc_core.attempt import Attempt, Authority, OperatorAuthority, Perform, RunLog, StepLimit, Verify
from opensvc_core.clock import Cancel, Clock, Deadline
from opensvc_core.errors import JournalError, WaitTimeout
from opensvc_core.events import Event, EventKind
from opensvc_core.model import Note, Severity
from opensvc_core.plan import MAX_PARALLEL, Place, Plan, Step
from opensvc_core.run import Run, RunOutcome, StepResult, StepState
from opensvc_core.trying import try_step
from opensvc_core.verdict import Verdict
from opensvc_core.walk import Walk
from opensvc_core.wayback import way_back_steps

ABANDON_AFTER = 15.0
"""Seconds that a step may outlive its limit before it is given up: a process that cannot be killed, a deaf driver."""


def _ignore(event: Event) -> None:
    """Nobody listens."""
    del event


@frozen
class _Underway:
    """A step that was begun: of which walk, until when, since when (monotonic seconds)."""

    walk: Walk
    step: Step
    deadline: Deadline
    began: float


@define
class Executor:
    """Runs one plan.

    Attributes:
        perform: does a step.
        verify: asks for the state of a resource after a stop that failed.
        step_limit: seconds a step may take.
        log: journal of this run.
        clock: source of time.
        cancel: ends the way forward; the way back is walked all the same.
        authority: asked before each step forward.
        on_event: told what happens; must not raise.
        max_parallel: steps at once.
        deadline: of the way forward.
        run_id: name of the run, for events.
        up_before: what was not seen down before the first step, on any of the nodes.
        unsettled: what had its start cut in an earlier run that may still take effect.
        judge: the outcome of a service by how its steps ended, where the rules of starts and stops are not its.
    """

    perform: Perform
    verify: Verify
    step_limit: StepLimit
    log: RunLog
    clock: Clock
    cancel: Cancel = Factory(Cancel)
    authority: Authority = Factory(OperatorAuthority)
    on_event: Callable[[Event], None] = _ignore
    max_parallel: int = MAX_PARALLEL
    deadline: Deadline | None = None
    run_id: str = ""
    up_before: frozenset[Place] = frozenset()
    unsettled: frozenset[Place] = frozenset()
    judge: Callable[[str, Mapping[str, StepResult]], RunOutcome] | None = None
    _verdict: Verdict = field(init=False)
    _notes: list[Note] = Factory(list)
    _finished: queue.SimpleQueue[tuple[Walk, StepResult]] = Factory(queue.SimpleQueue)
    _running: dict[tuple[int, str], _Underway] = Factory(dict)
    _ending: dict[str, str] = Factory(dict)
    _back: dict[str, Walk] = Factory(dict)
    _no_way_back: set[str] = Factory(set)
    _journal_is_broken: bool = False

    def run(self, plan: Plan) -> Run:
        """Walk the plan to its end and, where it failed, the way back.

        A failure ends the way forward of its own service; other services go on. Returns when nothing is left to do;
        never raises for what a step does.
        """
        self._emit(EventKind.RUN_BEGIN, text=plan.action, data={"steps": [step.id for step in plan.steps]})
        forward = Walk({step.id: step for step in plan.steps}, is_way_back=False)
        self._verdict = Verdict(forward.results, self.unsettled)
        walks = [forward]
        # A cancelled run must wake the loop even when no step ends by itself.
        self.cancel.subscribe(lambda: self._finished.put(_WAKE))
        while True:
            self._watch_limits(forward)
            for walk in walks:
                self._begin_ready(walk)
            started = self._start_ways_back(forward, plan)
            walks += started
            if started:
                continue
            if not self._running:
                break
            self._take_one()
        outcomes = self._conclude(plan, forward)
        results = tuple(forward.results[step.id] for step in plan.steps)
        rollback = tuple(result for walk in walks if walk.is_way_back for result in walk.results.values())
        run = Run(self.run_id, plan.action, results, rollback, outcomes, tuple(self._notes))
        self._emit(
            EventKind.RUN_END,
            text=", ".join(f"{name}: {outcome.value}" for name, outcome in outcomes.items()),
            data={"outcomes": {name: outcome.value for name, outcome in outcomes.items()}},
        )
        return run

    # -- the loop -------------------------------------------------------------------------------------------------

    def _watch_limits(self, forward: Walk) -> None:
        """Turn cancellation, the run's limit and lost authority into the end of every service's way forward."""
        reason = ""
        if self.cancel.is_set:
            reason = f"cancelled: {self.cancel.reason}"
        elif self.deadline is not None and self.deadline.is_over:
            reason = "the run's time limit is over"
            self.cancel.set(reason)
        if reason:
            # A service whose steps have all ended has nothing left that could be cancelled: it stays as it was brought.
            for step in forward.unconcluded:
                self._ending.setdefault(step.resource.id.service, reason)

    def _begin_ready(self, walk: Walk) -> None:
        waiting = []
        progressed = True
        while progressed:
            progressed = False
            todo, walk.ready = walk.ready, []
            for step_id in todo:
                step = walk.steps[step_id]
                service = step.resource.id.service
                if not walk.is_way_back and service in self._ending:
                    continue  # never begun: concluded as skipped
                if len(self._running) >= max(1, self.max_parallel):
                    waiting.append(step_id)
                    continue
                if not walk.is_way_back and not self.authority.is_valid():
                    self._ending.setdefault(service, "the authority of this run has ended")
                    continue
                if self._begin(walk, step):
                    progressed = progressed or bool(walk.ready)
        walk.ready = waiting + walk.ready

    def _begin(self, walk: Walk, step: Step) -> bool:
        """Journal the step and start its thread; whether it was begun."""
        service = step.resource.id.service
        try:
            self.log.begin_step(step, is_way_back=walk.is_way_back)
        except JournalError as error:
            self._say_journal_is_broken(error)
            # What is started again on another node, on the way back, is written down there, or refused there.
            if step.kind.can_start and not (walk.is_way_back and step.is_elsewhere):
                self._ending.setdefault(service, f"the journal cannot be written: {error}")
                return False
        limit = self.step_limit(step)
        deadline = Deadline.after(limit, self.clock, f"step {step.id}")
        if self.deadline is not None and not walk.is_way_back:
            deadline = deadline.earliest(self.deadline)
        self._running[id(walk), step.id] = _Underway(walk, step, deadline, self.clock.monotonic())
        self._emit(EventKind.STEP_BEGIN, step, data={"way_back": walk.is_way_back, "limit": limit})
        threading.Thread(target=self._work, args=(walk, step, deadline), name=step.id, daemon=True).start()
        return True

    def _work(self, walk: Walk, step: Step, deadline: Deadline) -> None:
        """In a thread of its own: do the step, report how it ended."""
        notes: list[Note] = []

        def on_note(note: Note) -> None:
            notes.append(note)
            self._emit(EventKind.NOTE, step, note.text, {"severity": note.severity.value, "code": note.code})

        # The way back is walked to its end: what ends the way forward must not end it.
        cancel = Cancel() if walk.is_way_back else self.cancel
        attempt = Attempt(step, cancel, deadline, walk.is_way_back, on_note, self._verdict.is_start_lost(step))
        self._finished.put((walk, try_step(attempt, self.perform, self.verify, self.clock, notes)))

    def _take_one(self) -> None:
        """Wait for the end of a step, or give up one that outlives its limit."""
        now = self.clock.monotonic()
        # Beyond the last moment, so that the wait has an end that is seen as one.
        patience = min(max(0.0, each.deadline.at + ABANDON_AFTER - now) + 0.01 for each in self._running.values())
        if self.deadline is not None and not self.cancel.is_set:
            patience = min(patience, self.deadline.remaining() + 0.01)
        try:
            item = self._finished.get(timeout=patience)
        except queue.Empty:
            self._abandon_overdue()
            return
        if item is not _WAKE:
            walk, result = item
            if self._running.pop((id(walk), result.step.id), None) is not None:
                self._end(walk, result)

    def _abandon_overdue(self) -> None:
        now = self.clock.monotonic()
        for key, each in list(self._running.items()):
            if now < each.deadline.at + ABANDON_AFTER:
                continue
            del self._running[key]
            error = WaitTimeout(
                f"{each.step.id} did not end {ABANDON_AFTER:g} s after its limit and was given up",
                hint="a process that cannot be killed, on storage that hangs perhaps: see `osvc log`",
            )
            lost = (f"{each.step.id}: given up",)
            result = StepResult(
                each.step, StepState.TIMEOUT, error.message, seconds=now - each.began, error=error, lost_changes=lost
            )
            self._end(each.walk, result)

    def _end(self, walk: Walk, result: StepResult) -> None:
        """Take note of how a step ended and release what waits for it."""
        step = result.step
        self._record(walk, result)
        self._emit_end(walk, result)
        if result.state.is_good:
            if not self._verdict.is_unsettled(result):
                walk.release(step.id)
        elif not step.kind.is_down:
            if step.resource.is_optional and result.state is not StepState.CANCELLED:
                walk.release(step.id)
            else:
                self._ending.setdefault(step.resource.id.service, f"{step.id}: {result.text}")

    def _record(self, walk: Walk, result: StepResult) -> None:
        walk.results[result.step.id] = result
        try:
            self.log.end_step(result, is_way_back=walk.is_way_back)
        except JournalError as error:
            self._say_journal_is_broken(error)

    # -- the way back ---------------------------------------------------------------------------------------------

    def _start_ways_back(self, forward: Walk, plan: Plan) -> list[Walk]:
        """Begin the way back of each service whose way forward has ended badly and stands still.

        Those of several services need no order: of a service that has begun, the parents have come to their end.
        """
        begun = []
        busy = {each.step.resource.id.service for each in self._running.values() if not each.walk.is_way_back}
        for service, reason in self._ending.items():
            if service in busy or service in self._back or service in self._no_way_back:
                continue
            may_restore = self._verdict.may_restore(service)
            steps = way_back_steps(plan, service, forward.results.values(), self.up_before, may_restore=may_restore)
            if not steps:
                self._no_way_back.add(service)
                continue
            self._emit(EventKind.ROLLBACK_BEGIN, text=reason, service=service, data={"steps": [s.id for s in steps]})
            walk = Walk({step.id: step for step in steps}, is_way_back=True)
            self._back[service] = walk
            begun.append(walk)
        return begun

    # -- the end --------------------------------------------------------------------------------------------------

    def _conclude(self, plan: Plan, forward: Walk) -> dict[str, RunOutcome]:
        for step in forward.unconcluded:
            if step.action == "start":
                # What it stands on, perhaps another service, did not come up.
                self._ending.setdefault(step.resource.id.service, "")
        for walk in (forward, *self._back.values()):
            for step in walk.unconcluded:
                reason = self._ending.get(step.resource.id.service, "")
                result = self._verdict.never_begun(step, walk.results, reason)
                self._record(walk, result)
                self._emit_end(walk, result)
        outcomes = {}
        for service in plan.services:
            name, back = service.name, self._back.get(service.name)
            outcomes[name] = (
                self.judge(name, forward.results)
                if self.judge is not None
                else self._verdict.outcome(
                    name,
                    None if back is None else back.results.values(),
                    has_failed=name in self._ending,
                    is_cancelled=self.cancel.is_set,
                )
            )
            try:
                self.log.end_service(name, outcomes[name])
            except JournalError as error:
                self._say_journal_is_broken(error)
        return outcomes

    # -- telling --------------------------------------------------------------------------------------------------

    def _say_journal_is_broken(self, error: JournalError) -> None:
        if not self._journal_is_broken:
            self._journal_is_broken = True
            note = Note(
                f"the journal cannot be written, this run goes on without it: {error}", "journal", Severity.ERROR
            )
            self._notes.append(note)
            self._emit(EventKind.NOTE, text=note.text, data={"severity": "error", "code": "journal"})

    def _emit_end(self, walk: Walk, result: StepResult) -> None:
        data = {"state": result.state.value, "seconds": result.seconds, "way_back": walk.is_way_back}
        self._emit(EventKind.STEP_END, result.step, result.text, data)

    def _emit(
        self,
        kind: EventKind,
        step: Step | None = None,
        text: str = "",
        data: Mapping[str, object] | None = None,
        service: str = "",
    ) -> None:
        self.on_event(
            Event(
                kind,
                self.clock.now(),
                self.run_id,
                step.resource.id.service if step else service,
                step.resource.rid if step else "",
                step.id if step else "",
                text,
                dict(data or {}),
            )
        )


_WAKE: tuple[Walk, StepResult] = (None, None)  # type: ignore[assignment]
