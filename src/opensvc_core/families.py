"""Services that stand on other services: whose steps wait for whose, and circles among them. Pure."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from attrs import evolve

from opensvc_core.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opensvc_core.model import Service
    from opensvc_core.plan import Step


def parents_of(service: Service) -> tuple[str, ...]:
    """Names of the services that must be up before a service starts, each once."""
    return tuple(dict.fromkeys(service.options.get("parents") or ()))


def parents_first(services: Sequence[Service]) -> list[Service]:
    """Services so that each comes after its parents among them. Raises PlanError with the circle."""
    by_name = {service.name: service for service in services}
    order = _sorted({name: [p for p in parents_of(each) if p in by_name] for name, each in by_name.items()})
    return [by_name[name] for name in order]


def join_families(services: Sequence[Service], steps: Sequence[Step]) -> list[Step]:
    """The steps with edges between services: a child starts after its parents, a parent stops after its children.

    A parent without such steps is looked through: its own parents come first. The order of the steps respects every
    edge.

    Args:
        services: of the plan.
        steps: of each service, with the edges inside it.

    Raises:
        PlanError: the parents run in a circle; the message prints it.
    """
    parents = {s.name: [name for name in parents_of(s) if any(name == o.name for o in services)] for s in services}
    if not any(parents.values()):
        return list(steps)
    order = _sorted(parents)
    children = {name: [child for child in order if name in parents[child]] for name in order}
    extra: dict[str, set[str]] = {}
    for action, above in (("start", parents), ("stop", children)):
        mine = {name: [s for s in steps if s.action == action and s.resource.id.service == name] for name in order}
        for name in order:
            ends = sorted({end for other in above[name] for end in _ends(other, mine, above)})
            for step in _first(mine[name]):
                extra.setdefault(step.id, set()).update(ends)
    joined = [evolve(step, requires=(*step.requires, *sorted(extra.get(step.id, ())))) for step in steps]
    return _in_order(joined)


def _sorted(parents: Mapping[str, Sequence[str]]) -> list[str]:
    """Names of services, parents first. Raises PlanError with the circle."""
    try:
        return list(TopologicalSorter(parents).static_order())
    except CycleError as error:
        # graphlib lists each as a predecessor of the next: read backwards it is "stands on".
        circle = " -> ".join(reversed(error.args[1]))
        raise PlanError(
            f"the parents of services run in a circle: {circle} (each stands on the next)",
            code="parent_cycle",
            hint="take one of them out of `parents` in its [default] section",
        ) from None


def _ends(name: str, steps: Mapping[str, Sequence[Step]], above: Mapping[str, Sequence[str]]) -> set[str]:
    """Ids of the last steps of a service; of those above it, if it has none."""
    mine = steps[name]
    if mine:
        waited = {other for step in mine for other in step.requires}
        return {step.id for step in mine if step.id not in waited}
    return {end for other in above[name] for end in _ends(other, steps, above)}


def _first(steps: Sequence[Step]) -> list[Step]:
    """Those that wait for none of the others."""
    names = {step.id for step in steps}
    return [step for step in steps if not names & set(step.requires)]


def _in_order(steps: Sequence[Step]) -> list[Step]:
    """The steps in an order that respects every edge, and is theirs where the edges leave it open."""
    by_id = {step.id: step for step in steps}
    sorter = TopologicalSorter({s.id: [name for name in s.requires if name in by_id] for s in steps})
    return [by_id[name] for name in sorter.static_order()]
