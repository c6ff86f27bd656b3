"""The order of a service's resources."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from opensvc_core.errors import PlanError
from opensvc_core.graph import ServiceGraph, build_graph, natural_order
from opensvc_core.model import Phase, Resource, ResourceId, Service, Subset
from tests.opensvc_core.services import make_resource, make_service, services


def _waits(graph: ServiceGraph, rid: str) -> set[str]:
    return {item.rid for item in graph.requirements(ResourceId("svc", rid))}


def test_the_phases_follow_each_other() -> None:
    rids = ["app#0", "ip#1", "container#0", "fs#1", "disk#1"]
    graph = build_graph(make_service(make_resource(rid) for rid in rids))
    assert [resource.rid for resource in graph.resources] == ["disk#1", "fs#1", "ip#1", "container#0", "app#0"]
    assert _waits(graph, "app#0") == {"disk#1", "fs#1", "ip#1", "container#0"}


def test_resources_of_one_phase_do_not_wait_for_each_other() -> None:
    graph = build_graph(make_service([make_resource("disk#1"), make_resource("disk#2")]))
    assert graph.start_edges[ResourceId("svc", "disk#2")] == frozenset()


def test_applications_of_one_place_start_in_the_order_of_their_rids() -> None:
    graph = build_graph(make_service([make_resource("app#10"), make_resource("app#9")]))
    assert _waits(graph, "app#10") == {"app#9"}


def test_what_lives_in_a_guest_waits_for_that_guest_alone() -> None:
    graph = build_graph(
        make_service(
            [
                make_resource("container#0"),
                make_resource("container#1"),
                make_resource("ip#0", "ip.guest", container="container#0"),
                make_resource("ip#1", "ip.guest", container="container#1"),
                make_resource("app#1", container="container#1"),
            ]
        )
    )
    assert _waits(graph, "app#1") == {"container#1", "ip#1"}
    assert _waits(graph, "ip#0") == {"container#0"}


def test_a_subset_keeps_the_order_of_rids_unless_it_is_parallel() -> None:
    members = [make_resource("disk#2", subset="a"), make_resource("disk#1", subset="a")]
    ordered = build_graph(make_service(members, subsets=[Subset("a")]))
    assert _waits(ordered, "disk#2") == {"disk#1"}
    free = build_graph(make_service(members, subsets=[Subset("a", parallel=True)]))
    assert _waits(free, "disk#2") == set()


def test_subsets_follow_each_other_by_name() -> None:
    members = [make_resource("disk#1", subset="b"), make_resource("disk#2", subset="a"), make_resource("disk#3")]
    graph = build_graph(make_service(members))
    assert _waits(graph, "disk#1") == {"disk#2"}
    assert _waits(graph, "disk#3") == set()


def _mount(rid: str, mnt: str, dev: str = "/dev/x", **more: Any) -> Resource:
    return make_resource(rid, "fs.mount", options={"mnt": mnt, "dev": dev}, **more)


def test_a_file_system_waits_for_the_one_that_its_mount_point_lies_on() -> None:
    mounts = [_mount("fs#1", "/srv/erp/data"), _mount("fs#2", "/srv/erp"), _mount("fs#3", "/srv/erpold")]
    graph = build_graph(make_service(mounts))
    assert _waits(graph, "fs#1") == {"fs#2"}
    assert _waits(graph, "fs#2") == set()
    assert _waits(graph, "fs#3") == set(), "a name that only begins alike is no folder above"
    assert ResourceId("svc", "fs#1") in graph.stop_edges[ResourceId("svc", "fs#2")]


def test_a_folder_that_is_shown_elsewhere_waits_for_the_file_system_it_lies_on() -> None:
    shown = _mount("fs#1", "/export", dev="/srv/erp/out")
    graph = build_graph(make_service([shown, _mount("fs#2", "/srv/erp")]))
    assert _waits(graph, "fs#1") == {"fs#2"}


def test_file_systems_of_two_guests_do_not_wait_for_each_other() -> None:
    one = _mount("fs#1", "/srv", container="container#0")
    other = _mount("fs#2", "/srv/data", container="container#1")
    graph = build_graph(make_service([make_resource("container#0"), make_resource("container#1"), one, other]))
    assert "fs#1" not in _waits(graph, "fs#2")


def test_the_order_in_a_subset_of_file_systems_is_that_of_their_mount_points() -> None:
    upper, lower = _mount("fs#1", "/srv/data", subset="a"), _mount("fs#2", "/srv", subset="a")
    graph = build_graph(make_service([upper, lower], subsets=[Subset("a")]))
    assert _waits(graph, "fs#1") == {"fs#2"}


def test_requirements_add_edges_for_their_action_only() -> None:
    disk = make_resource("disk#1", start_requires=("disk#2",))
    other = make_resource("disk#2", stop_requires=("disk#3",))
    graph = build_graph(make_service([disk, other, make_resource("disk#3")]))
    assert _waits(graph, "disk#1") == {"disk#2"}
    assert ResourceId("svc", "disk#3") in graph.stop_edges[ResourceId("svc", "disk#2")]
    assert ResourceId("svc", "disk#3") not in graph.requirements(ResourceId("svc", "disk#2"))


def test_a_cycle_is_printed_as_the_operator_wrote_it() -> None:
    disk = make_resource("disk#1", start_requires=("app#0",))
    with pytest.raises(PlanError) as caught:
        build_graph(make_service([disk, make_resource("app#0")]))
    assert caught.value.code == "cycle"
    assert "disk#1 -> app#0 -> disk#1" in caught.value.message or "app#0 -> disk#1 -> app#0" in caught.value.message


def test_a_stop_cycle_is_found_too() -> None:
    app = make_resource("app#0", stop_requires=("disk#1",))
    with pytest.raises(PlanError, match="stop order runs in a circle"):
        build_graph(make_service([app, make_resource("disk#1")]))


def test_a_requirement_that_names_nothing_is_an_error() -> None:
    with pytest.raises(PlanError, match="'vg#9', which the service does not have"):
        build_graph(make_service([make_resource("disk#1", start_requires=("vg#9",))]))


def test_companions_stand_in_the_graph_with_their_edges() -> None:
    disk = make_resource("disk#1")
    reservation = make_resource("disk#1pr", "disk.scsireserv", companion_of="disk#1")
    graph = build_graph(make_service([disk]), [reservation])
    assert _waits(graph, "disk#1") == {"disk#1pr"}
    assert graph.users(reservation.id) == {disk.id}


def test_what_is_postboot_stands_between_its_container_and_what_lives_in_it() -> None:
    ready = make_resource("container#0ready", "zone.ready", phase=Phase.READY)
    before = [make_resource("disk#0", container="container#0"), make_resource("fs#0", container="container#0")]
    after = [
        make_resource("disk#1", container="container#0", is_postboot=True),
        make_resource("fs#1", container="container#0", is_postboot=True),
    ]
    others = [make_resource(rid, container="container#0") for rid in ("ip#0", "app#0")]
    reservation = make_resource("disk#1pr", "disk.scsireserv", companion_of="disk#1")
    container = make_resource("container#0")
    graph = build_graph(make_service([*others, *after, *before, container]), [ready, reservation])
    assert [resource.rid for resource in graph.resources] == [
        "disk#1pr", "disk#0", "fs#0", "container#0ready", "ip#0", "container#0", "disk#1", "fs#1", "app#0",
    ]  # fmt: skip
    assert _waits(graph, "disk#1") == {"disk#1pr", "disk#0", "fs#0", "container#0ready", "ip#0", "container#0"}
    stop = {rid.rid: {other.rid for other in waits} for rid, waits in graph.stop_edges.items()}
    assert stop["container#0"] == {"disk#1"}
    assert stop["disk#1"] == {"fs#1"}


def test_a_subset_that_is_partly_postboot_makes_no_circle() -> None:
    members = [
        make_resource("container#0"),
        make_resource("disk#0", subset="b", container="container#0"),
        make_resource("disk#1", subset="a", container="container#0", is_postboot=True),
    ]
    graph = build_graph(make_service(members))
    assert [resource.rid for resource in graph.resources] == ["disk#0", "container#0", "disk#1"]


def test_what_is_postboot_waits_for_its_own_container_alone() -> None:
    members = [make_resource("container#0"), make_resource("container#1")]
    graph = build_graph(make_service([*members, make_resource("disk#1", container="container#1", is_postboot=True)]))
    assert _waits(graph, "disk#1") == {"container#1"}


def test_two_resources_of_one_rid_are_an_error() -> None:
    with pytest.raises(PlanError, match="one rid"):
        build_graph(make_service([make_resource("disk#1")]), [make_resource("disk#1")])


def test_numbers_sort_as_numbers() -> None:
    assert sorted(["ip#10", "ip#9", "vmdg", "ip#9a"], key=natural_order) == ["ip#9", "ip#9a", "ip#10", "vmdg"]


@given(services())
def test_the_order_of_any_service_respects_phases_and_edges(service: Service) -> None:
    graph = build_graph(service)
    place = {resource.id: index for index, resource in enumerate(graph.resources)}
    assert set(place) == {resource.id for resource in service.resources}
    for resource_id, waits in graph.start_edges.items():
        assert all(place[other] < place[resource_id] for other in waits)
    hosts = [r for r in graph.resources if r.phase <= Phase.CONTAINER or not r.container]
    for upper in hosts:
        for lower in hosts:
            if lower.phase < upper.phase:
                assert lower.id in graph.requirements(upper.id), (lower.rid, upper.rid)
    for guest in graph.resources:
        if guest.phase > Phase.CONTAINER and guest.container:
            assert guest.container in {item.rid for item in graph.requirements(guest.id)}


@given(services())
def test_a_stop_is_the_exact_reverse_of_a_start(service: Service) -> None:
    graph = build_graph(service)
    turned = {(a, b) for a, waits in graph.start_edges.items() for b in waits}
    assert turned == {(b, a) for a, waits in graph.stop_edges.items() for b in waits}
