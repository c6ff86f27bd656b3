"""Whether the services that a plan's services stand on are up, where the plan does not start them itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.actions.status import ask
from opensvc_core.errors import OpenSVCError
from opensvc_core.families import parents_of
from opensvc_core.model import NodeState, Status, Veto

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opensvc_core.actions.agent import Agent
    from opensvc_core.plan import Plan


def parent_vetoes(agent: Agent, plan: Plan) -> Iterable[Veto]:
    """A veto for each parent that is up neither here nor on another of its nodes; asked now.

    A plan for some resources of a service by their names is not about its parents.
    """
    if plan.selection.is_partial or plan.action == "startstandby":
        return
    seen: dict[str, str] = {}
    starting = {step.resource.id.service for step in plan.steps if step.action == "start"}
    for service in plan.services:
        for parent in parents_of(service) if service.name in starting else ():
            if parent in starting:
                continue
            if parent not in seen:
                seen[parent] = _why_down(agent, parent)
            if seen[parent]:
                yield Veto("parent_down", f"stands on {parent}, {seen[parent]}", service.name, f"osvc start {parent}")


def _why_down(agent: Agent, name: str) -> str:
    """Empty where a service is up, else what is known of it."""
    try:
        service = agent.load(name)
        graph = agent.graph(service)
    except OpenSVCError as error:
        return f"which this node does not know: {error.message}"
    reports = ask(agent, [graph])
    own = [r for r in graph.resources if r.has_own_state and not r.is_disabled and not r.is_optional]
    if own and all(reports[r.id].status.is_up or reports[r.id].status is Status.NA for r in own):
        return ""
    others = [node for node in service.all_nodes if node != agent.node.name]
    known = agent.peers.ask(service, others) if others else ()
    if any(each.state is NodeState.UP for each in known):
        return ""
    doubtful = [each.node for each in known if each.state in {NodeState.UNKNOWN, NodeState.UNASKED}]
    return "which is not up here" + (f", and {', '.join(doubtful)} cannot tell" if doubtful else ", nor elsewhere")
