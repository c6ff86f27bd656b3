"""The walk of a plan: edges, parallelism, failure, the way back, limits, cancellation, a broken journal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from attrs import Factory, define
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.attempt import Attempt
from opensvc_core.clock import Cancel, Deadline, SystemClock
from opensvc_core.errors import ActionError, Cancelled, CommandTimeout, JournalError
from opensvc_core.events import Event, EventKind
from opensvc_core.executor import Executor
from opensvc_core.graph import build_graph
from opensvc_core.model import Outcome, ResourceId, Service, Status
from opensvc_core.plan import Place, Plan, Selection, Step, make_plan
from opensvc_core.run import Run, RunOutcome, StepResult, StepState
from tests.opensvc_core.services import make_resource, make_service, services


@define
class Platform:
    """A platform in memory: what is up, what fails, and a trace of what was asked of it."""

    up: set[ResourceId] = Factory(set)
    fails: dict[str, Exception] = Factory(dict)
    effects: dict[str, Callable[[], object]] = Factory(dict)
    lost: set[str] = Factory(set)
    verified: dict[ResourceId, Status] = Factory(dict)
    trace: list[tuple[str, str]] = Factory(list)
    guard: threading.Lock = Factory(threading.Lock)
    at_once: int = 0
    most_at_once: int = 0
    violations: list[str] = Factory(list)
    waits: Mapping[ResourceId, frozenset[ResourceId]] = Factory(dict)

    def perform(self, attempt: Attempt) -> Outcome:
        step = attempt.step
        with self.guard:
            self.trace.append(("begin", step.id))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return self._do(step, attempt)
        finally:
            with self.guard:
                self.at_once -= 1
                self.trace.append(("end", step.id))

    def _do(self, step: Step, attempt: Attempt) -> Outcome:
        if step.id in self.effects:
            self.effects[step.id]()
        if step.id in self.lost:
            attempt.lost_changes.append(step.id)
        if step.id in self.fails:
            raise self.fails[step.id]
        with self.guard:
            was_up = step.resource.id in self.up
            if step.action == "start":
                self.up.add(step.resource.id)
                return Outcome.unchanged() if was_up else Outcome.changed()
            self.up.discard(step.resource.id)
            return Outcome.changed() if was_up else Outcome.unchanged()

    def verify(self, step: Step) -> Status:
        return self.verified.get(step.resource.id, Status.UP if step.resource.id in self.up else Status.DOWN)

    @property
    def begun(self) -> list[str]:
        return [step for what, step in self.trace if what == "begin"]


@define
class Log:
    """A journal in memory that can be told to break."""

    lines: list[tuple[str, str, bool]] = Factory(list)
    broken_from: int = 10**9

    def _write(self, *line: object) -> None:
        if len(self.lines) >= self.broken_from:
            raise JournalError("the disk is full")
        self.lines.append(line)  # type: ignore[arg-type]

    def begin_step(self, step: Step, *, is_way_back: bool) -> None:
        self._write("begin", step.id, is_way_back)

    def end_step(self, result: StepResult, *, is_way_back: bool) -> None:
        self._write(result.state.value, result.step.id, is_way_back)

    def end_service(self, service: str, outcome: RunOutcome) -> None:
        self._write(outcome.value, service, False)


def run(platform: Platform, plan: Plan, **options: object) -> Run:
    """Walk a plan on the platform; what is up now counts as up before."""
    settings: dict[str, object] = {
        "up_before": frozenset(Place("n1", each) for each in platform.up),
        "log": Log(),
        **options,
    }
    executor = Executor(
        perform=platform.perform,
        verify=platform.verify,
        step_limit=lambda step: 30.0,
        clock=SystemClock(),
        **settings,  # type: ignore[arg-type]
    )
    return executor.run(plan)


def plan_for(*made: Service, action: str = "start") -> Plan:
    return make_plan(action, [build_graph(service) for service in made], Selection(), "n1")


def stack(*rids: str, name: str = "svc", **options: Any) -> Service:
    names = rids or ("disk#1", "fs#1", "container#0", "app#0")
    return make_service([make_resource(rid, service=name, **options) for rid in names], name)


def ids(service: Service, *rids: str) -> set[ResourceId]:
    return {ResourceId(service.name, rid) for rid in rids}


# -- properties -------------------------------------------------------------------------------------------------------


@given(services(), st.sampled_from(["start", "stop"]), st.integers(1, 4), st.data())
def test_every_edge_is_respected_and_never_more_than_allowed_run_at_once(
    service: Service, action: str, max_parallel: int, data: st.DataObject
) -> None:
    plan = plan_for(service, action=action)
    steps = [step.id for step in plan.steps]
    failing = data.draw(st.sets(st.sampled_from(steps), max_size=2)) if steps else set()
    platform = Platform(
        up={r.id for r in service.resources} if action == "stop" else set(),
        fails={step_id: ActionError("it does not want to") for step_id in failing},
    )
    report = run(platform, plan, max_parallel=max_parallel)
    assert platform.most_at_once <= max_parallel
    position = {entry: index for index, entry in enumerate(platform.trace)}
    for step in plan.steps:
        if ("begin", step.id) not in position:
            continue
        for other in step.requires:
            assert position["end", other] < position["begin", step.id]
            assert report.result(other).state.is_good or plan.step(other).resource.is_optional
    assert {result.step.id for result in report.results} == set(steps)
    assert set(report.outcomes) == {service.name}


@given(services(max_size=8), st.data())
def test_the_way_back_is_the_exact_reverse_of_what_changed(service: Service, data: st.DataObject) -> None:
    plan = plan_for(service)
    graph = plan.graphs[service.name]
    needed = [step for step in plan.steps if not step.resource.is_optional]
    if not needed:
        return
    culprit = data.draw(st.sampled_from(needed))
    up_before = data.draw(st.sets(st.sampled_from([r.id for r in service.resources])))
    up_before.discard(culprit.resource.id)
    platform = Platform(up=set(up_before), fails={culprit.id: ActionError("broken")})
    report = run(platform, plan)
    changed = {r.step.resource.id for r in report.results if r.state is StepState.DONE or r.state.is_perhaps_done}
    standing = set(up_before)
    for resource_id in up_before:
        standing |= graph.requirements(resource_id)
    taken_back = [result.step.resource.id for result in report.rollback]
    assert set(taken_back) == changed - standing
    assert up_before <= platform.up
    assert report.outcomes[service.name] is RunOutcome.FAILED
    order = {entry: index for index, entry in enumerate(platform.trace)}
    for upper in taken_back:
        for lower in graph.requirements(upper) & set(taken_back):
            assert order["end", f"stop {upper}"] < order["begin", f"stop {lower}"]


@given(services(max_size=8), st.data())
def test_a_stop_lets_nothing_go_under_what_is_not_verified_down(service: Service, data: st.DataObject) -> None:
    plan = plan_for(service, action="stop")
    if not plan.steps:
        return
    graph = plan.graphs[service.name]
    stuck = data.draw(st.sampled_from(plan.steps)).resource
    everything = {r.id for r in service.resources}
    platform = Platform(
        up=set(everything), fails={f"stop {stuck.id}": ActionError("busy")}, verified={stuck.id: Status.UNDEF}
    )
    report = run(platform, plan)
    assert report.outcomes[service.name] is RunOutcome.UNKNOWN
    assert report.exit_status == 6
    planned = {step.resource.id for step in plan.steps}
    for kept in graph.requirements(stuck.id) & planned:
        assert kept in platform.up
        assert report.result(f"stop {kept}").state is StepState.KEPT
    for other in planned - graph.requirements(stuck.id) - {stuck.id}:
        assert other not in platform.up  # independent branches went on


# -- failure ----------------------------------------------------------------------------------------------------------


def test_a_failed_start_ends_the_run_and_takes_back_what_it_brought_up() -> None:
    service = stack()
    platform = Platform(fails={"start svc/container#0": ActionError("no memory")})
    report = run(platform, plan_for(service))
    assert [r.state for r in report.results] == [
        StepState.DONE,
        StepState.DONE,
        StepState.FAILED,
        StepState.SKIPPED,
    ]
    assert [r.step.id for r in report.rollback] == ["stop svc/container#0", "stop svc/fs#1", "stop svc/disk#1"]
    assert platform.up == set()
    assert (report.outcomes["svc"], report.exit_status) == (RunOutcome.FAILED, 1)


def test_what_was_up_before_is_not_taken_back_nor_what_it_stands_on() -> None:
    service = stack()
    platform = Platform(up=ids(service, "fs#1"), fails={"start svc/app#0": ActionError("no")})
    run(platform, plan_for(service))
    assert platform.up == ids(service, "fs#1", "disk#1")


def test_a_failure_of_an_optional_resource_goes_on() -> None:
    service = make_service([make_resource("fs#1", is_optional=True), make_resource("container#0")])
    platform = Platform(fails={"start svc/fs#1": ActionError("no")})
    report = run(platform, plan_for(service))
    assert report.outcomes["svc"] is RunOutcome.DONE
    assert platform.up == ids(service, "container#0")


def test_an_optional_resource_that_does_not_stop_keeps_what_it_stands_on() -> None:
    service = make_service([make_resource("disk#1"), make_resource("container#0", is_optional=True)])
    platform = Platform(
        up={r.id for r in service.resources},
        fails={"stop svc/container#0": ActionError("deaf")},
        verified={ResourceId("svc", "container#0"): Status.UP},
    )
    report = run(platform, plan_for(service, action="stop"))
    assert report.result("stop svc/disk#1").state is StepState.KEPT
    assert ResourceId("svc", "disk#1") in platform.up
    assert report.outcomes["svc"] is RunOutcome.UNKNOWN


def test_a_stop_that_failed_and_is_verified_down_lets_the_rest_go() -> None:
    service = stack()
    platform = Platform(up={r.id for r in service.resources}, fails={"stop svc/container#0": ActionError("rc 1")})
    platform.verified[ResourceId("svc", "container#0")] = Status.DOWN
    report = run(platform, plan_for(service, action="stop"))
    assert report.outcomes["svc"] is RunOutcome.DONE
    assert "rc 1" in report.result("stop svc/container#0").text


def test_a_way_back_that_cannot_be_verified_keeps_the_disk_and_ends_unknown() -> None:
    service = stack("disk#1", "container#0", "app#0")
    platform = Platform(
        fails={"start svc/app#0": ActionError("no"), "stop svc/container#0": ActionError("hung")},
        verified={ResourceId("svc", "container#0"): Status.UNDEF},
    )
    report = run(platform, plan_for(service))
    assert platform.up == ids(service, "disk#1", "container#0")
    assert report.outcomes["svc"] is RunOutcome.UNKNOWN
    assert report.rollback[-1].state is StepState.KEPT


def test_a_start_that_timed_out_and_may_still_come_keeps_the_disk() -> None:
    service = stack("disk#1", "container#0")
    platform = Platform(
        fails={"start svc/container#0": CommandTimeout("slow", argv=("virsh", "start"))}, lost={"start svc/container#0"}
    )
    report = run(platform, plan_for(service))
    assert report.result("start svc/container#0").state is StepState.TIMEOUT
    # The way back found nothing to stop: that proves nothing while the start may still take effect.
    assert [(r.step.id, r.state) for r in report.rollback] == [
        ("stop svc/container#0", StepState.UNCHANGED),
        ("stop svc/disk#1", StepState.KEPT),
    ]
    assert (platform.up, report.exit_status) == (ids(service, "disk#1"), 6)


def test_a_start_that_timed_out_and_came_before_the_way_back_is_settled() -> None:
    service = stack("disk#1", "container#0")
    guest = ResourceId("svc", "container#0")
    platform = Platform(
        fails={"start svc/container#0": CommandTimeout("slow", argv=("virsh", "start"))}, lost={"start svc/container#0"}
    )
    platform.effects["start svc/container#0"] = lambda: platform.up.add(guest)
    report = run(platform, plan_for(service))
    assert platform.up == set()
    assert report.outcomes["svc"] is RunOutcome.FAILED


def test_a_later_stop_does_not_let_the_disk_go_while_a_lost_start_may_still_come() -> None:
    service = stack("disk#1", "container#0")
    platform = Platform(up=ids(service, "disk#1"))
    report = run(
        platform, plan_for(service, action="stop"), unsettled=frozenset({Place("n1", ResourceId("svc", "container#0"))})
    )
    assert ResourceId("svc", "disk#1") in platform.up
    assert report.outcomes["svc"] is RunOutcome.UNKNOWN


def test_the_failure_of_one_service_leaves_the_others_alone() -> None:
    good, bad = stack(name="good"), stack(name="bad")
    platform = Platform(fails={"start bad/fs#1": ActionError("no")})
    report = run(platform, plan_for(good, bad))
    assert report.outcomes == {"good": RunOutcome.DONE, "bad": RunOutcome.FAILED}
    assert platform.up == {r.id for r in good.resources}
    assert report.exit_status == 1


def test_a_driver_with_a_bug_is_a_failure_with_its_name() -> None:
    service = stack("container#0")
    platform = Platform(fails={"start svc/container#0": ZeroDivisionError("division by zero")})
    report = run(platform, plan_for(service))
    assert report.results[0].state is StepState.FAILED
    assert "container.test: ZeroDivisionError" in report.results[0].text


def test_a_restart_that_fails_takes_back_what_it_brought_up_though_it_was_up_before() -> None:
    service = stack("disk#1", "container#0")
    platform = Platform(up={r.id for r in service.resources}, fails={"start svc/container#0": ActionError("no")})
    report = run(platform, plan_for(service, action="restart"))
    assert platform.up == set()
    assert report.outcomes["svc"] is RunOutcome.FAILED


def test_a_restart_starts_nothing_when_the_stop_is_not_verified() -> None:
    service = stack("disk#1", "container#0")
    platform = Platform(
        up={r.id for r in service.resources},
        fails={"stop svc/container#0": ActionError("deaf")},
        verified={ResourceId("svc", "container#0"): Status.UP},
    )
    report = run(platform, plan_for(service, action="restart"))
    assert not [step for step in platform.begun if step.startswith("start")]
    assert report.outcomes["svc"] is RunOutcome.UNKNOWN


# -- events -----------------------------------------------------------------------------------------------------------


def ends(events: list[Event]) -> list[tuple[str, str, bool]]:
    """Step, state and whether it takes back, of each end of a step."""
    told = [event for event in events if event.kind is EventKind.STEP_END]
    return [(event.step, event.data["state"], event.data["way_back"]) for event in told]


@given(services(max_size=8), st.sampled_from(["start", "stop", "restart"]), st.data())
def test_every_step_is_told_to_end_once_whether_it_began_or_not(
    service: Service, action: str, data: st.DataObject
) -> None:
    plan = plan_for(service, action=action)
    failing = data.draw(st.sets(st.sampled_from([step.id for step in plan.steps]), max_size=2)) if plan.steps else set()
    platform = Platform(
        up=set() if action == "start" else {r.id for r in service.resources},
        fails={step_id: ActionError("it does not want to") for step_id in failing},
    )
    events: list[Event] = []
    report = run(platform, plan, on_event=events.append)
    told = ends(events)
    results = [(r, False) for r in report.results] + [(r, True) for r in report.rollback]
    assert sorted(told) == sorted((r.step.id, r.state.value, is_back) for r, is_back in results)
    begun = [event.step for event in events if event.kind is EventKind.STEP_BEGIN]
    never = [step for step, state, _ in told if state in {"skipped", "kept"}]
    assert sorted(begun + never) == sorted(step for step, _, _ in told)
    assert events[-1].kind is EventKind.RUN_END


def test_a_step_that_never_began_is_told_with_its_reason() -> None:
    events: list[Event] = []
    platform = Platform(fails={"start svc/fs#1": ActionError("no such device")})
    run(platform, plan_for(stack("fs#1", "app#0")), on_event=events.append)
    told = {event.step: event.text for event in events if event.kind is EventKind.STEP_END}
    assert told["start svc/app#0"] == "start svc/fs#1: no such device"


# -- cancellation, limits, authority ----------------------------------------------------------------------------------


def test_a_cancelled_run_starts_no_new_step_and_walks_the_way_back() -> None:
    service = stack()
    cancel = Cancel()
    platform = Platform(fails={"start svc/fs#1": Cancelled("ended")})
    platform.effects["start svc/fs#1"] = lambda: cancel.set("SIGTERM")
    report = run(platform, plan_for(service), cancel=cancel)
    assert report.result("start svc/fs#1").state is StepState.CANCELLED
    assert "start svc/container#0" not in platform.begun
    assert platform.up == set()
    assert (report.outcomes["svc"], report.exit_status) == (RunOutcome.CANCELLED, 8)


def test_a_run_that_was_cancelled_before_it_began_does_nothing() -> None:
    cancel = Cancel()
    cancel.set("SIGINT")
    platform = Platform()
    report = run(platform, plan_for(stack()), cancel=cancel)
    assert platform.begun == []
    assert {result.state for result in report.results} == {StepState.SKIPPED}


def test_the_limit_of_the_run_ends_the_way_forward() -> None:
    service = stack()
    clock = SystemClock()
    platform = Platform()
    report = run(platform, plan_for(service), deadline=Deadline.after(0.0, clock, "the run"))
    assert platform.begun == []
    assert report.outcomes["svc"] is RunOutcome.CANCELLED
    assert "time limit" in report.results[0].text


def test_a_run_whose_authority_ends_takes_back_what_it_did() -> None:
    service = stack()
    platform = Platform()

    class Lease:
        def is_valid(self) -> bool:
            return "start svc/fs#1" not in platform.begun

    report = run(platform, plan_for(service), authority=Lease())
    assert "start svc/container#0" not in platform.begun
    assert platform.up == set()
    assert report.outcomes["svc"] is RunOutcome.FAILED
    assert "authority" in report.result("start svc/container#0").text


def test_a_step_that_outlives_its_limit_is_given_up_and_the_run_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opensvc_core.executor.ABANDON_AFTER", 0.05)
    service = stack("disk#1", "container#0")
    forever = threading.Event()
    platform = Platform(verified={ResourceId("svc", "container#0"): Status.UNDEF})
    platform.effects["start svc/container#0"] = forever.wait
    platform.fails["stop svc/container#0"] = ActionError("cannot tell")
    executor = Executor(
        perform=platform.perform,
        verify=platform.verify,
        step_limit=lambda step: 0.01 if step.id == "start svc/container#0" else 30.0,
        log=Log(),
        clock=SystemClock(),
    )
    report = executor.run(plan_for(service))
    forever.set()
    assert report.result("start svc/container#0").state is StepState.TIMEOUT
    assert report.outcomes["svc"] is RunOutcome.UNKNOWN
    assert ResourceId("svc", "disk#1") in platform.up


def test_a_run_whose_limit_is_over_hears_what_its_steps_have_to_say() -> None:
    service = stack("container#0")
    cancel = Cancel()
    platform = Platform(fails={"start svc/container#0": Cancelled("cancelled: it had begun to boot")})
    # It goes on until it is told to end, which is not before the run's limit.
    platform.effects["start svc/container#0"] = cancel.event.wait
    executor = Executor(
        perform=platform.perform,
        verify=platform.verify,
        step_limit=lambda step: 30.0,
        log=Log(),
        clock=SystemClock(),
        cancel=cancel,
        # Long enough for the step to begin on a machine that is busy.
        deadline=Deadline.after(1.0, SystemClock(), "the run"),
    )
    report = executor.run(plan_for(service))
    result = report.result("start svc/container#0")
    assert (result.state, result.text) == (StepState.CANCELLED, "cancelled: it had begun to boot")
    assert report.outcomes["svc"] is RunOutcome.CANCELLED


# -- the journal ------------------------------------------------------------------------------------------------------


def test_each_step_is_journalled_before_and_after() -> None:
    log = Log()
    run(Platform(), plan_for(stack("disk#1", "app#0")), log=log)
    assert log.lines == [
        ("begin", "start svc/disk#1", False),
        ("done", "start svc/disk#1", False),
        ("begin", "start svc/app#0", False),
        ("done", "start svc/app#0", False),
        ("done", "svc", False),
    ]


def test_nothing_is_started_when_the_journal_cannot_be_written() -> None:
    platform = Platform()
    report = run(platform, plan_for(stack()), log=Log(broken_from=0))
    assert platform.begun == []
    assert report.outcomes["svc"] is RunOutcome.FAILED
    assert [note.code for note in report.notes] == ["journal"]


def test_a_journal_that_breaks_in_the_middle_sends_the_run_back() -> None:
    platform = Platform()
    report = run(platform, plan_for(stack()), log=Log(broken_from=3))
    assert platform.begun == ["start svc/disk#1", "start svc/fs#1", "stop svc/fs#1", "stop svc/disk#1"]
    assert platform.up == set()
    assert report.outcomes["svc"] is RunOutcome.FAILED


def test_a_stop_goes_on_without_a_journal_and_says_so() -> None:
    service = stack()
    platform = Platform(up={r.id for r in service.resources})
    report = run(platform, plan_for(service, action="stop"), log=Log(broken_from=0))
    assert platform.up == set()
    assert report.outcomes["svc"] is RunOutcome.DONE
    assert [note.code for note in report.notes] == ["journal"]
