"""Applications that a killed replication left at rest are woken by the next command, as a run of its own."""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import evolve

from opensvc_core.actions.perform import Performer
from opensvc_core.attempt import Attempt
from opensvc_core.clock import Deadline
from opensvc_core.errors import ActionError, Cancelled, JournalError, OpenSVCError
from opensvc_core.host.processes import process_start_time
from opensvc_core.journal import RunHeader
from opensvc_core.model import Note, Phase, Resource, ResourceId, Severity
from opensvc_core.plan import Plan, Step
from opensvc_core.resting import forget_resting, is_resting, read_resting, remember_resting
from opensvc_core.run import RunOutcome, StepResult, StepState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opensvc_core.actions.agent import Agent
    from opensvc_core.clock import Cancel
    from opensvc_core.model import Service
    from opensvc_core.resting import Resting

CODE = "snap_trigger"
ACTION = "sync wake"
"""What the journal calls the run. As of every replication, nothing is to be recovered if it is killed itself."""
TRIES = 3
"""How often a command is run that fails: at a boot the application may come up only after the first time."""


def wake(agent: Agent, name: str, cancel: Cancel) -> list[Note]:
    """Run what killed replications of a service owe: ``postsnap_trigger``, once; raises nothing.

    One that fails is run again by a later command, three times in all.

    Args:
        agent: of this node, which holds the lock of the service.
        name: of the service.
        cancel: ends it; what was not run stays owed.
    """
    if not is_resting(agent.node.folders, name):
        return []
    try:
        owed = read_resting(agent.node.folders, name)
        return [_wake(agent, resting, cancel) for resting in owed]
    except (OSError, ValueError) as error:
        text = f"{name}: a cut sync may have left its application at rest, and what wakes it cannot be read: {error}"
        return [Note(f"{text}; run its postsnap_trigger by hand", CODE, Severity.ERROR)]


def wake_all(agent: Agent, services: Iterable[Service], cancel: Cancel, wait: float) -> list[Note]:
    """The same for many services, each under its lock, as far as it can be had; raises nothing but Cancelled."""
    from opensvc_core.actions.execute import hold_locks

    notes: list[Note] = []
    for service in services:
        if not is_resting(agent.node.folders, service.name):
            continue
        try:
            with hold_locks(agent, Plan(ACTION, (service,), {}, ()), "", wait=wait, cancel=cancel):
                notes += wake(agent, service.name, cancel)
        except Cancelled:
            raise
        except OpenSVCError as error:
            notes.append(Note(f"{service.name}: not woken yet: {error.message}", CODE, Severity.WARNING))
    return notes


def _wake(agent: Agent, resting: Resting, cancel: Cancel) -> Note:
    """Run one command, journalled before and after. Raises OSError."""
    folders, subject = agent.node.folders, f"{resting.service}/{resting.rid}"
    with suppress(OSError):
        # A full disk keeps no application at rest: a try that cannot be counted is one more, no less.
        remember_resting(folders, evolve(resting, tries=resting.tries + 1))
    resource = Resource(ResourceId(resting.service, resting.rid), "", phase=Phase.REPLICATION)
    step = Step(f"sync {subject}", "sync", resource, agent.node.name)
    run_id = uuid.uuid4().hex[:12]
    plan = Plan(ACTION, (), {}, (step,))
    performer = Performer(agent, plan, {}, run_id, agent.dispatcher.observe)
    deadline = Deadline.after(resting.limit + 1.0, agent.clock, "postsnap_trigger")
    context = performer.step_context(Attempt(step, cancel, deadline, False, lambda _: None))
    _begin(agent, run_id, step)
    try:
        context.run(*resting.argv, timeout=resting.limit, env=resting.env)
    except Cancelled as error:
        with suppress(OSError):
            remember_resting(folders, resting)
        _end(agent, run_id, StepResult(step, StepState.CANCELLED, error.message))
        return Note(f"{subject}: its application is still at rest: {error.message}", CODE, Severity.WARNING)
    except ActionError as error:
        _end(agent, run_id, StepResult(step, StepState.FAILED, error.message))
        text = f"{subject}: a cut sync left its application at rest, and postsnap_trigger failed: {error.message}"
        if resting.tries + 1 < TRIES:
            return Note(f"{text}; the next command on {resting.service} runs it again", CODE, Severity.WARNING)
        forget_resting(folders, resting)
        return Note(f"{text}; it is not run again: see to it by hand", CODE, Severity.ERROR)
    forget_resting(folders, resting)
    text = f"{subject}: ran the postsnap_trigger that a cut sync had left undone"
    _end(agent, run_id, StepResult(step, StepState.DONE, text))
    return Note(text, CODE)


def _begin(agent: Agent, run_id: str, step: Step) -> None:
    """Write it down. A journal that is broken keeps no application at rest."""
    pid = os.getpid()
    service = step.resource.id.service
    header = RunHeader(
        run_id, ACTION, (service,), agent.user, pid, agent.node.name, process_start_time(pid), agent.node.boot_id,
        agent.argv, "{}", agent.clock.now(),
    )  # fmt: skip
    with suppress(JournalError):
        agent.journal.begin_run(header)
        agent.journal.begin_step(run_id, step, is_way_back=False)


def _end(agent: Agent, run_id: str, result: StepResult) -> None:
    outcome = RunOutcome.DONE if result.state is StepState.DONE else RunOutcome.FAILED
    with suppress(JournalError):
        agent.journal.end_step(run_id, result, is_way_back=False)
        agent.journal.end_service(run_id, result.step.resource.id.service, outcome)
