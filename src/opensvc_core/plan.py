"""What an action would do, as steps and edges, before it does any of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from opensvc_core.errors import PlanError
from opensvc_core.families import join_families
from opensvc_core.kinds import kind_of
from opensvc_core.model import Note, Phase, Resource, ResourceId, Service, Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from opensvc_core.graph import Edges, ServiceGraph
    from opensvc_core.kinds import StepKind

MAX_PARALLEL = 16
"""Steps side by side where nobody says otherwise."""
ACTIONS = ("start", "stop", "restart", "startstandby", "stopstandby", "shutdown")
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


@frozen(order=True)
class Place:
    """One resource on one node: the same service has the same resources on each of its nodes."""

    node: str
    id: ResourceId


@frozen
class Step:
    """One action on one resource on one node.

    Attributes:
        id: ``start vm188/container#0``; ``start vm188/container#0 on node2`` on another node than the run's.
        action: a key of ``kinds.KINDS``: ``start``, ``stop``.
        resource: what it acts on, as its node describes it.
        node: where it is done.
        requires: ids of the steps that must have ended well before.
        is_elsewhere: whether that is another node than the one that drives the run.
        peer: of a step that brings something from another node: that node.
    """

    id: str
    action: str
    resource: Resource
    node: str
    requires: tuple[str, ...] = ()
    is_elsewhere: bool = False
    peer: str = ""

    @property
    def place(self) -> Place:
        """What it acts on, and where."""
        return Place(self.node, self.resource.id)

    @property
    def kind(self) -> StepKind:
        """What it means for the walk."""
        return kind_of(self.action)


@frozen
class Plan:
    """The graph of steps of an action.

    Attributes:
        action: ``start``, ``stop``, ``restart``, ``recover``, ``switch``, …
        services: what it is about.
        graphs: by service name, as this node has them.
        steps: in an order that respects every edge.
        selection: what it was made for.
        notes: what an operator should know before it runs.
        elsewhere: graphs of other nodes where steps are done, by node and service name.
        is_restoring: whether a failure starts again what the run had stopped.
        may_be_up: nodes where parts of the services may be up before it begins, besides those where it stops them.
    """

    action: str
    services: tuple[Service, ...]
    graphs: Mapping[str, ServiceGraph] = field(hash=False)
    steps: tuple[Step, ...]
    selection: Selection = Selection()
    notes: tuple[Note, ...] = ()
    elsewhere: Mapping[tuple[str, str], ServiceGraph] = field(factory=dict, hash=False)
    is_restoring: bool = False
    may_be_up: frozenset[str] = frozenset()

    def step(self, step_id: str) -> Step:
        """The step of that id. Raises KeyError."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)

    @property
    def can_start(self) -> bool:
        """Whether it can bring anything up."""
        return any(step.kind.can_start for step in self.steps)

    @property
    def other_nodes(self) -> tuple[str, ...]:
        """Other nodes where steps are done, or could be on a way back; sorted."""
        return tuple(sorted({node for node, _ in self.elsewhere} | {s.node for s in self.steps if s.is_elsewhere}))

    def graph_at(self, node: str, service: str) -> ServiceGraph:
        """The graph of a service as that node has it. Raises KeyError."""
        found = self.elsewhere.get((node, service))
        return self.graphs[service] if found is None else found

    def sources(self, service: str, node: str) -> frozenset[str]:
        """The nodes where this plan stops a service before it starts it on ``node``."""
        steps = [step for step in self.steps if step.resource.id.service == service]
        if not any(step.action == "start" and step.node == node for step in steps):
            return frozenset()
        return frozenset(step.node for step in steps if step.action == "stop") - {node}


def step_id(action: str, resource_id: ResourceId, elsewhere: str = "") -> str:
    """Name of a step; unique in a plan.

    Args:
        action: of the step.
        resource_id: what it acts on.
        elsewhere: the node, if it is not the one that drives the run.
    """
    return f"{action} {resource_id} on {elsewhere}" if elsewhere else f"{action} {resource_id}"


def make_plan(
    action: str, graphs: Sequence[ServiceGraph], selection: Selection, node: str, *, asks_peers: bool = False
) -> Plan:
    """Steps of an action on this node.

    A start has a step for every chosen resource that is not disabled; one that is up already will find nothing to do.
    A stop leaves standby resources, and what they stand on, as they are. A service starts after those of its parents
    that are in the plan too, and stops before them.

    Args:
        action: ``start``, ``stop`` or ``restart`` (the stop, then the start); ``startstandby`` and ``stopstandby`` are
            about standby resources and what they stand on alone; ``shutdown`` is a stop that leaves nothing up.
        graphs: one a service.
        selection: which resources.
        node: name of this node.
        asks_peers: whether whoever runs it asks the other nodes; if not, the plan says so.

    Raises:
        PlanError: unknown action, a selection that matches nothing, or parents that run in a circle.
    """
    if action not in ACTIONS:
        raise PlanError(f"no plan for {action!r}", hint=f"one of {', '.join(ACTIONS)}")
    _check_selection(graphs, selection)
    steps: list[Step] = []
    notes: list[Note] = []
    for graph in graphs:
        stops: list[Step] = []
        if action in {"stop", "restart"}:
            stops = stop_steps(graph, selection, node, notes)
        elif action in {"stopstandby", "shutdown"}:
            chosen = {r.id for r in graph.resources if _acts(r) and selection.has(r)}
            chosen &= chosen if action == "shutdown" else _standby(graph)
            stops = _steps("stop", graph, chosen, graph.stop_edges, node)
        steps += stops
        if action == "startstandby":
            chosen = {r.id for r in graph.resources if _acts(r) and selection.has(r)} & _standby(graph)
            steps += _steps("start", graph, chosen, graph.start_edges, node)
        if action in {"start", "restart"}:
            steps += start_steps(graph, selection, node, after=[step.id for step in stops])
        if not asks_peers:
            notes += _peer_notes(action, graph.service, node)
    services = tuple(graph.service for graph in graphs)
    joined = tuple(join_families(services, steps))
    return Plan(action, services, {g.service.name: g for g in graphs}, joined, selection, tuple(notes))


def plan_way_back(
    graph: ServiceGraph, changed: Collection[ResourceId], node: str, *, is_elsewhere: bool = False
) -> tuple[Step, ...]:
    """Stops for what a run brought up, or perhaps did, in the exact reverse of the order of a start.

    Args:
        graph: of the service, as that node has it.
        changed: resources to bring down.
        node: where.
        is_elsewhere: whether that is another node than the one that drives the run.
    """
    return tuple(_steps("stop", graph, set(changed), graph.stop_edges, node, is_elsewhere=is_elsewhere))


def clean_steps(graph: ServiceGraph, chosen: Collection[ResourceId], node: str) -> tuple[Step, ...]:
    """Steps that remove what an earlier boot of the node left, in the order of a stop: the reservation last."""
    acting = {resource.id for resource in graph.resources if _acts(resource)}
    return tuple(_steps("clean", graph, acting & set(chosen), graph.stop_edges, node))


def start_steps(
    graph: ServiceGraph, selection: Selection, node: str, *, after: Sequence[str] = (), is_elsewhere: bool = False
) -> list[Step]:
    """Starts of every chosen resource that is not disabled.

    Args:
        graph: of the service, as that node has it.
        selection: which resources.
        node: where.
        after: ids of steps that each of them waits for.
        is_elsewhere: whether that is another node than the one that drives the run.
    """
    chosen = {resource.id for resource in graph.resources if _acts(resource) and selection.has(resource)}
    return _steps("start", graph, chosen, graph.start_edges, node, after, is_elsewhere=is_elsewhere)


def _acts(resource: Resource) -> bool:
    return not resource.is_disabled and resource.phase is not Phase.REPLICATION


def _standby(graph: ServiceGraph) -> set[ResourceId]:
    """Standby resources and what they stand on."""
    found: set[ResourceId] = set()
    for resource in graph.resources:
        if resource.is_standby and not resource.is_disabled:
            found |= {resource.id, *graph.requirements(resource.id)}
    return found


def stop_steps(
    graph: ServiceGraph, selection: Selection, node: str, notes: list[Note], *, is_elsewhere: bool = False
) -> list[Step]:
    """Stops of every chosen resource but standby ones and what these stand on, of which a note tells.

    Args:
        graph: of the service, as that node has it.
        selection: which resources.
        node: where.
        notes: added to.
        is_elsewhere: whether that is another node than the one that drives the run.
    """
    left_up = _standby(graph)
    chosen = {r.id for r in graph.resources if _acts(r) and selection.has(r)}
    kept = chosen & left_up
    if kept:
        names = ", ".join(sorted(resource_id.rid for resource_id in kept))
        notes.append(
            Note(f"{graph.service.name}: standby resources stay up, with what they stand on: {names}", "standby")
        )
    return _steps("stop", graph, chosen - left_up, graph.stop_edges, node, is_elsewhere=is_elsewhere)


def _steps(
    action: str,
    graph: ServiceGraph,
    chosen: set[ResourceId],
    edges: Edges,
    node: str,
    after: Sequence[str] = (),
    *,
    is_elsewhere: bool = False,
) -> list[Step]:
    """Steps for the chosen resources; an edge that runs through one that is not chosen is kept."""
    where = node if is_elsewhere else ""
    order = graph.resources if action == "start" else _topological(graph.resources, edges)
    steps = []
    for resource in order:
        if resource.id in chosen:
            waits = sorted(step_id(action, other, where) for other in _nearest_chosen(resource.id, chosen, edges))
            name = step_id(action, resource.id, where)
            steps.append(Step(name, action, resource, node, (*after, *waits), is_elsewhere))
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
    if action in {"start", "restart"} and others:
        yield Note(
            f"{service.name}: the other nodes were not asked whether it runs there: {', '.join(others)}",
            "peers_unasked",
            Severity.WARNING,
        )
