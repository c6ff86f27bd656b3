"""Doing one step: the context that its driver is handed, its time limit, its commands in the journal."""

from __future__ import annotations

import itertools
from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import define, field

from opensvc_core.actions.status import ask
from opensvc_core.actions.step_hooks import STEP_HOOKS
from opensvc_core.clock import Cancel, Deadline
from opensvc_core.context import Context
from opensvc_core.errors import JournalError, Undetermined, WaitTimeout
from opensvc_core.events import Event, EventKind
from opensvc_core.model import Evidence, Outcome, Resource, ResourceId, Status, StatusReport
from opensvc_core.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.elsewhere import Elsewhere
    from opensvc_core.attempt import Attempt
    from opensvc_core.host import Command, CommandResult, Spawned
    from opensvc_core.memory import Memory
    from opensvc_core.plan import Plan, Step
    from opensvc_core.surroundings import Channels

STEP_LIMIT = 300.0
"""Seconds for a step of a resource that has no limit of its own."""
PULL = "pull"
"""Steps that bring a copy back from another node, see ``actions.failback``."""
MARGIN = 30.0
"""Seconds that a step has beyond the limits of what it does, so that these strike first and say more."""
WORDS = 10.0
"""Seconds that a step on another node has beyond its limit there, so that its words arrive."""


@define
class _CommandJournal:
    """Journal of one step's commands; on a way back, and in a stop, a broken journal does not stop it.

    What only reads is never stopped by it: a start that was begun waits for what it had begun, to the end.
    """

    agent: Agent
    step: Step
    run_id: str
    is_strict: bool
    is_way_back: bool
    on_event: Callable[[Event], None]
    numbers: itertools.count[int]
    running: dict[str, tuple[str, ...]] = field(factory=dict)

    def begin(self, host: str, command: Command) -> str:
        """See CommandLog."""
        command_id = f"{self.run_id}.{next(self.numbers)}"
        try:
            self.agent.journal.begin_command(
                self.run_id, self.step, host, command, command_id, is_way_back=self.is_way_back
            )
        except JournalError:
            if self.is_strict and command.changes:
                raise
        self.running[command_id] = command.argv
        self._emit(EventKind.COMMAND_BEGIN, {"argv": list(command.argv), "host": host, "changes": command.changes})
        return command_id

    def spawned(self, command_id: str, process: Spawned) -> None:
        """See CommandLog."""
        with suppress(JournalError):
            self.agent.journal.command_spawned(command_id, process)

    def end(self, command_id: str, result: CommandResult | None, error: str) -> None:
        """See CommandLog."""
        with suppress(JournalError):
            self.agent.journal.end_command(command_id, result, error)
        argv = self.running.pop(command_id, ())
        rc = None if result is None else result.rc
        self._emit(EventKind.COMMAND_END, {"argv": list(argv), "rc": rc, "error": error})

    def _emit(self, kind: EventKind, data: dict[str, object]) -> None:
        resource = self.step.resource
        self.on_event(
            Event(kind, self.agent.clock.now(), self.run_id, resource.id.service, resource.rid, self.step.id, "", data)
        )


@define
class Performer:
    """Performs the steps of one plan: those of this node itself, the others through their nodes' agents."""

    agent: Agent
    plan: Plan
    statuses: Mapping[ResourceId, StatusReport]
    run_id: str
    on_event: Callable[[Event], None]
    evidence: Mapping[str, Sequence[Evidence]] = field(factory=dict)
    permits: frozenset[str] = frozenset()
    elsewhere: Elsewhere | None = None
    peer: str = ""
    memory: Memory | None = None
    _numbers: itertools.count[int] = field(factory=itertools.count)

    def step_context(self, attempt: Attempt) -> Context:
        """What the driver of a step is handed: its commands are journalled, its notes and its progress are told."""
        step = attempt.step
        context = self._context(step.action, attempt.cancel, attempt.deadline)
        strict = step.kind.can_start and not attempt.is_way_back
        context.command_log = _CommandJournal(
            self.agent, step, self.run_id, strict, attempt.is_way_back, self.on_event, self._numbers
        )
        context.on_note = attempt.on_note
        context.on_progress = lambda text: self._tell_progress(step, text)
        return context

    def _tell_progress(self, step: Step, text: str) -> None:
        about = step.resource.id
        event = Event(
            EventKind.STEP_PROGRESS, self.agent.clock.now(), self.run_id, about.service, about.rid, step.id, text
        )
        self.on_event(event)

    def perform(self, attempt: Attempt) -> Outcome:
        """Do a step. Raises what its driver raises."""
        step = attempt.step
        if step.is_elsewhere and self.elsewhere is not None:
            return self.elsewhere.perform(attempt)
        context = self.step_context(attempt)
        try:
            if attempt.start_was_lost:
                self._await_late_start(step, context)
            if step.action == PULL:
                from opensvc_core.actions.pull import pull_copy

                return pull_copy(self.agent, step.resource, step.peer, self.run_id, context)
            if attempt.is_way_back and step.action == "start" and self.plan.other_nodes:
                from opensvc_core.actions.histories import know_copies, restore_history

                service = context.service_of(step.resource)
                restore_history(self.agent, service, self.run_id, know_copies(self.agent, service))
            return STEP_HOOKS[step.action](self.agent.dispatcher, step.resource, context)
        finally:
            attempt.lost_changes.extend(context.lost_changes)

    def _await_late_start(self, step: Step, context: Context) -> None:
        """A start command that was cut may still take effect: give it a while, so that the stop finds it."""
        if not self.verify(step).is_down:
            return
        seconds = self.agent.limits.late_start
        text = f"its start was cut and may still take effect: waiting up to {seconds:g} s for it, to stop it then"
        context.note(text, "late_start")
        with suppress(WaitTimeout):
            context.wait_until(lambda: not self.verify(step).is_down, f"the lost start of {step.resource.id}", seconds)

    def rehearse(self, step: Step, recording: Recording, statuses: Mapping[ResourceId, StatusReport]) -> Outcome:
        """Do a step of a dry run: queries are made, changes only recorded. Raises what its driver raises."""
        context = self._context(step.action, Cancel(), self._deadline(step))
        context.statuses = statuses
        context.recording = recording
        if step.action == PULL:
            raise Undetermined(f"the rest depends on what {step.peer} has when the service is down there")
        return STEP_HOOKS[step.action](self.agent.dispatcher, step.resource, context)

    def verify(self, step: Step) -> Status:
        """Ask for the state of a step's resource, now. Raises PeerError where its node does not answer."""
        if step.is_elsewhere and self.elsewhere is not None:
            return self.elsewhere.verify(step)
        graph = self.plan.graphs[step.resource.id.service]
        reports = ask(self.agent, [graph], only=[step.resource.id], known=self.statuses)
        return reports[step.resource.id].status

    def step_limit(self, step: Step) -> float:
        """Seconds for a step: what its resource asks for, and a margin."""
        return step_limit(step.resource, step.action) + (WORDS if step.is_elsewhere else 0.0)

    def reading_context(self, action: str) -> Context:
        """For the drivers' checks before the first step: they ask no second time what the statuses rest on."""
        limit = Deadline.after(self.agent.limits.checks, self.agent.clock, "the checks")
        context = self._context(action, Cancel(), limit)
        if self.memory is not None:
            context.memory, context.is_checking = self.memory, True
        return context

    def _deadline(self, step: Step) -> Deadline:
        return Deadline.after(self.step_limit(step), self.agent.clock, f"step {step.id}")

    def _context(self, action: str, cancel: Cancel, deadline: Deadline) -> Context:
        agent = self.agent
        return Context(
            node=agent.node,
            host=agent.host,
            services={service.name: service for service in self.plan.services},
            statuses=self.statuses,
            action=action,
            cancel=cancel,
            deadline=deadline,
            clock=agent.clock,
            network=agent.network,
            drivers=agent.dispatcher,
            run_id=self.run_id,
            evidence=self.evidence,
            reservations=agent.reservations,
            permits=self.permits,
            # A run that another node drives is told by its session who that is; this one's own has one destination.
            peer=self.peer or next(iter(self.plan.other_nodes), ""),
            channels=_channels(agent) if action == "migrate" else None,
        )


def _channels(agent: Agent) -> Channels:
    from opensvc_core.actions.channels import PeerChannels

    return PeerChannels(agent)


def step_limit(resource: Resource, action: str) -> float:
    """Seconds for a step of a resource: its ``start_timeout``, or twice its ``stop_timeout``, and a margin.

    A migration has the ``migrate_timeout``.
    """
    if action == PULL:
        return float(resource.options.get("sync_timeout") or STEP_LIMIT) + MARGIN
    is_stop = action == "stop"
    if action == "migrate" and resource.options.get("migrate_timeout") is not None:
        return float(resource.options["migrate_timeout"]) + MARGIN
    own = resource.options.get("stop_timeout" if is_stop else "start_timeout")
    if own is None:
        return STEP_LIMIT + MARGIN
    return float(own) * (2 if is_stop else 1) + MARGIN
