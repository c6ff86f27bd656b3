"""What a peer must know of a service here before it plans: its graph, its state, a run that was cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opensvc_core.actions.leftovers import tidy
from opensvc_core.actions.peering.runs import load_for, refuse_unlocked
from opensvc_core.actions.status import ask
from opensvc_core.cluster import wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.actions.peering.operations import Call, Visit
    from opensvc_core.journal import RunRecord


def graph(visit: Visit, call: Call) -> Mapping[str, Any]:
    """The graph of a service as this node has it; for a recovery, which holds the lock, states and runs too.

    Raises:
        ServiceNotFound, ConfigError, PlanError: there is no graph here.
        ActionError: the peer is no node of the service.
    """
    agent, name = visit.agent, str(call.data["service"])
    found = agent.graph(load_for(visit, name))
    answer: dict[str, Any] = {"graph": wire.graph_out(found)}
    if call.data.get("recovers") is True:
        refuse_unlocked(visit, name)
        leftovers = tidy(agent, name, "", call.cancel, float(call.data["wait"]))
        run_id = str(call.data["run"])
        answer["reports"] = wire.reports_out(ask(agent, [found]))
        answer["notes"] = [wire.note_out(note) for note in leftovers.notes]
        answer["cut"] = record_out(agent.journal.unrecovered([name]).get(name))
        records = [record for record in agent.history(name, 1, run_id=run_id) if run_id]
        answer["run"] = record_out(records[0] if records else None)
    return answer


def record_out(record: RunRecord | None) -> dict[str, Any] | None:
    """A run as another node must know it to recover."""
    if record is None:
        return None
    return {
        "id": record.id,
        "service": record.service,
        "action": record.action,
        "user": record.user,
        "selection": record.selection,
        "began": record.began,
        "outcome": record.outcome,
        "recovered_by": record.recovered_by,
        "steps": [[step.rid, step.action, step.is_way_back, step.state, step.node] for step in record.steps],
    }
