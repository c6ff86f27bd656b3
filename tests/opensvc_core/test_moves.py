"""Plans over two nodes and their walk, on a platform in memory: whatever fails, nothing is ever up twice."""

from __future__ import annotations

import threading

from attrs import Factory, define
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.attempt import Attempt
from opensvc_core.clock import SystemClock
from opensvc_core.errors import ActionError
from opensvc_core.executor import Executor
from opensvc_core.graph import ServiceGraph, build_graph
from opensvc_core.model import Outcome, Service, Status
from opensvc_core.moves import Move, plan_move
from opensvc_core.plan import Place, Plan, Step
from opensvc_core.run import Run, RunOutcome, StepState
from tests.opensvc_core.services import services
from tests.opensvc_core.test_executor import Log

SOURCE, DESTINATION = "n1", "n2"


@define
class TwoNodes:
    """What is up where; what fails; whether anything was ever up on both."""

    up: set[Place]
    fails: set[str] = Factory(set)
    stuck: set[str] = Factory(set)
    was_twice: bool = False
    guard: threading.Lock = Factory(threading.Lock)

    def perform(self, attempt: Attempt) -> Outcome:
        step = attempt.step
        with self.guard:
            was_up = step.place in self.up
            if step.id in self.fails:
                if step.action == "start":
                    self._bring_up(step)  # it failed, and came up all the same
                raise ActionError("it does not want to")
            if step.action == "start":
                self._bring_up(step)
                return Outcome.unchanged() if was_up else Outcome.changed()
            self.up.discard(step.place)
            return Outcome.changed() if was_up else Outcome.unchanged()

    def _bring_up(self, step: Step) -> None:
        self.up.add(step.place)
        nodes = {place.node for place in self.up}
        self.was_twice = self.was_twice or len(nodes) > 1

    def verify(self, step: Step) -> Status:
        if step.id in self.stuck:
            return Status.UNDEF
        return Status.UP if step.place in self.up else Status.DOWN


def _plain(service: Service) -> bool:
    return not any(resource.is_standby or resource.is_disabled for resource in service.resources)


def _walk(plan: Plan, platform: TwoNodes) -> Run:
    executor = Executor(
        perform=platform.perform,
        verify=platform.verify,
        step_limit=lambda step: 30.0,
        log=Log(),
        clock=SystemClock(),
        up_before=frozenset(platform.up),
    )
    return executor.run(plan)


def _move(graph: ServiceGraph, here: str) -> Plan:
    return plan_move("switch", [Move({SOURCE: graph, DESTINATION: graph, here: graph}, SOURCE, DESTINATION)], here)


@given(services(), st.sampled_from([SOURCE, DESTINATION, "n3"]))
def test_every_start_waits_for_every_stop_and_says_where_it_is(service: Service, here: str) -> None:
    plan = _move(build_graph(service), here)
    stops = {step.id for step in plan.steps if step.action == "stop"}
    for step in plan.steps:
        assert step.node == (SOURCE if step.action == "stop" else DESTINATION)
        assert step.is_elsewhere == (step.node != here)
        assert step.id.endswith(f" on {step.node}") == step.is_elsewhere
        if step.action == "start":
            assert stops <= set(step.requires)
    assert len({step.id for step in plan.steps}) == len(plan.steps)
    assert set(plan.other_nodes) == {SOURCE, DESTINATION} - {here}
    assert plan.sources(service.name, DESTINATION) == ({SOURCE} if stops and len(plan.steps) > len(stops) else set())


@given(services(max_size=7).filter(_plain), st.sampled_from([SOURCE, DESTINATION, "n3"]), st.data())
def test_whatever_fails_it_is_never_up_twice_and_ends_where_the_outcome_says(
    service: Service, here: str, data: st.DataObject
) -> None:
    graph = build_graph(service)
    plan = _move(graph, here)
    ids = [step.id for step in plan.steps]
    where = "" if here == DESTINATION else f" on {DESTINATION}"
    backs = [f"stop {resource.id}{where}" for resource in graph.resources]
    failing = data.draw(st.sets(st.sampled_from([*ids, *backs]), max_size=3)) if ids else set()
    stuck = data.draw(st.sets(st.sampled_from(sorted(failing)), max_size=3)) if failing else set()
    everything = {resource.id for resource in graph.resources}
    before = {Place(SOURCE, each) for each in everything}
    platform = TwoNodes(set(before), failing, stuck)
    run = _walk(plan, platform)
    assert not platform.was_twice
    outcome = run.outcomes[service.name]
    here_up = {place for place in platform.up if place.node == SOURCE}
    there_up = {place for place in platform.up if place.node == DESTINATION}
    if outcome is RunOutcome.DONE:
        assert not here_up
    if outcome is RunOutcome.FAILED:
        assert not there_up
        missing = {place.id for place in before - here_up}
        assert all(resource.is_optional for resource in graph.resources if resource.id in missing)
    # A stop that is not verified: nothing was started anywhere, by the way forward or back.
    open_stops = [r for r in run.results if r.step.action == "stop" and not r.state.is_good]
    if open_stops:
        assert outcome is RunOutcome.UNKNOWN
        assert {r.state for r in run.results if r.step.action == "start"} <= {StepState.SKIPPED}
        assert run.rollback == ()


@given(services(max_size=7).filter(_plain), st.data())
def test_only_what_was_up_is_started_again(service: Service, data: st.DataObject) -> None:
    graph = build_graph(service)
    plan = _move(graph, SOURCE)
    starts = [step for step in plan.steps if step.action == "start" and not step.resource.is_optional]
    if not starts:
        return
    everything = [resource.id for resource in graph.resources]
    before = {Place(SOURCE, each) for each in data.draw(st.sets(st.sampled_from(everything)))}
    platform = TwoNodes(set(before), {data.draw(st.sampled_from(starts)).id})
    assert _walk(plan, platform).outcomes[service.name] is RunOutcome.FAILED
    assert platform.up == before
