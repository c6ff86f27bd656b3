"""Which steps take back what a run did. Pure."""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from attrs import evolve

from opensvc_core.plan import Step, plan_way_back, step_id
from opensvc_core.run import StepResult, StepState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from opensvc_core.plan import Place, Plan


def way_back_steps(
    plan: Plan, service: str, results: Iterable[StepResult], up_before: Collection[Place], *, may_restore: bool = True
) -> tuple[Step, ...]:
    """What takes back the steps of a run that changed something, or perhaps did, in the reverse of their order.

    What a start had brought up is brought down, but for what was up before the run, and what that stands on; what the
    run itself had stopped before (a restart) no longer counts as up before. In a plan that restores, what was stopped
    is started again, once everything that came after its stop is taken back.

    Args:
        plan: of the run.
        service: the service whose way back it is.
        results: of the steps so far; those of other services are passed over.
        up_before: what was not seen down before the first step, on any of the nodes.
        may_restore: whether everything that was to be stopped is verified down: if not, nothing is started anywhere.
    """
    mine = [result for result in results if result.step.resource.id.service == service]
    held = _held(plan, service, mine, up_before)
    inverses: dict[str, Step] = {}
    for result in mine:
        action = _inverse(plan, result.step, may_restore=may_restore)
        if not action or not (result.state is StepState.DONE or result.state.is_perhaps_done):
            continue
        step = result.step
        if step.action == "start" and step.place in held:
            continue
        name = step_id(action, step.resource.id, step.node if step.is_elsewhere else "")
        inverses[step.id] = Step(name, action, step.resource, step.node, (), step.is_elsewhere)
    waits = _reversed_edges(plan, inverses)
    for step in _stops_by_graph(plan, service, inverses):
        waits.setdefault(step.id, set()).update(step.requires)
    by_id = {step.id: step for step in inverses.values()}
    # In the reverse of the plan's order, as far as the edges leave it open.
    order = TopologicalSorter({name: sorted(waits.get(name, ())) for name in reversed(by_id)}).static_order()
    return tuple(evolve(by_id[name], requires=tuple(sorted(waits.get(name, ())))) for name in order)


def _inverse(plan: Plan, step: Step, *, may_restore: bool) -> str:
    """The action that takes a step back, or empty."""
    if step.kind.taken_back_by:
        return step.kind.taken_back_by
    return step.kind.restored_by if plan.is_restoring and may_restore else ""


def _held(plan: Plan, service: str, mine: Iterable[StepResult], up_before: Collection[Place]) -> set[Place]:
    """What was up before the run and was not stopped by it, with all that it stands on."""
    stopped = {result.step.place for result in mine if result.step.kind.is_down and result.state.is_good}
    standing = {place for place in up_before if place.id.service == service} - stopped
    held = set(standing)
    for place in standing:
        graph = plan.graph_at(place.node, service)
        held |= {evolve(place, id=below) for below in graph.requirements(place.id)}
    return held


def _reversed_edges(plan: Plan, inverses: Mapping[str, Step]) -> dict[str, set[str]]:
    """For each step that takes back, those that must end before it: what takes back what had waited for its step."""
    steps = {step.id: step for step in plan.steps}
    requires = {step.id: step.requires for step in plan.steps}
    last = {name for name in inverses if steps[name].kind.is_taken_back_last}
    waits: dict[str, set[str]] = {}
    for name in last:
        waits.setdefault(inverses[name].id, set()).update(
            inverse.id for other, inverse in inverses.items() if other not in last
        )
    for name, inverse in inverses.items():
        if name in last:
            continue
        seen: set[str] = set()
        todo = list(requires[name])
        while todo:
            before = todo.pop()
            if before in seen:
                continue
            seen.add(before)
            if before in inverses:
                waits.setdefault(inverses[before].id, set()).add(inverse.id)
            else:
                todo.extend(requires.get(before, ()))
    return waits


def _stops_by_graph(plan: Plan, service: str, inverses: Mapping[str, Step]) -> Iterable[Step]:
    """The stops among them with the edges of a stop on their node: ``stop_requires`` counts on the way back too."""
    for node, is_elsewhere in {(step.node, step.is_elsewhere) for step in inverses.values()}:
        chosen = {s.resource.id for s in inverses.values() if s.action == "stop" and s.node == node}
        yield from plan_way_back(plan.graph_at(node, service), chosen, node, is_elsewhere=is_elsewhere)
