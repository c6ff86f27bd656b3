"""Generations of data at a start: what other nodes have, what a start on this copy would mean, and the new one."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from opensvc_core.errors import JournalError, OpenSVCError
from opensvc_core.fanout import side_by_side
from opensvc_core.generation import (
    DataCopy,
    Generation,
    GenerationError,
    Order,
    begin_receiving,
    compare,
    generation_in,
    generation_out,
    keep_config,
    raise_data,
    read_config,
    read_data,
    shared,
)
from opensvc_core.model import Note, Phase, Severity, Veto
from opensvc_core.replication import is_replicated, sharers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.model import ResourceId, Service, StatusReport
    from opensvc_core.plan import Plan
    from opensvc_core.replication import Copy

ASK_LIMIT = 5.0
"""Seconds for a peer to say of which generation its copies are."""

Told = dict[str, dict[str, Generation]]
"""By service, by node: of which generation that node's copy is."""


def copies_of(agent: Agent, service: Service) -> list[Copy]:
    """What the replications of a service copy; those whose driver cannot say are left out."""
    from opensvc_core.actions.replications import reading_context

    found = []
    context = reading_context(agent, (service,))
    for resource in service.resources:
        if resource.phase is Phase.REPLICATION and not resource.problem:
            try:
                found.append(agent.dispatcher.describe_copy(resource, context))
            except OpenSVCError:
                continue
    return found


def ask_generations(agent: Agent, services: Sequence[Service]) -> Told:
    """What other nodes have of the data that are replicated, as far as they answer; side by side."""
    replicated = [service for service in services if is_replicated(service)]
    told: Told = {service.name: {} for service in replicated}
    nodes = sorted({node for service in replicated for node in service.all_nodes} - {agent.node.name})
    if not agent.peers.asks or not nodes:
        return told

    def ask(node: str) -> dict[str, Any]:
        names = [service.name for service in replicated if node in service.all_nodes]
        return agent.peers.link(node).request("generation", {"services": names}, timeout=ASK_LIMIT)

    for node, answer in side_by_side(nodes, ask):
        if isinstance(answer, Exception):
            continue
        for name, document in dict(answer.get("services", {})).items():
            try:
                if name in told:
                    told[name][node] = generation_in(document["marks"])
            except (KeyError, TypeError, ValueError):
                continue
    return told


def know_generations(agent: Agent, plan: Plan) -> Told:
    """What other nodes have, and what this one has, of the services that a plan starts somewhere; else nothing."""
    starts = {step.resource.id.service for step in plan.steps if step.action == "start"}
    told = ask_generations(agent, [service for service in plan.services if service.name in starts])
    for name, nodes in told.items():
        try:
            nodes[agent.node.name] = read_data(agent.node.folders, name).generation
        except GenerationError:
            continue
    return told


def know_copies(agent: Agent, service: Service) -> dict[str, Generation]:
    """What nodes have now of the data of one service, this one among them; nothing for data that are not replicated."""
    told = ask_generations(agent, [service]).get(service.name, {})
    if is_replicated(service):
        with suppress(GenerationError):
            told[agent.node.name] = read_data(agent.node.folders, service.name).generation
    return told


def told_out(told: Told) -> dict[str, dict[str, list[list[Any]]]]:
    """What nodes have, as JSON."""
    return {name: {node: generation_out(each) for node, each in nodes.items()} for name, nodes in told.items()}


def told_in(document: Any) -> Told:
    """What nodes have, from JSON; what cannot be read is left out."""
    try:
        return {
            str(name): {str(node): generation_in(each) for node, each in nodes.items()}
            for name, nodes in document.items()
        }
    except (AttributeError, TypeError, ValueError):
        return {}


def starting_here(plan: Plan, statuses: Mapping[ResourceId, StatusReport], node: str) -> list[Service]:
    """The services that a plan begins to write to on this node: something with a state of its own comes up.

    Standby resources are up on several nodes at once: what they write is not the service's data.
    """
    found: list[Service] = []
    if plan.action == "startstandby":
        return found
    for service in plan.services:
        if pulled(plan, service.name):
            continue  # its copy is replaced first, and the last of these begins a generation
        starts = (
            step.resource
            for step in plan.steps
            if step.action == "start" and step.node == node and step.resource.id.service == service.name
        )
        if any(
            resource.has_own_state
            and not resource.is_standby
            and (report := statuses.get(resource.id)) is not None
            and not report.status.is_up
            for resource in starts
        ):
            found.append(service)
    return found


def follow_sharers(agent: Agent, service: Service, run_id: str) -> None:
    """Where nodes share the disks, go on from what another of them has begun, as a migration leaves it to the others.

    For the node that the service is verified up on, before it hands its generation on. Raises GenerationError, OSError.
    """
    same_data = sharers(service, copies_of(agent, service))
    mine = read_data(agent.node.folders, service.name).generation
    others = shared(ask_generations(agent, [service]).get(service.name, {}).values(), same_data)
    if any(compare(mine, other) not in {Order.SAME, Order.AHEAD} for other in others):
        raise_data(
            agent.node.folders,
            service.name,
            node=agent.node.name,
            mark_id=run_id,
            others=others,
            sharers=same_data,
        )


def pulled(plan: Plan, service: str) -> dict[str, str]:
    """The replications that a plan takes back from another node before it starts a service, with that node."""
    return {s.resource.rid: s.peer for s in plan.steps if s.action == "pull" and s.resource.id.service == service}


def restore_history(agent: Agent, service: Service, run_id: str, told: Mapping[str, Generation]) -> None:
    """Begin a generation where a failed run starts a service again: it goes on from what the run began elsewhere.

    Args:
        agent: of the node where it starts again.
        service: the service.
        run_id: of the run.
        told: what nodes have now.

    Raises:
        GenerationError, OSError: it cannot be read, or written.
    """
    raise_data(
        agent.node.folders,
        service.name,
        node=agent.node.name,
        mark_id=f"{run_id}-back",
        others=[each for each in told.values() if each.id in {run_id, f"{run_id}-back"}],
        sharers=service.all_nodes,
    )


def copy_vetoes(agent: Agent, services: Iterable[Service], told: Told) -> Iterable[Veto]:
    """What forbids to start services on the copies that this node has.

    Args:
        agent: this node's.
        services: those that are about to start here.
        told: what other nodes have.
    """
    here = agent.node.name
    for service in services:
        if not is_replicated(service):
            continue
        name = service.name
        try:
            copy = read_data(agent.node.folders, name)
        except GenerationError as error:
            yield Veto("generation_unknown", error.message, name, error.hint.replace("NAME", name))
            continue
        if copy.incomplete:
            parts = ", ".join(f"{rid} from {node}" for rid, node in sorted(copy.incomplete.items()))
            yield Veto(
                "copy_incomplete",
                f"a replication was cut, the copy on {here} is of two times: {parts}",
                name,
                f"replicate again from there: osvc sync all {name}",
            )
        yield from _stale(agent, service, copy, told.get(name, {}))


def _stale(agent: Agent, service: Service, copy: DataCopy, told: Mapping[str, Generation]) -> Iterable[Veto]:
    here = agent.node.name
    same_data = set(sharers(service, copies_of(agent, service))) if here in service.nodes else set()
    mine = copy.generation
    known = mine.next(here, "start", shared(told.values(), same_data))
    for node, other in sorted(told.items()):
        if node == here:
            continue
        if compare(known, other) is Order.AHEAD or other.id == mine.id:
            continue
        yield Veto(
            "copy_stale",
            f"{node} has {other}, the copy on {here} is {mine}: a start here would begin a second history",
            service.name,
            f"start it there, or take the data over: osvc failback {service.name}",
        )


def note_config(agent: Agent, service: Service) -> None:
    """Write down which generation the service file is of, if it was edited since; what cannot be is left for later."""
    folders, name = agent.node.folders, service.name
    with suppress(OpenSVCError, OSError):
        text = service.path.read_bytes()
        generation = read_config(folders, name, text, agent.node.name)
        if generation.marks:
            keep_config(folders, name, generation)


def begin_histories(
    agent: Agent, plan: Plan, statuses: Mapping[ResourceId, StatusReport], run_id: str, told: Told | None = None
) -> list[Note]:
    """Begin a new generation of the data of each service that a run starts on this node, before it writes.

    Call it under the locks, when nothing forbids the run any more and before its first step.

    Args:
        agent: this node's.
        plan: of the run.
        statuses: of this node, asked in this run.
        run_id: of the run, which names the generation.
        told: what other nodes have.

    Returns:
        Notes for the operator: of what cannot be read, which stops every replication from here.

    Raises:
        JournalError: it cannot be written: then peers would take their older copies for the same.
    """
    notes = []
    for service in plan.services:
        for rid, node in pulled(plan, service.name).items():
            # All of them at once: with one of two data sets the service must not start.
            begin_receiving(agent.node.folders, service.name, [rid], node)
    for service in starting_here(plan, statuses, agent.node.name):
        if len(service.all_nodes) < 2:
            continue
        note_config(agent, service)
        same_data = sharers(service, copies_of(agent, service)) if agent.node.name in service.nodes else ()
        try:
            raise_data(
                agent.node.folders,
                service.name,
                node=agent.node.name,
                mark_id=run_id,
                others=(told or {}).get(service.name, {}).values(),
                sharers=same_data,
            )
        except (GenerationError, OSError) as error:
            text = f"{service.name}: the new generation of its data could not be written down: {error}"
            if is_replicated(service) and isinstance(error, OSError):
                raise JournalError(text, hint="free space or mend the filesystem below var/") from error
            notes.append(Note(text, "generation_unknown", Severity.ERROR))
    return notes
