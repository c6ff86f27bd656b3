"""Plans: which steps, in which order, for which selection."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.errors import PlanError
from opensvc_core.graph import build_graph
from opensvc_core.model import Phase, Service
from opensvc_core.plan import Plan, Selection, make_plan
from tests.opensvc_core.services import make_resource, make_service, services


def _plan(service: Service, action: str = "start", **selection: tuple[str, ...]) -> Plan:
    return make_plan(action, [build_graph(service)], Selection(**selection), "n1")


def _stack() -> Service:
    return make_service([make_resource(rid) for rid in ("disk#1", "fs#1", "container#0", "app#0")])


def test_a_start_goes_up_and_a_stop_goes_down() -> None:
    assert [s.id for s in _plan(_stack()).steps] == [
        "start svc/disk#1",
        "start svc/fs#1",
        "start svc/container#0",
        "start svc/app#0",
    ]
    assert [s.id for s in _plan(_stack(), "stop").steps] == [
        "stop svc/app#0",
        "stop svc/container#0",
        "stop svc/fs#1",
        "stop svc/disk#1",
    ]


def test_a_restart_starts_nothing_before_everything_is_stopped() -> None:
    plan = _plan(_stack(), "restart")
    stops = {step.id for step in plan.steps if step.action == "stop"}
    assert len(stops) == 4
    assert all(stops <= set(step.requires) for step in plan.steps if step.action == "start")


def test_an_order_that_runs_through_something_left_out_is_kept() -> None:
    plan = _plan(_stack(), rids=("disk#1", "app#0"))
    assert plan.step("start svc/app#0").requires == ("start svc/disk#1",)


def test_disabled_resources_have_no_step() -> None:
    service = make_service([make_resource("disk#1", is_disabled=True), make_resource("app#0")])
    assert [step.resource.rid for step in _plan(service).steps] == ["app#0"]


def test_replication_has_no_step() -> None:
    service = make_service([make_resource("sync#1", phase=Phase.REPLICATION), make_resource("app#0")])
    assert [step.resource.rid for step in _plan(service).steps] == ["app#0"]


def test_a_stop_leaves_standby_resources_and_what_they_stand_on() -> None:
    service = make_service(
        [make_resource("disk#1"), make_resource("fs#1", is_standby=True), make_resource("container#0")]
    )
    plan = _plan(service, "stop")
    assert [step.resource.rid for step in plan.steps] == ["container#0"]
    assert [(note.code, "disk#1, fs#1" in note.text) for note in plan.notes] == [("standby", True)]


@pytest.mark.parametrize(
    ("tags", "chosen"), [(("x",), {"app#1", "app#3"}), (("x,y",), {"app#1", "app#2", "app#3"}), (("x+y",), {"app#3"})]
)
def test_tags_select_any_or_all(tags: tuple[str, ...], chosen: set[str]) -> None:
    service = make_service(
        [
            make_resource("app#1", tags=frozenset({"x"})),
            make_resource("app#2", tags=frozenset({"y"})),
            make_resource("app#3", tags=frozenset({"x", "y"})),
        ]
    )
    assert {step.resource.rid for step in _plan(service, tags=tags).steps} == chosen


def test_a_group_selects_all_of_it_and_a_resource_its_companion() -> None:
    disk = make_resource("disk#1")
    pr = make_resource("disk#1pr", "disk.scsireserv", companion_of="disk#1")
    graph = build_graph(make_service([disk, make_resource("disk#2"), make_resource("app#0")]), [pr])
    by_group = make_plan("start", [graph], Selection(rids=("disk",)), "n1")
    assert {step.resource.rid for step in by_group.steps} == {"disk#1", "disk#1pr", "disk#2"}
    by_rid = make_plan("start", [graph], Selection(rids=("disk#1",)), "n1")
    assert [step.resource.rid for step in by_rid.steps] == ["disk#1pr", "disk#1"]


def test_an_unknown_rid_names_those_that_there_are() -> None:
    with pytest.raises(PlanError) as caught:
        _plan(_stack(), rids=("ip#7",))
    assert "ip#7" in caught.value.message
    assert "container#0" in caught.value.hint


def test_a_selection_that_matches_nothing_is_an_error() -> None:
    with pytest.raises(PlanError, match="matches no resource"):
        _plan(_stack(), tags=("nothing",))


def test_a_plan_says_that_the_other_nodes_were_not_asked() -> None:
    service = Service("svc", _stack().path, _stack().resources, nodes=("n1", "n2"), drpnodes=("n3",))
    assert "n2, n3" in _plan(service).notes[0].text
    assert not _plan(service, "stop").notes


@given(services(), st.sampled_from(["start", "stop", "restart"]), st.sets(st.sampled_from(["disk", "app", "fs"])))
def test_steps_stand_in_an_order_that_respects_every_edge(service: Service, action: str, groups: set[str]) -> None:
    present = tuple(sorted({r.id.group for r in service.resources} & groups))
    graph = build_graph(service)
    plan = make_plan(action, [graph], Selection(rids=present), "n1")
    seen: set[str] = set()
    for step in plan.steps:
        assert set(step.requires) <= seen
        seen.add(step.id)
    starts = {step.resource.id: step for step in plan.steps if step.action == "start"}
    for resource_id in starts:
        for needed in graph.requirements(resource_id) & set(starts):
            assert f"start {needed}" in _before(plan, f"start {resource_id}")


def _before(plan: Plan, step_id: str) -> set[str]:
    found: set[str] = set()
    todo = [step_id]
    while todo:
        for other in plan.step(todo.pop()).requires:
            if other not in found:
                found.add(other)
                todo.append(other)
    return found


def _standby_stack() -> Service:
    rids = ("disk#1", "fs#1", "disk#2", "container#0")
    return make_service([make_resource(rid, is_standby=rid == "fs#1") for rid in rids])


def test_standby_resources_start_with_what_they_stand_on_alone() -> None:
    service = make_service(
        [
            make_resource("disk#1"),
            make_resource("fs#1", is_standby=True, start_requires=("disk#1",)),
            make_resource("container#0"),
        ]
    )
    assert [step.id for step in _plan(service, "startstandby").steps] == ["start svc/disk#1", "start svc/fs#1"]
    assert [step.id for step in _plan(service, "stopstandby").steps] == ["stop svc/fs#1", "stop svc/disk#1"]
    assert _plan(_stack(), "startstandby").steps == ()


def test_a_shutdown_stops_standby_resources_too() -> None:
    service = _standby_stack()
    assert [step.resource.rid for step in _plan(service, "stop").steps] == ["container#0"]
    assert {step.resource.rid for step in _plan(service, "shutdown").steps} == {r.rid for r in service.resources}
