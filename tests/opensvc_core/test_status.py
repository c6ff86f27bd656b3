"""Merging statuses: the agent's table, and cannot tell is not down."""

from __future__ import annotations

from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.model import Phase, ResourceId, Status, StatusReport
from opensvc_core.status import aggregate, merge
from tests.opensvc_core.services import make_resource, make_service

U, D, W, NA, X, SU, SD = (
    Status.UP, Status.DOWN, Status.WARN, Status.NA, Status.UNDEF, Status.STDBY_UP, Status.STDBY_DOWN,
)  # fmt: skip


@pytest.mark.parametrize(
    ("given", "merged"),
    [
        ((), NA),
        ((NA, NA), NA),
        ((NA, U), U),
        ((U, U), U),
        ((U, D), W),
        ((U, W), W),
        ((U, SU), U),
        ((U, SD), W),
        ((D, D), D),
        ((D, SU), SU),
        ((D, SD), SD),
        ((SU, SU), SU),
        ((SU, SD), W),
        ((SD, SD), SD),
        ((U, SU, SU), U),
        ((U, SU, D), W),
        ((D, SU, D), SU),
        ((D, SU, SU), SU),
        ((D, SU, U), W),
        ((D, SU, SD), W),
        ((X,), X),
        ((X, D), X),
        ((X, D, NA), X),
        ((X, U), W),
        ((X, SU, D), W),
        ((X, W), W),
    ],
)
def test_merge(given: tuple[Status, ...], merged: Status) -> None:
    for order in permutations(given):
        assert merge(order) is merged


def test_the_table_does_not_depend_on_the_order() -> None:
    for size in (2, 3, 4):
        for statuses in product(Status, repeat=size):
            assert merge(statuses) is merge(tuple(reversed(statuses))), statuses


@given(st.lists(st.sampled_from(list(Status)), max_size=6))
def test_what_cannot_be_told_is_never_shown_as_down(statuses: list[Status]) -> None:
    assert not merge([*statuses, Status.UNDEF]).is_down


@given(st.lists(st.sampled_from(list(Status)), max_size=6))
def test_not_applicable_yields(statuses: list[Status]) -> None:
    assert merge([*statuses, Status.NA]) is merge(statuses)


def _report(*pairs: tuple[object, Status]) -> dict[ResourceId, StatusReport]:
    return {resource.id: StatusReport(status) for resource, status in pairs}  # type: ignore[attr-defined]


def test_optional_resources_count_in_overall_only() -> None:
    vm, app = make_resource("container#0"), make_resource("app#0", is_optional=True)
    status = aggregate(make_service([vm, app]), [vm, app], _report((vm, U), (app, D)))
    assert (status.avail, status.overall) == (U, W)


def test_replication_that_is_up_is_no_news_and_anything_else_is_a_warning() -> None:
    vm, sync = make_resource("container#0"), make_resource("sync#1", phase=Phase.REPLICATION)
    service = make_service([vm, sync])
    assert aggregate(service, [vm, sync], _report((vm, D), (sync, U))).overall is D
    late = aggregate(service, [vm, sync], _report((vm, U), (sync, D)))
    assert (late.avail, late.overall) == (U, W)


def test_a_disabled_resource_is_shown_as_not_applicable_and_said_to_be_up_if_it_is() -> None:
    vm, disk = make_resource("container#0", is_disabled=True), make_resource("disk#1")
    status = aggregate(make_service([vm, disk]), [vm, disk], _report((vm, U), (disk, D)))
    assert status.avail is D
    assert status.resources[0].shown is NA
    assert status.resources[0].report.status is U
    assert [note.code for note in status.resources[0].report.notes] == ["disabled_up"]


def test_a_standby_resource_is_shown_as_such() -> None:
    disk, vm = make_resource("disk#1", is_standby=True), make_resource("container#0")
    status = aggregate(make_service([disk, vm]), [disk, vm], _report((disk, U), (vm, D)))
    assert (status.resources[0].shown, status.avail) == (SU, SU)


def test_a_resource_without_an_answer_is_undef() -> None:
    vm = make_resource("container#0")
    status = aggregate(make_service([vm]), [vm], {})
    assert (status.avail, status.overall) == (X, X)
    assert status.resources[0].report.notes


def test_groups_are_the_columns_of_svcmon() -> None:
    disk, vm, ip = make_resource("disk#1"), make_resource("container#0"), make_resource("ip#1", "ip.guest")
    status = aggregate(make_service([disk, vm, ip]), [disk, vm, ip], _report((disk, U), (vm, U), (ip, D)))
    assert status.groups == {"container": U, "ip": D, "disk": U, "fs": NA, "app": NA, "sync": NA}
