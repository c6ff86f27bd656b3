"""``osvc sync``: what a service replicates goes from this node to others, all of them side by side."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from opensvc_core.actions.clearing import clear_away
from opensvc_core.actions.freeze import refuse_frozen
from opensvc_core.actions.perform import MARGIN, Performer
from opensvc_core.actions.recording import record_run
from opensvc_core.actions.replication_rules import leave_to_active, sync_vetoes
from opensvc_core.actions.replications import Replications, Way
from opensvc_core.actions.status import ask
from opensvc_core.actions.transfers import AGREE_LIMIT, send_copy
from opensvc_core.clock import Cancel, Deadline
from opensvc_core.copies import not_verified_up
from opensvc_core.errors import Vetoed
from opensvc_core.executor import Executor
from opensvc_core.generation import generation_out, keep_config, read_config
from opensvc_core.journal import JournalledRun
from opensvc_core.model import Note, Outcome
from opensvc_core.plan import Step
from opensvc_core.replication import (
    SERVICE_FILES,
    Stamp,
    stamp_file,
    write_stamp,
)
from opensvc_core.run import Run, RunOutcome, StepResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.execute import RunOptions
    from opensvc_core.attempt import Attempt
    from opensvc_core.model import ResourceId, Service, StatusReport

FILES_LIMIT = 120.0
"""Seconds for a peer to take the files of a service."""


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
        cleared = [note for name in plan.graphs for note in clear_away(agent, name, run_id, _rids(replications, name))]
        notes = [*(note for each in found.values() for note in each.notes), *cleared, *replications.notes]
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
        record_run(agent, plan, run, statuses, is_cancelled=options.cancel.is_set)
        return evolve(run, notes=(*notes, *run.notes))


def _rids(replications: Replications, service: str) -> set[str]:
    return {way.resource.rid for way in replications.ways if way.service.name == service}


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
        from opensvc_core.actions.gather_files import gather
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
