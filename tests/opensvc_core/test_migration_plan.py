"""Plans of live migrations: what is refused, and what holds of any of them in every order that its edges allow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.graph import ServiceGraph, build_graph
from opensvc_core.migration_plan import Ends, migration_vetoes, plan_finish, plan_migration, plan_undo
from opensvc_core.model import Phase, Resource
from opensvc_core.plan import Step
from opensvc_core.run import StepResult, StepState
from opensvc_core.wayback import way_back_steps
from tests.opensvc_core.services import make_resource, make_service

GUEST = frozenset({"migrate", "admit", "join", "leave", "settle", "stay"})
ABILITIES = {
    "container.test": GUEST,
    "disk.lvm": GUEST - {"migrate", "stay"},
    "disk.vmdg": frozenset({"join", "leave"}),
    "disk.scsireserv": frozenset({"join", "leave", "settle"}),
}


def graph_of(*resources: Resource) -> ServiceGraph:
    return build_graph(make_service(resources))


def reservation(rid: str) -> Resource:
    return make_resource(f"{rid}pr", "disk.scsireserv", phase=Phase.RESERVATION, companion_of=rid)


def ends_of(graph: ServiceGraph, there: ServiceGraph | None = None) -> Ends:
    return Ends("n1", "n2", graph, there or graph, ABILITIES, "n1")


USUAL = (
    make_resource("container#0"),
    make_resource("vg#1", "disk.lvm"),
    reservation("vg#1"),
    make_resource("app#0", container="container#0"),
)


@st.composite
def migratable(draw: st.DrawFn) -> Ends:
    """Any service that may move: disks on each other or not, with reservations or without."""
    resources = [make_resource("container#0"), make_resource("app#0", container="container#0")]
    disks: list[str] = []
    for index in range(draw(st.integers(0, 4))):
        rid = f"vg#{index}"
        needs = draw(st.lists(st.sampled_from(disks), max_size=1)) if disks else []
        driver = draw(st.sampled_from(["disk.lvm", "disk.vmdg"]))
        resources.append(make_resource(rid, driver, phase=Phase.DISK, start_requires=tuple(needs)))
        disks.append(rid)
        if draw(st.booleans()):
            resources.append(reservation(rid))
    return ends_of(graph_of(*resources))


def words(steps: Iterable[Step]) -> list[str]:
    return [f"{step.action} {step.resource.rid} {step.node}" for step in steps]


def before(steps: Sequence[Step]) -> dict[str, set[str]]:
    """For each step all that must have ended before it."""
    found: dict[str, set[str]] = {}
    for step in steps:
        found[step.id] = set(step.requires).union(*(found[name] for name in step.requires))
    return found


def ids(steps: Iterable[Step], action: str, node: str, *phases: Phase) -> set[str]:
    return {s.id for s in steps if s.action == action and s.node == node and (not phases or s.resource.phase in phases)}


def test_the_order_of_a_migration() -> None:
    assert words(plan_migration(ends_of(graph_of(*USUAL))).steps) == [
        "join vg#1pr n2",
        "admit container#0 n1",
        "admit vg#1 n1",
        "join vg#1 n2",
        "join container#0 n2",
        "migrate container#0 n1",
        "settle container#0 n2",
        "leave vg#1 n1",
        "settle vg#1pr n2",
        "settle vg#1 n2",
        "leave vg#1pr n1",
    ]


@given(migratable())
def test_everything_at_the_destination_is_joined_before_and_nothing_is_left_before_the_guest_has_come(
    ends: Ends,
) -> None:
    steps = plan_migration(ends).steps
    waits = before(steps)
    moved, arrived = ids(steps, "migrate", "n1"), ids(steps, "settle", "n2", Phase.CONTAINER)
    assert len(moved) == len(arrived) == 1
    for name in ids(steps, "join", "n2") | ids(steps, "admit", "n1"):
        assert name in waits[next(iter(moved))]
    assert moved <= waits[next(iter(arrived))]
    for name in ids(steps, "leave", "n1"):
        assert arrived <= waits[name]


@given(migratable())
def test_a_reservation_is_taken_over_when_all_disks_are_left_and_tags_are_written_after_it(ends: Ends) -> None:
    steps = plan_migration(ends).steps
    waits = before(steps)
    taken = ids(steps, "settle", "n2", Phase.RESERVATION)
    for name in taken:
        assert ids(steps, "leave", "n1", Phase.DISK) <= waits[name]
    for name in ids(steps, "settle", "n2", Phase.DISK):
        assert taken <= waits[name]
    for name in ids(steps, "leave", "n1", Phase.RESERVATION):
        assert taken | ids(steps, "settle", "n2", Phase.DISK) <= waits[name]


@given(migratable(), st.data())
def test_a_way_back_from_any_point_is_off_inactive_and_unregistered_before_the_source_writes(
    ends: Ends, data: st.DataObject
) -> None:
    plan = plan_migration(ends)
    moved = next(index for index, step in enumerate(plan.steps) if step.action == "migrate")
    done = data.draw(st.integers(0, moved))
    results = [StepResult(step, StepState.DONE, "") for step in plan.steps[:done]]
    results.append(StepResult(plan.steps[done], data.draw(st.sampled_from([StepState.FAILED, StepState.TIMEOUT])), ""))
    back = way_back_steps(plan, "svc", results, frozenset())
    waits = before(back)
    stays, off = ids(back, "stay", "n1"), ids(back, "leave", "n2", Phase.CONTAINER)
    disks, unregistered = ids(back, "leave", "n2", Phase.DISK), ids(back, "leave", "n2", Phase.RESERVATION)
    assert {step.action for step in back} <= {"stay", "leave", "settle"}
    assert len(back) == len(results)
    for name in off:
        assert stays <= waits[name]
    for name in disks:
        assert off <= waits[name]
    for name in unregistered:
        assert disks <= waits[name]
    for name in ids(back, "settle", "n1"):
        assert stays | off | disks | unregistered <= waits[name]


@given(migratable())
def test_a_recovery_finishes_what_is_left_or_takes_back_what_may_have_been_done(ends: Ends) -> None:
    forward, finish, undo = plan_migration(ends).steps, plan_finish(ends).steps, plan_undo(ends).steps
    assert words(forward)[-len(finish) :] == words(finish)
    waits = before(undo)
    assert ids(undo, "leave", "n1") == set()
    for name in ids(undo, "settle", "n1"):
        assert ids(undo, "leave", "n2") | ids(undo, "stay", "n1") <= waits[name]


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        (make_resource("fs#0"), "mounted_on_node"),
        (make_resource("ip#0", phase=Phase.ADDRESS), "host_address"),
        (make_resource("app#1"), "runs_on_node"),
        (make_resource("disk#9", "disk.hpux_lvm"), "disk_not_shared"),
        (make_resource("vg#9", "disk.lvm", is_disabled=True), "disk_not_shared"),
        (make_resource("container#1"), "not_migratable"),
        (make_resource("fs#1", is_postboot=True, container="container#0"), "mounted_on_node"),
    ],
)
def test_what_ties_a_guest_to_its_node_is_named(extra: Resource, code: str) -> None:
    vetoes = migration_vetoes(ends_of(graph_of(*USUAL, extra)))
    assert [veto.code for veto in vetoes] == [code]
    assert not vetoes[0].is_liftable


def test_a_guest_whose_platform_cannot_move_it_stays() -> None:
    ends = evolve(ends_of(graph_of(*USUAL)), abilities={**ABILITIES, "container.test": frozenset()})
    assert [(veto.code, veto.subject) for veto in migration_vetoes(ends)] == [("not_migratable", "svc/container#0")]


def test_a_destination_with_another_file_is_refused() -> None:
    ends = ends_of(graph_of(*USUAL), graph_of(*USUAL[:1]))
    assert {veto.code for veto in migration_vetoes(ends)} == {"differs_there"}


def test_what_may_move_has_no_veto() -> None:
    assert migration_vetoes(ends_of(graph_of(*USUAL))) == ()
