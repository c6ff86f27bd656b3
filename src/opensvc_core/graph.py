"""The graph of a service: which resource must be up before which. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from attrs import field, frozen

from opensvc_core.errors import PlanError
from opensvc_core.model import Phase, Resource, ResourceId, Service

Edges = Mapping[ResourceId, frozenset[ResourceId]]
"""For each resource those it waits for."""


@frozen
class ServiceGraph:
    """Resources of one service, companions included, and what each waits for.

    Attributes:
        service: the service.
        resources: in the order of a start.
        start_edges: for each resource those that must be up before it starts.
        stop_edges: for each resource those that must be down before it stops.
    """

    service: Service
    resources: tuple[Resource, ...]
    start_edges: Edges = field(hash=False)
    stop_edges: Edges = field(hash=False)

    def users(self, resource_id: ResourceId) -> frozenset[ResourceId]:
        """Everything that directly or indirectly stands on a resource."""
        return _reachable(resource_id, _reversed(self.start_edges))

    def requirements(self, resource_id: ResourceId) -> frozenset[ResourceId]:
        """Everything that a resource directly or indirectly stands on."""
        return _reachable(resource_id, self.start_edges)


def natural_order(rid: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key under which ``ip#10`` comes after ``ip#9``."""
    parts = re.split(r"(\d+)", rid)
    return tuple((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts)


def build_graph(service: Service, companions: Iterable[Resource] = ()) -> ServiceGraph:
    """Order the resources of a service.

    Across phases everything waits for the phases below, except that what lives in one guest waits only for that guest
    and for the lower phases in it; a disk or file system that is postboot lives in its guest. In a phase, resources run
    side by side, but: applications of one place start in the order of their rids; a file system waits for
    the one that its mount point, or the folder that it shows, lies on; the members of a subset start in the order of
    their mount points and rids unless it is ``parallel``; and subsets follow each other by name. ``start_requires``
    and ``stop_requires`` add to that.

    Args:
        service: as configuration describes it.
        companions: what drivers add.

    Raises:
        PlanError: a requirement names no resource, or there is a cycle; the message prints it.
    """
    resources = (*service.resources, *companions)
    by_rid = {resource.rid: resource for resource in resources}
    if len(by_rid) != len(resources):
        raise PlanError(f"{service.name}: two resources have one rid", code="duplicate_rid")
    starts: dict[ResourceId, set[ResourceId]] = {resource.id: set() for resource in resources}
    acting = [resource for resource in resources if resource.phase is not Phase.REPLICATION]
    for resource in acting:
        starts[resource.id] |= {other.id for other in _nearest_below(resource, acting)}
    for earlier, later in _order_within_phases(service, acting):
        starts[later.id].add(earlier.id)
    for resource in resources:
        for rid in resource.start_requires:
            starts[resource.id].add(_named(by_rid, rid, resource, "start_requires").id)
    stops = {resource_id: set(waits) for resource_id, waits in _reversed(starts).items()}
    for resource in resources:
        for rid in resource.stop_requires:
            stops[resource.id].add(_named(by_rid, rid, resource, "stop_requires").id)
    order = _sorted(service.name, starts, "start")
    _sorted(service.name, stops, "stop")
    by_id = {resource.id: resource for resource in resources}
    return ServiceGraph(
        service,
        tuple(by_id[resource_id] for resource_id in order),
        {key: frozenset(value) for key, value in starts.items()},
        {key: frozenset(value) for key, value in stops.items()},
    )


def _named(by_rid: Mapping[str, Resource], rid: str, resource: Resource, keyword: str) -> Resource:
    if rid not in by_rid:
        raise PlanError(f"{resource.id}: {keyword} names {rid!r}, which the service does not have")
    return by_rid[rid]


def _is_under(lower: Resource, upper: Resource) -> bool:
    """Whether ``upper`` waits for ``lower`` by the default order."""
    if lower.rank >= upper.rank or lower.id == upper.id:
        return False
    if upper.is_after_containers and upper.container:
        return lower.rid == upper.container or (lower.is_after_containers and lower.container == upper.container)
    return True


def _nearest_below(resource: Resource, resources: Sequence[Resource]) -> list[Resource]:
    """The resources of the nearest phase below; what lies deeper follows from there, as they wait for it in turn."""
    below = [other for other in resources if _is_under(other, resource)]
    nearest = max((other.rank for other in below), default=None)
    chosen = [other for other in below if other.rank == nearest]
    if any(other.is_after_containers for other in chosen) and not resource.container:
        # What lives in one guest does not wait for the hosts' phases: look below it too.
        chosen += [other for other in below if not other.is_after_containers]
    return chosen


def _order_within_phases(service: Service, resources: Sequence[Resource]) -> Iterable[tuple[Resource, Resource]]:
    """Pairs (earlier, later) inside phases; what is postboot is a phase of its own."""
    for rank in sorted({resource.rank for resource in resources}):
        members = [resource for resource in resources if resource.rank == rank]
        phase = members[0].phase
        sets: dict[str, list[Resource]] = {}
        for resource in sorted(members, key=lambda member: (_folders(member, "mnt"), natural_order(member.rid))):
            sets.setdefault(resource.subset, []).append(resource)
        named = [sets[name] for name in sorted(sets) if name]
        for group in named:
            subset = service.subsets.get(group[0].subset)
            if subset is None or not subset.parallel:
                yield from pairwise(group)
        for earlier, later in pairwise(named):
            yield from ((a, b) for a in earlier for b in later)
        if phase is Phase.APPLICATION:
            places: dict[str, list[Resource]] = {}
            for resource in sets.get("", []):
                places.setdefault(resource.container, []).append(resource)
            for group in places.values():
                yield from pairwise(group)
        if phase is Phase.FILESYSTEM:
            yield from ((lower, upper) for lower in members for upper in members if _is_mounted_below(lower, upper))


def _folders(resource: Resource, keyword: str) -> tuple[str, ...]:
    """The folders on the way of a keyword that is an absolute path; none if it is not, or not set."""
    path = str(resource.options.get(keyword) or "")
    return tuple(part for part in path.split("/") if part) if path.startswith("/") else ()


def _is_mounted_below(lower: Resource, upper: Resource) -> bool:
    """Whether ``upper`` has its mount point, or the file or folder that it mounts, on the file system ``lower``."""
    ground = _folders(lower, "mnt")
    if lower.id == upper.id or lower.container != upper.container or not ground:
        return False
    point = _folders(upper, "mnt")
    return any(path[: len(ground)] == ground for path in (point, _folders(upper, "dev"))) and point != ground


def _reversed(edges: Mapping[ResourceId, Iterable[ResourceId]]) -> dict[ResourceId, frozenset[ResourceId]]:
    turned: dict[ResourceId, set[ResourceId]] = {key: set() for key in edges}
    for key, waits in edges.items():
        for other in waits:
            turned[other].add(key)
    return {key: frozenset(value) for key, value in turned.items()}


def _reachable(start: ResourceId, edges: Edges) -> frozenset[ResourceId]:
    seen: set[ResourceId] = set()
    todo = list(edges.get(start, ()))
    while todo:
        here = todo.pop()
        if here not in seen:
            seen.add(here)
            todo.extend(edges.get(here, ()))
    return frozenset(seen)


def _sorted(name: str, edges: Mapping[ResourceId, Iterable[ResourceId]], action: str) -> list[ResourceId]:
    """A stable topological order. Raises PlanError with the cycle."""
    sorter = TopologicalSorter({key: sorted(value) for key, value in edges.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        # graphlib lists each as a predecessor of the next: read backwards it is "waits for".
        cycle = " -> ".join(resource_id.rid for resource_id in reversed(error.args[1]))
        raise PlanError(
            f"{name}: the {action} order runs in a circle: {cycle} (each waits for the next)",
            code="cycle",
            hint="drop one of the start_requires or stop_requires on it; the rest is the default order of the phases",
        ) from None
    order: list[ResourceId] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=lambda resource_id: natural_order(resource_id.rid))
        order.extend(ready)
        sorter.done(*ready)
    return order
