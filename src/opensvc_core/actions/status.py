"""Asking the platforms: stage by stage, each driver once for all services, side by side, within a limit."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

from attrs import evolve

from opensvc_core.actions.freeze import is_drained, is_node_frozen
from opensvc_core.clock import Cancel, Deadline
from opensvc_core.context import Context
from opensvc_core.errors import JournalError
from opensvc_core.memory import Memory
from opensvc_core.model import Note, Resource, ResourceId, Service, Severity, StatusReport
from opensvc_core.resting import is_resting
from opensvc_core.status import ServiceStatus, aggregate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.graph import ServiceGraph
    from opensvc_core.plan import Selection


def service_statuses(
    agent: Agent, services: Sequence[Service], selection: Selection, timeout: float | None
) -> dict[str, ServiceStatus]:
    """State of each service with what is known of it besides: frozen, interrupted runs, configuration's notes."""
    graphs = agent.graphs(services)
    reports = ask(agent, graphs, timeout=timeout)
    return statuses_of(agent, graphs, reports, selection)


def statuses_of(
    agent: Agent,
    graphs: Sequence[ServiceGraph],
    reports: Mapping[ResourceId, StatusReport],
    selection: Selection | None = None,
) -> dict[str, ServiceStatus]:
    """State of each service by answers that are there; of the selected resources, or of all."""
    statuses = {}
    for graph in graphs:
        name = graph.service.name
        shown = [resource for resource in graph.resources if selection is None or selection.has(resource)]
        status = aggregate(graph.service, shown, reports, is_frozen=agent.is_frozen(name), notes=_notes(agent, name))
        statuses[name] = evolve(status, is_node_frozen=is_node_frozen(agent.node), is_drained=is_drained(agent.node))
    return statuses


def _notes(agent: Agent, name: str) -> list[Note]:
    from opensvc_core.actions.leftovers import describe_cut, is_under_way

    is_empty = is_drained(agent.node)
    notes = [Note("this node is drained: nothing new starts on it", "node_drained")] if is_empty else []
    try:
        record = agent.last_cut(name)
        notes += [describe_cut(record)] if record is not None else []
        if agent.journal.is_past_unknown(name):
            text = "a broken journal was set aside: what earlier runs left open is not known; osvc log, osvc recover"
            notes.append(Note(text, "past_unknown", Severity.WARNING))
        if is_resting(agent.node.folders, name) and not is_under_way(agent, name):
            text = f"a cut sync left its application at rest: osvc recover {name} runs postsnap_trigger"
            notes.append(Note(text, "snap_trigger", Severity.WARNING))
    except JournalError as error:
        return [Note(error.message, error.code, Severity.WARNING)]
    return notes


def ask(
    agent: Agent,
    graphs: Sequence[ServiceGraph],
    *,
    only: Sequence[ResourceId] = (),
    known: Mapping[ResourceId, StatusReport] | None = None,
    timeout: float | None = None,
    memory: Memory | None = None,
) -> dict[ResourceId, StatusReport]:
    """Ask the drivers for the state of resources; changes nothing, raises nothing that a driver does.

    Args:
        agent: this node's.
        graphs: of the services asked about.
        only: the resources to ask about, all for none.
        known: answers that stages may build upon.
        timeout: seconds for everything.
        memory: takes the answers that the reports are made of, for the checks that follow.

    Returns:
        A report for every resource asked about; ``undef`` for what did not come in time.
    """
    resources = [r for graph in graphs for r in graph.resources if not only or r.id in only]
    services = {graph.service.name: graph.service for graph in graphs}
    deadline = Deadline.after(agent.limits.status if timeout is None else timeout, agent.clock, "the status")
    reports: dict[ResourceId, StatusReport] = dict(known or {})
    cancel = Cancel()
    shared = memory or Memory()
    for phase in sorted({resource.phase for resource in resources}):
        stage: dict[str, list[Resource]] = {}
        for resource in resources:
            if resource.phase is not phase:
                continue
            if resource.problem:
                hint = f" ({resource.hint})" if resource.hint else ""
                reports[resource.id] = StatusReport.undef(resource.problem + hint, "driver_not_usable")
            else:
                stage.setdefault(resource.driver, []).append(resource)
        context = Context(
            node=agent.node,
            host=agent.host,
            services=services,
            statuses=dict(reports),
            action="status",
            cancel=cancel,
            deadline=deadline,
            clock=agent.clock,
            network=agent.network,
            drivers=agent.dispatcher,
            reservations=agent.reservations,
            memory=shared,
        )
        reports.update(_ask_stage(agent, stage, context, deadline))
    # Whatever a hung driver still waits for is of no use to anybody any more.
    cancel.set("the status was given")
    asked = {resource.id for resource in resources}
    return {resource_id: report for resource_id, report in reports.items() if resource_id in asked}


def _ask_stage(
    agent: Agent, stage: Mapping[str, Sequence[Resource]], context: Context, deadline: Deadline
) -> dict[ResourceId, StatusReport]:
    answers: queue.SimpleQueue[tuple[ResourceId, StatusReport] | None] = queue.SimpleQueue()

    def work(driver: str, resources: Sequence[Resource]) -> None:
        try:
            for answer in agent.dispatcher.status(driver, resources, context):
                answers.put(answer)
        finally:
            answers.put(None)

    for driver, resources in stage.items():
        threading.Thread(target=work, args=(driver, resources), name=f"status {driver}", daemon=True).start()
    reports: dict[ResourceId, StatusReport] = {}
    busy = len(stage)
    while busy:
        try:
            answer = answers.get(timeout=deadline.remaining() + 0.01)
        except queue.Empty:
            break
        if answer is None:
            busy -= 1
        else:
            reports[answer[0]] = answer[1]
    for resources in stage.values():
        for resource in resources:
            if resource.id not in reports:
                text = f"no answer from {resource.driver} within the limit of the status"
                reports[resource.id] = StatusReport.undef(text, "no_answer")
    return reports
