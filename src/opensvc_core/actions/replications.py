"""``osvc sync``: what a service replicates goes from this node to others, all of them side by side."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

from attrs import Factory, define, evolve, field, frozen

from opensvc_core.actions.freeze import refuse_frozen
from opensvc_core.actions.perform import MARGIN, Performer
from opensvc_core.actions.recording import record_run
from opensvc_core.actions.status import ask
from opensvc_core.clock import Cancel, Deadline
from opensvc_core.cluster.host_mode import read_host_mode
from opensvc_core.context import Context
from opensvc_core.copies import not_verified_down, not_verified_up, send_vetoes
from opensvc_core.errors import ActionError, OpenSVCError, PlanError, Vetoed
from opensvc_core.executor import Executor
from opensvc_core.generation import Generation, GenerationError, generation_out, keep_config, read_config, read_data
from opensvc_core.journal import JournalledRun
from opensvc_core.model import Note, Outcome, Phase, Severity, Veto
from opensvc_core.plan import Plan, Selection, Step
from opensvc_core.replication import (
    DRPNODES,
    NODES,
    SERVICE_FILES,
    TARGETS,
    Copy,
    Stamp,
    Transfer,
    read_stamp,
    stamp_file,
    target_nodes,
    write_stamp,
)
from opensvc_core.run import Run, RunOutcome, StepResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.execute import RunOptions
    from opensvc_core.attempt import Attempt
    from opensvc_core.graph import ServiceGraph
    from opensvc_core.model import Resource, ResourceId, Service, StatusReport

ACTIONS: Mapping[str, tuple[str, ...]] = {"nodes": (NODES,), "drp": (DRPNODES,), "all": TARGETS}
"""What ``osvc sync`` can be followed by, and whom each is about."""
AGREE_LIMIT = 60.0
"""Seconds for a peer to look at everything that may forbid a transfer."""
FILES_LIMIT = 120.0
"""Seconds for a peer to take the files of a service."""


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


def sync_vetoes(
    agent: Agent, replications: Replications, statuses: Mapping[ResourceId, StatusReport], context: Context
) -> list[Veto]:
    """What forbids to send from this node: the rules of who may, the state here, what the drivers say."""
    vetoes: list[Veto] = []
    for name, graph in replications.graphs.items():
        ways = [way for way in replications.ways if way.service.name == name]
        vetoes += send_vetoes(graph.service, agent.node.name, read_host_mode(agent.node.folders))
        if any(way.copy.carries_data for way in ways):
            vetoes += _data_vetoes(agent, graph, statuses)
        for resource in {way.resource.id: way.resource for way in ways}.values():
            vetoes += agent.dispatcher.preflight(resource, "sync", context)
    return vetoes


def leave_to_active(replications: Replications, statuses: Mapping[ResourceId, StatusReport]) -> Replications:
    """Where a service is verified down, its data are sent by the node that it runs on: a schedule runs on all of them.

    Data that were asked for by name stay, and are refused.
    """
    if replications.selection.is_partial:
        return replications
    passive = {name for name, graph in replications.graphs.items() if not not_verified_down(graph, statuses)}
    left = [way for way in replications.ways if way.copy.carries_data and way.service.name in passive]
    if not left:
        return replications
    notes = [
        Note(f"{name}: it is down here: its data are sent from where it runs", "sync_passive")
        for name in sorted({way.service.name for way in left})
    ]
    ways = tuple(way for way in replications.ways if way not in left)
    return evolve(replications, ways=ways, notes=(*replications.notes, *notes))


def look(agent: Agent, replications: Replications) -> tuple[Replications, list[Veto]]:
    """What would be sent now, and what forbids it, for whoever only looks."""
    statuses = ask(agent, list(replications.graphs.values()))
    replications = leave_to_active(replications, statuses)
    services = [graph.service for graph in replications.graphs.values()]
    return replications, sync_vetoes(agent, replications, statuses, reading_context(agent, services))


def _data_vetoes(agent: Agent, graph: ServiceGraph, statuses: Mapping[ResourceId, StatusReport]) -> list[Veto]:
    name, here = graph.service.name, agent.node.name
    vetoes = []
    if why := not_verified_up(graph, statuses):
        hint = f"replicate from where it runs; its own files alone: osvc sync all {name} --rid sync#i0"
        vetoes.append(Veto("sync_not_up", f"it is not verified up on {here}: {why}", name, hint, is_liftable=False))
    try:
        incomplete = read_data(agent.node.folders, name).incomplete
    except GenerationError as error:
        hint = error.hint.replace("NAME", name)
        vetoes.append(Veto("generation_unknown", error.message, name, hint, is_liftable=False))
    else:
        if incomplete:
            text = f"the copy on {here} is incomplete: {', '.join(sorted(incomplete))} was cut"
            vetoes.append(Veto("copy_incomplete", text, name, is_liftable=False))
    return vetoes


def run_replications(agent: Agent, replications: Replications, options: RunOptions) -> Run:
    """Send what a plan names, under the locks of its services.

    A way that fails stops no other one; the outcome of its service is ``failed``, unless its resource is optional.

    Raises:
        Locked, Frozen, Vetoed, JournalError, Cancelled: nothing was begun.
    """
    from opensvc_core.actions.execute import Telling, begin_journal, hold_locks, tidy_all
    from opensvc_core.actions.histories import follow_sharers

    plan = replications.plan()
    run_id = uuid.uuid4().hex[:12]
    refuse_frozen(agent.node, tuple(replications.graphs))
    told = Telling(agent, options.on_event, threading.Lock())
    with hold_locks(agent, plan, run_id, wait=options.wait, cancel=options.cancel):
        found = tidy_all(agent, plan, run_id, options)
        statuses = ask(agent, list(plan.graphs.values()))
        replications = leave_to_active(replications, statuses)
        plan = replications.plan()
        performer = Sender(agent, replications, statuses, run_id, told)
        vetoes = sync_vetoes(agent, replications, statuses, performer.inner.reading_context("sync"))
        if vetoes:
            raise Vetoed(tuple(vetoes))
        for service in plan.services:
            if any(way.copy.carries_data for way in replications.ways if way.service.name == service.name):
                follow_sharers(agent, service, run_id)
        notes = [*(note for each in found.values() for note in each.notes), *replications.notes]
        begin_journal(agent, plan, run_id, {"is_sync": True}, notes)
        limit = options.time_limit
        executor = Executor(
            perform=performer.perform,
            verify=performer.inner.verify,
            step_limit=performer.step_limit,
            log=JournalledRun(agent.journal, run_id),
            clock=agent.clock,
            cancel=options.cancel,
            on_event=told,
            max_parallel=options.max_parallel or agent.limits.max_parallel,
            deadline=Deadline.after(limit, agent.clock, "the run") if limit else None,
            run_id=run_id,
            judge=lambda name, results: _outcome(results, replications, name, options.cancel),
        )
        run = executor.run(plan)
        if not options.cancel.is_set:
            record_run(agent, plan, run, statuses)
        return evolve(run, notes=(*notes, *run.notes))


def _outcome(results: Mapping[str, StepResult], replications: Replications, service: str, cancel: Cancel) -> RunOutcome:
    needed = {way.step_id for way in replications.ways if way.service.name == service and not way.resource.is_optional}
    if all(result.state.is_good for step_id, result in results.items() if step_id in needed):
        return RunOutcome.DONE
    return RunOutcome.CANCELLED if cancel.is_set else RunOutcome.FAILED


@define
class Sender:
    """Does the steps of one run of ``osvc sync``."""

    agent: Agent
    replications: Replications
    statuses: Mapping[ResourceId, StatusReport]
    run_id: str
    on_event: Any
    inner: Performer = field(init=False)
    _prepared: dict[str, list[Note]] = field(factory=dict)
    _guard: threading.Lock = field(factory=threading.Lock)

    def __attrs_post_init__(self) -> None:
        """Make what journals commands and knows contexts."""
        self.inner = Performer(self.agent, self.replications.plan(), self.statuses, self.run_id, self.on_event)

    def step_limit(self, step: Step) -> float:
        """Seconds for one way: what its driver gives a transfer, and for its peer to agree."""
        return float(step.resource.options.get("sync_timeout") or 600.0) + AGREE_LIMIT + FILES_LIMIT + MARGIN

    def perform(self, attempt: Attempt) -> Outcome:
        """Send one copy. Raises what the peer, the way there, or the driver raises."""
        way = next(way for way in self.replications.ways if way.step_id == attempt.step.id)
        context = self.inner.step_context(attempt)
        if way.resource.driver == SERVICE_FILES:
            outcome = self._send_files(way, attempt)
            number = 0
        else:
            outcome, number = send_copy(self.agent, way, context)
        stamp = Stamp(self.agent.clock.now(), self.agent.node.name, number)
        write_stamp(stamp_file(self.agent.node.folders, way.target, way.resource.id), stamp)
        return outcome

    def _send_files(self, way: Way, attempt: Attempt) -> Outcome:
        from opensvc_core.actions.service_files import gather
        from opensvc_core.cluster import wire

        agent, name = self.agent, way.service.name
        notes = self._prepare(way.service)
        text = way.service.path.read_bytes()
        generation = read_config(agent.node.folders, name, text, agent.node.name)
        keep_config(agent.node.folders, name, generation)
        is_up = not not_verified_up(self.replications.graphs[name], self.statuses)
        files = gather(agent, way.service, notes)
        answer = agent.peers.link(way.target).request(
            "put_files",
            {
                "service": name,
                "marks": generation_out(generation),
                "files": [file.document() for file in files],
                "is_up": is_up,
            },
            timeout=FILES_LIMIT,
            cancel=attempt.cancel,
        )
        told = wire.reading("what it did with files", answer, lambda a: [wire.note_in(note) for note in a["notes"]])
        for note in (*notes, *told):
            attempt.on_note(note)
        changed = int(answer["changed"])
        return Outcome.changed(f"{changed} files changed there") if changed else Outcome.unchanged("the same there")

    def _prepare(self, service: Service) -> list[Note]:
        """What drivers write of disks for peers is written anew, once a run (``presync`` of 2010)."""
        from opensvc_core.actions.diskupdate import update_disks

        with self._guard:
            if service.name not in self._prepared:
                notes: list[Note] = []
                self._prepared[service.name] = notes
                try:
                    lists = update_disks(self.agent, (service,))
                except OSError as error:
                    notes.append(Note(f"the lists of disks could not be written: {error}", "disk_lists"))
                else:
                    notes += [Note(f"{each.rid}: {each.unwritten}", "disk_lists") for each in lists if each.unwritten]
            return list(self._prepared[service.name])


def send_copy(agent: Agent, way: Way, context: Context) -> tuple[Outcome, int]:
    """Send one copy through the gate of its target: the outcome, and the number of the generation that it is of.

    Raises:
        ActionError: the peer refused it, or it failed; what has come there is kept, and marked as incomplete.
    """
    generation = read_data(agent.node.folders, way.service.name).generation if way.copy.carries_data else Generation()
    link = agent.peers.link(way.target)
    mode = read_host_mode(agent.node.folders)
    about = {
        "service": way.service.name,
        "rid": way.resource.rid,
        "is_pull": False,
        "mode": "" if mode is None else mode.value,
        "marks": generation_out(generation),
    }
    answer = link.request("receive", about, timeout=AGREE_LIMIT, cancel=context.cancel)
    is_good = False
    try:
        transfer = transfer_to(agent, way.target, answer, way.resource)
        outcome = agent.dispatcher.replicate(way.resource, transfer, context)
        is_good = True
    finally:
        end_transfer(link, {**about, "is_good": is_good}, is_good=is_good)
    return outcome, generation.number


def end_transfer(link: Any, about: Mapping[str, Any], *, is_good: bool) -> None:
    """Tell a peer how a transfer ended; that one failed may stay untold, as its session ends soon. Raises PeerError."""
    try:
        link.request("received", about, timeout=AGREE_LIMIT)
    except OpenSVCError:
        if is_good:
            raise


def transfer_to(agent: Agent, node: str, answer: Mapping[str, Any], resource: Resource) -> Transfer:
    """How a driver reaches the place that a peer has agreed to. Raises ActionError for an answer that is none."""
    ticket, path = answer.get("ticket"), answer.get("path")
    if not isinstance(ticket, str) or not ticket.isalnum() or not isinstance(path, str) or not path.startswith("/"):
        raise ActionError(f"{node} agreed to a transfer with an answer that cannot be read", code="peer_garbage")
    shell, address = agent.peers.remote_shell(node)
    bandwidth = resource.options.get("bwlimit")
    return Transfer(node, shell, address, f"osvc peer receive {ticket}", path, int(bandwidth or 0))
