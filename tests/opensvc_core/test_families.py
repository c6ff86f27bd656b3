"""Services that stand on other services: the order of a plan, circles, and the way back of a run."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.clock import Cancel
from opensvc_core.errors import ActionError, PlanError
from opensvc_core.model import Service
from opensvc_core.plan import Plan
from opensvc_core.run import RunOutcome, StepState
from tests.opensvc_core.services import services
from tests.opensvc_core.test_executor import Platform, plan_for, run, stack


def _child(service: Service, *parents: str) -> Service:
    return evolve(service, options={"parents": parents})


def _pair() -> tuple[Service, Service]:
    return _child(stack("disk#1", "app#0", name="web"), "db"), stack("disk#1", "app#0", name="db")


def _waits(plan: Plan, step_id: str) -> set[str]:
    """Everything that a step directly or indirectly waits for."""
    seen: set[str] = set()
    todo = list(plan.step(step_id).requires)
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(plan.step(name).requires)
    return seen


def test_a_child_starts_after_its_parent_and_stops_before_it() -> None:
    assert [step.id for step in plan_for(*_pair()).steps] == [
        "start db/disk#1",
        "start db/app#0",
        "start web/disk#1",
        "start web/app#0",
    ]
    assert [step.id for step in plan_for(*_pair(), action="stop").steps] == [
        "stop web/app#0",
        "stop web/disk#1",
        "stop db/app#0",
        "stop db/disk#1",
    ]


def test_a_restart_stops_the_child_first_and_starts_it_last() -> None:
    plan = plan_for(*_pair(), action="restart")
    assert _waits(plan, "stop db/app#0") == {"stop web/app#0", "stop web/disk#1"}
    assert "start db/app#0" in _waits(plan, "start web/disk#1")


def test_a_parent_that_has_nothing_to_start_is_looked_through() -> None:
    web, app, db = _child(stack("app#0", name="web"), "app"), _child(stack(name="app"), "db"), stack("app#0", name="db")
    plan = plan_for(web, evolve(app, resources=()), db)
    assert _waits(plan, "start web/app#0") == {"start db/app#0"}


def test_a_circle_is_printed() -> None:
    a, b = _child(stack(name="a"), "b"), _child(stack(name="b"), "a")
    with pytest.raises(PlanError, match="run in a circle") as caught:
        plan_for(a, b)
    assert caught.value.code == "parent_cycle"
    assert "a -> b -> a" in caught.value.message or "b -> a -> b" in caught.value.message


@given(st.lists(services(), min_size=1, max_size=4), st.sampled_from(["start", "stop", "restart"]), st.data())
def test_no_step_begins_before_those_of_the_other_service(
    drawn: list[Service], action: str, data: st.DataObject
) -> None:
    names = [f"s{index}" for index in range(len(drawn))]
    family = []
    for index, service in enumerate(drawn):
        resources = tuple(evolve(r, id=evolve(r.id, service=names[index])) for r in service.resources)
        above = tuple(data.draw(st.sets(st.sampled_from(names[:index])))) if index else ()
        family.append(_child(evolve(service, name=names[index], resources=resources), *above))
    plan = plan_for(*data.draw(st.permutations(family)), action=action)
    place = {step.id: number for number, step in enumerate(plan.steps)}
    assert all(place[name] < place[step.id] for step in plan.steps for name in step.requires)
    for service in family:
        for parent in service.options["parents"]:
            for mine in (step for step in plan.steps if step.resource.id.service == service.name):
                for other in (s for s in plan.steps if s.resource.id.service == parent and s.action == mine.action):
                    first, last = (other, mine) if mine.action == "start" else (mine, other)
                    assert first.id in _waits(plan, last.id)


def test_a_child_of_a_parent_that_fails_is_not_begun_and_has_failed() -> None:
    platform = Platform(fails={"start db/app#0": ActionError("no")})
    report = run(platform, plan_for(*_pair()))
    assert report.outcomes == {"web": RunOutcome.FAILED, "db": RunOutcome.FAILED}
    assert report.result("start web/disk#1").state is StepState.SKIPPED
    assert platform.up == set()


def test_a_cancel_takes_the_child_back_and_leaves_the_parent_that_had_come_up() -> None:
    cancel = Cancel()
    platform = Platform(effects={"start web/disk#1": lambda: cancel.set("Ctrl-C")})
    report = run(platform, plan_for(*_pair()), cancel=cancel)
    assert report.outcomes == {"web": RunOutcome.CANCELLED, "db": RunOutcome.DONE}
    assert [name for name in platform.begun if name.startswith("stop")] == ["stop web/disk#1"]


def test_a_child_that_fails_leaves_its_parent_up() -> None:
    platform = Platform(fails={"start web/app#0": ActionError("no")})
    report = run(platform, plan_for(*_pair()))
    assert report.outcomes == {"web": RunOutcome.FAILED, "db": RunOutcome.DONE}
    assert {each.service for each in platform.up} == {"db"}
