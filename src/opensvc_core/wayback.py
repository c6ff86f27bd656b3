"""Which steps take back what a run did. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.plan import Step, plan_way_back
from opensvc_core.run import StepResult, StepState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from opensvc_core.graph import ServiceGraph
    from opensvc_core.model import ResourceId


def way_back_steps(
    graph: ServiceGraph, results: Iterable[StepResult], up_before: Collection[ResourceId]
) -> tuple[Step, ...]:
    """Stops for what the run brought up or perhaps did, in the reverse of the order of a start.

    What was up before the run is not taken back, and neither is anything that it stands on. What the run itself had
    stopped before (a restart) no longer counts as up before.

    Args:
        graph: of the service.
        results: of the steps so far; those of other services are passed over.
        up_before: resources that were not seen down before the first step.
    """
    mine = [result for result in results if result.step.resource.id in graph.start_edges]
    stopped = {r.step.resource.id for r in mine if r.step.action == "stop" and r.state.is_good}
    starts = [r for r in mine if r.step.action == "start"]
    standing = {resource_id for resource_id in up_before if resource_id in graph.start_edges} - stopped
    changed = {r.step.resource.id for r in starts if r.state is StepState.DONE or r.state.is_perhaps_done}
    held = set(standing)
    for resource_id in standing:
        held |= graph.requirements(resource_id)
    node = next((result.step.node for result in starts), "")
    return plan_way_back(graph, changed - held, node)
