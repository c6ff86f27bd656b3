"""A plan read before it runs: vetoes, and the exact commands that would change something; changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from opensvc_core.actions.elsewhere import Elsewhere
from opensvc_core.actions.evidence import evidence_for, gather_evidence
from opensvc_core.actions.execute import ignore_event
from opensvc_core.actions.perform import Performer
from opensvc_core.actions.preflight import check_everywhere
from opensvc_core.actions.status import ask
from opensvc_core.cluster import wire, wire_runs
from opensvc_core.errors import OpenSVCError, Undetermined
from opensvc_core.memory import Memory
from opensvc_core.model import Phase, Status
from opensvc_core.recording import CommandLine, Recording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.model import Evidence, Note, ResourceId, StatusReport, Veto
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

    def document(self) -> dict[str, Any]:
        """As JSON, for the node that drives the run."""
        return {
            "commands": [[command.host, list(command.argv)] for command in self.commands],
            "undetermined": self.undetermined,
            "error": self.error,
            "is_unchanged": self.is_unchanged,
        }


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


def preview_out(shown: Preview) -> dict[str, Any]:
    """As JSON, for another node that shows it."""
    return {
        "plan": wire_runs.plan_out(shown.plan),
        "vetoes": [wire.veto_out(veto) for veto in shown.vetoes],
        "steps": [{**step.document(), "status": step.status.value} for step in shown.steps],
        "notes": [wire.note_out(note) for note in shown.notes],
    }


def preview_in(document: Any) -> Preview:
    """A preview that another node made of a plan of its own; the statuses of its resources are those of its steps."""
    plan = wire_runs.plan_in(document["plan"])
    steps = tuple(
        _read_preview(step, Status(each["status"]), each)
        for step, each in zip(plan.steps, document["steps"], strict=True)
    )
    vetoes = tuple(wire.veto_in(each) for each in document["vetoes"])
    return Preview(plan, {}, vetoes, steps, tuple(wire.note_in(each) for each in document["notes"]))


def preview(agent: Agent, plan: Plan, evidence: Sequence[Evidence]) -> Preview:
    """See ``Agent.preview``. Takes no lock and writes no journal, here or elsewhere."""
    memory = Memory()
    statuses = ask(agent, list(plan.graphs.values()), memory=memory)
    known = gather_evidence(agent, plan, evidence, statuses)
    elsewhere = Elsewhere(agent, plan, "", ignore_event)
    elsewhere.check({node: evidence_for(plan, known, node) for node in plan.other_nodes}, is_dry=True)
    here = evidence_for(plan, known, agent.node.name)
    performer = Performer(agent, plan, statuses, "", ignore_event, here, memory=memory)
    checked = check_everywhere(agent, plan, statuses, known, performer.reading_context(plan.action), elsewhere)
    steps = tuple(_preview(performer, step, statuses, elsewhere) for step in plan.steps)
    notes = list(checked.notes) + [note for note in plan.notes if note not in checked.notes]
    return Preview(plan, statuses, checked.vetoes, steps, tuple(notes))


def _preview(
    performer: Performer, step: Step, statuses: Mapping[ResourceId, StatusReport], elsewhere: Elsewhere
) -> StepPreview:
    is_after_stop = step.action == "start" and any(name.startswith("stop ") for name in step.requires)
    stops_first = [name for name in step.requires if name.startswith("stop ")] if is_after_stop else []
    if step.is_elsewhere:
        found = elsewhere.found[step.node]
        report = found.reports.get(step.resource.id)
        status = report.status if report else Status.UNDEF
        shown = wire.reading(
            "a preview", found.previews.get(step.id), lambda document: _read_preview(step, status, document)
        )
    elif stops_first and performer.plan.sources(step.resource.id.service, step.node) == frozenset():
        # A restart: what is to be done depends on the stop of the very same resource.
        shown = StepPreview(step, statuses[step.resource.id].status)
        return evolve(shown, undetermined=f"the rest depends on {', '.join(stops_first)}", error=step.resource.problem)
    else:
        shown = rehearse(performer, step, statuses)
    if stops_first and step.resource.phase is Phase.RESERVATION and not shown.error:
        # The source holds the disks now: what a rehearsal would do to them is not what will be done.
        return evolve(shown, commands=(), undetermined=f"the rest depends on {', '.join(stops_first)}")
    return shown


def rehearse(performer: Performer, step: Step, statuses: Mapping[ResourceId, StatusReport]) -> StepPreview:
    """What a step of this node would do, by asking its driver; changes nothing."""
    status = statuses[step.resource.id].status
    recording = Recording()
    undetermined = error = ""
    is_unchanged = False
    if step.resource.problem:
        return StepPreview(step, status, error=step.resource.problem)
    try:
        is_unchanged = not performer.rehearse(step, recording, statuses).is_changed
    except Undetermined as unclear:
        undetermined = unclear.message
    except OpenSVCError as failure:
        error = failure.message
    return StepPreview(step, status, tuple(recording.commands), undetermined, error, is_unchanged)


def _read_preview(step: Step, status: Status, document: Any) -> StepPreview:
    """A preview that another node made."""
    return StepPreview(
        step,
        status,
        tuple(CommandLine(str(host), tuple(str(word) for word in argv)) for host, argv in document["commands"]),
        str(document["undetermined"]),
        str(document["error"]),
        document["is_unchanged"] is True,
    )
