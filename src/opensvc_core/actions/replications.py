"""What ``osvc sync`` would copy where: the plan of one run, before anything is asked of peers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import Factory, evolve, field, frozen

from opensvc_core.actions.perform import Performer
from opensvc_core.errors import PlanError
from opensvc_core.model import Note, Phase, Severity
from opensvc_core.plan import Plan, Selection, Step
from opensvc_core.replication import DRPNODES, NODES, TARGETS, read_stamp, stamp_file, target_nodes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.context import Context
    from opensvc_core.graph import ServiceGraph
    from opensvc_core.model import Resource, Service
    from opensvc_core.replication import Copy

ACTIONS: Mapping[str, tuple[str, ...]] = {"nodes": (NODES,), "drp": (DRPNODES,), "all": TARGETS}
"""What ``osvc sync`` can be followed by, and whom each is about."""


@frozen
class Way:
    """One copy of one resource to one node.

    Attributes:
        service: the service.
        resource: what is copied.
        copy: as its driver describes it.
        target: the node that it goes to.
    """

    service: Service
    resource: Resource
    copy: Copy
    target: str

    @property
    def step_id(self) -> str:
        """Name of its step."""
        return f"sync {self.resource.id} to {self.target}"


@frozen
class Replications:
    """What a run of ``osvc sync`` is to do.

    Attributes:
        action: ``sync nodes``, ``sync drp``, ``sync all``.
        graphs: of its services, by name.
        ways: what is copied where.
        notes: what is left out, and why.
        selection: which resources it was made for.
    """

    action: str
    graphs: Mapping[str, ServiceGraph] = field(hash=False)
    ways: tuple[Way, ...]
    notes: tuple[Note, ...] = ()
    selection: Selection = Factory(Selection)

    def plan(self) -> Plan:
        """The same as steps: one a way; those of one node wait for the service's own files there."""
        ids = {way.step_id for way in self.ways}
        steps = []
        for way in self.ways:
            first = f"sync {way.service.name}/sync#i0 to {way.target}"
            requires = (first,) if first in ids and first != way.step_id else ()
            # One that fails is told at the end and stops none of the others: to the walk it is optional.
            steps.append(Step(way.step_id, "sync", evolve(way.resource, is_optional=True), way.target, requires))
        services = tuple(graph.service for graph in self.graphs.values())
        return Plan(self.action, services, self.graphs, tuple(steps), self.selection, self.notes)


def reading_context(agent: Agent, services: Sequence[Service]) -> Context:
    """For hooks that tell something of resources, outside of a run."""
    plan = Plan("status", tuple(services), {}, ())
    return Performer(agent, plan, {}, "", lambda _: None).reading_context("status")


def plan_replications(
    agent: Agent, word: str, services: Sequence[Service], selection: Selection, *, is_forced: bool = False
) -> Replications:
    """What is to be copied now.

    Args:
        agent: this node's.
        word: ``nodes``, ``drp`` or ``all``.
        services: which.
        selection: which of their resources.
        is_forced: whether what was copied a moment ago is copied again.

    Raises:
        PlanError: no such word, or the selection names no replication.
    """
    if word not in ACTIONS:
        raise PlanError(f"nothing replicates to {word!r}", hint=f"one of {', '.join(ACTIONS)}")
    ways: list[Way] = []
    notes: list[Note] = []
    graphs = {service.name: agent.graph(service) for service in services}
    found = False
    for service in services:
        context = reading_context(agent, (service,))
        for resource in service.resources:
            if resource.phase is not Phase.REPLICATION or not selection.has(resource):
                continue
            found = True
            if resource.is_disabled:
                continue
            if resource.problem:
                notes.append(Note(f"{resource.id}: {resource.problem}", "driver_missing", Severity.ERROR))
                continue
            copy = agent.dispatcher.describe_copy(resource, context)
            wanted = [target for target in copy.targets if target in ACTIONS[word]]
            for node in target_nodes(service, wanted, agent.node.name):
                fresh = "" if is_forced else _freshness(agent, resource, copy, node)
                if fresh:
                    notes.append(Note(f"{resource.id} to {node}: {fresh}", "sync_fresh"))
                else:
                    ways.append(Way(service, resource, copy, node))
    if selection.is_partial and not found:
        raise PlanError("the selection matches no replication", code="empty_selection", hint="see `osvc status`")
    return Replications(f"sync {word}", graphs, tuple(ways), tuple(notes), selection)


def _freshness(agent: Agent, resource: Resource, copy: Copy, node: str) -> str:
    stamp = read_stamp(stamp_file(agent.node.folders, node, resource.id))
    age = None if stamp is None else agent.clock.now() - stamp.at
    if age is None or not 0 <= age < copy.min_delay:
        return ""
    return f"replicated {age / 60:.0f} min ago, less than {copy.min_delay / 60:.0f} min: left as it is"
