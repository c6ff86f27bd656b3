"""What an action would do, as steps and edges, before it does any of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from opensvc_core.errors import PlanError
from opensvc_core.model import Note, Phase, Resource, ResourceId, Service, Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from opensvc_core.graph import Edges, ServiceGraph

MAX_PARALLEL = 16
"""Steps side by side where nobody says otherwise."""
ACTIONS = ("start", "stop", "restart")
"""What a plan can be made for."""


@frozen
class Selection:
    """Which resources of the services an action or a status is about.

    Attributes:
        rids: rids or group names; none means all.
        tags: one expression an element: ``a,b`` means a or b, ``a+b`` means both; none means all.
    """

    rids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def is_partial(self) -> bool:
        """Whether it may leave something out."""
        return bool(self.rids or self.tags)

    def has(self, resource: Resource) -> bool:
        """Whether a resource, or what it accompanies, is chosen."""
        if self.rids and not {resource.rid, resource.id.group, resource.companion_of} & set(self.rids):
            return False
        alternatives = [part for expression in self.tags for part in expression.split(",") if part]
        return not alternatives or any(set(part.split("+")) <= resource.tags for part in alternatives)


@frozen
class Step:
    """One action on one resource on one node.

    Attributes:
        id: ``start vm188/container#0``.
        action: ``start`` or ``stop``.
        resource: what it acts on.
        node: where it is done.
        requires: ids of the steps that must have ended well before.
    """

    id: str
    action: str
    resource: Resource
    node: str
    requires: tuple[str, ...] = ()


@frozen
class Plan:
    """The graph of steps of an action.

    Attributes:
        action: ``start``, ``stop``, ``restart``, or ``recover``.
        services: what it is about.
        graphs: by service name.
        steps: in an order that respects every edge.
        selection: what it was made for.
        notes: what an operator should know before it runs.
    """

    action: str
    services: tuple[Service, ...]
    graphs: Mapping[str, ServiceGraph] = field(hash=False)
    steps: tuple[Step, ...]
    selection: Selection = Selection()
    notes: tuple[Note, ...] = ()

    def step(self, step_id: str) -> Step:
        """The step of that id. Raises KeyError."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)

    @property
    def can_start(self) -> bool:
        """Whether it can bring anything up."""
        return any(step.action == "start" for step in self.steps)


def step_id(action: str, resource_id: ResourceId) -> str:
    """Name of a step; unique in a plan."""
    return f"{action} {resource_id}"


def make_plan(
    action: str, graphs: Sequence[ServiceGraph], selection: Selection, node: str, *, asks_peers: bool = False
) -> Plan:
    """Steps of an action on this node.

    A start has a step for every chosen resource that is not disabled; one that is up already will find nothing to do.
    A stop leaves standby resources, and what they stand on, as they are.

    Args:
        action: ``start``, ``stop`` or ``restart`` (the stop, then the start).
        graphs: one a service.
        selection: which resources.
        node: name of this node.
        asks_peers: whether whoever runs it asks the other nodes; if not, the plan says so.

    Raises:
        PlanError: unknown action, or a selection that matches nothing.
    """
    if action not in ACTIONS:
        raise PlanError(f"no plan for {action!r}", hint=f"one of {', '.join(ACTIONS)}")
    _check_selection(graphs, selection)
    steps: list[Step] = []
    notes: list[Note] = []
    for graph in graphs:
        stops: list[Step] = []
        if action in {"stop", "restart"}:
            stops = _stop_steps(graph, selection, node, notes)
        steps += stops
        if action in {"start", "restart"}:
            chosen = {r.id for r in graph.resources if _acts(r) and selection.has(r)}
            steps += _steps("start", graph, chosen, graph.start_edges, node, after=[step.id for step in stops])
        if not asks_peers:
            notes += _peer_notes(action, graph.service, node)
    return Plan(
        action,
        tuple(g.service for g in graphs),
        {g.service.name: g for g in graphs},
        tuple(steps),
        selection,
        tuple(notes),
    )


def plan_way_back(graph: ServiceGraph, changed: Collection[ResourceId], node: str) -> tuple[Step, ...]:
    """Stops for what a run brought up, or perhaps did, in the exact reverse of the order of a start.

    Args:
        graph: of the service.
        changed: resources to bring down.
        node: name of this node.
    """
    return tuple(_steps("stop", graph, set(changed), graph.stop_edges, node))


def _acts(resource: Resource) -> bool:
    return not resource.is_disabled and resource.phase is not Phase.REPLICATION


def _stop_steps(graph: ServiceGraph, selection: Selection, node: str, notes: list[Note]) -> list[Step]:
    left_up: set[ResourceId] = set()
    for resource in graph.resources:
        if resource.is_standby and not resource.is_disabled:
            left_up |= {resource.id, *graph.requirements(resource.id)}
    chosen = {r.id for r in graph.resources if _acts(r) and selection.has(r)}
    kept = chosen & left_up
    if kept:
        names = ", ".join(sorted(resource_id.rid for resource_id in kept))
        notes.append(
            Note(f"{graph.service.name}: standby resources stay up, with what they stand on: {names}", "standby")
        )
    return _steps("stop", graph, chosen - left_up, graph.stop_edges, node)


def _steps(
    action: str, graph: ServiceGraph, chosen: set[ResourceId], edges: Edges, node: str, after: Sequence[str] = ()
) -> list[Step]:
    """Steps for the chosen resources; an edge that runs through one that is not chosen is kept."""
    order = graph.resources if action == "start" else _topological(graph.resources, edges)
    steps = []
    for resource in order:
        if resource.id in chosen:
            waits = sorted(step_id(action, other) for other in _nearest_chosen(resource.id, chosen, edges))
            steps.append(Step(step_id(action, resource.id), action, resource, node, (*after, *waits)))
    return steps


def _topological(resources: Iterable[Resource], edges: Edges) -> list[Resource]:
    done: set[ResourceId] = set()
    left = list(reversed(tuple(resources)))
    order = []
    while left:
        ready = [resource for resource in left if edges[resource.id] <= done]
        order += ready
        done |= {resource.id for resource in ready}
        left = [resource for resource in left if resource.id not in done]
    return order


def _nearest_chosen(start: ResourceId, chosen: set[ResourceId], edges: Edges) -> set[ResourceId]:
    found: set[ResourceId] = set()
    seen: set[ResourceId] = set()
    todo = list(edges[start])
    while todo:
        here = todo.pop()
        if here in seen:
            continue
        seen.add(here)
        if here in chosen:
            found.add(here)
        else:
            todo.extend(edges[here])
    return found


def _check_selection(graphs: Sequence[ServiceGraph], selection: Selection) -> None:
    everything = [resource for graph in graphs for resource in graph.resources]
    for rid in selection.rids:
        if not any(rid in {resource.rid, resource.id.group} for resource in everything):
            known = ", ".join(dict.fromkeys(resource.rid for resource in everything))
            raise PlanError(f"no resource {rid!r}", code="unknown_rid", hint=f"there are: {known}")
    if selection.is_partial and not any(selection.has(resource) for resource in everything):
        raise PlanError("the selection matches no resource", code="empty_selection", hint="see `osvc status`")


def _peer_notes(action: str, service: Service, node: str) -> Iterable[Note]:
    others = [name for name in service.all_nodes if name != node]
    if action != "stop" and others:
        yield Note(
            f"{service.name}: the other nodes were not asked whether it runs there: {', '.join(others)}",
            "peers_unasked",
            Severity.WARNING,
        )
