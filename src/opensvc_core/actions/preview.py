"""A plan read before it runs: vetoes, and the exact commands that would change something; changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from opensvc_core.actions.execute import gather_evidence, ignore_event
from opensvc_core.actions.perform import Performer
from opensvc_core.actions.preflight import check
from opensvc_core.actions.status import ask
from opensvc_core.context import CommandLine, Recording
from opensvc_core.errors import OpenSVCError, Undetermined

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.model import Evidence, Note, ResourceId, Status, StatusReport, Veto
    from opensvc_core.plan import Plan, Step


@frozen
class StepPreview:
    """What one step would do.

    Attributes:
        step: the step.
        status: of its resource now.
        commands: that would change something, in order.
        undetermined: what the rest depends on, or empty.
        error: what would stop it, or empty.
        is_unchanged: whether it would find nothing to do.
    """

    step: Step
    status: Status
    commands: tuple[CommandLine, ...] = ()
    undetermined: str = ""
    error: str = ""
    is_unchanged: bool = False


@frozen
class Preview:
    """A plan with what it meets now.

    Attributes:
        plan: the plan.
        statuses: of every resource of its services.
        vetoes: what would forbid it, liftable or not.
        steps: in the plan's order.
        notes: what an operator should know.
    """

    plan: Plan
    statuses: Mapping[ResourceId, StatusReport] = field(hash=False)
    vetoes: tuple[Veto, ...]
    steps: tuple[StepPreview, ...]
    notes: tuple[Note, ...] = ()


def preview(agent: Agent, plan: Plan, evidence: Sequence[Evidence]) -> Preview:
    """See ``Agent.preview``. Takes no lock and writes no journal."""
    statuses = ask(agent, list(plan.graphs.values()))
    known = gather_evidence(agent, plan, evidence)
    performer = Performer(agent, plan, statuses, "", ignore_event, known)
    checked = check(agent, plan, statuses, known, performer.reading_context(plan.action))
    steps = tuple(_rehearse(performer, step, statuses, plan) for step in plan.steps)
    notes = list(checked.notes) + [note for note in plan.notes if note not in checked.notes]
    return Preview(plan, statuses, checked.vetoes, steps, tuple(notes))


def _rehearse(performer: Performer, step: Step, statuses: Mapping[ResourceId, StatusReport], plan: Plan) -> StepPreview:
    status = statuses[step.resource.id].status
    recording = Recording()
    undetermined = error = ""
    is_unchanged = False
    stops_first = [other for other in step.requires if step.action == "start" and other.startswith("stop ")]
    if step.resource.problem:
        return StepPreview(step, status, error=step.resource.problem)
    if stops_first and plan.action == "restart":
        return StepPreview(step, status, undetermined=f"the rest depends on {', '.join(stops_first)}")
    try:
        is_unchanged = not performer.rehearse(step, recording, statuses).is_changed
    except Undetermined as unclear:
        undetermined = unclear.message
    except OpenSVCError as failure:
        error = failure.message
    return StepPreview(step, status, tuple(recording.commands), undetermined, error, is_unchanged)
