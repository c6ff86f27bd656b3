"""Running what is due: one run of a job at a time, each on its own, so that one that fails holds no other up."""

from __future__ import annotations

import os
import queue
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import Factory, define, evolve, field, frozen

from opensvc_core.actions.job_records import JobRecord, read_record, write_record
from opensvc_core.errors import Locked, OpenSVCError
from opensvc_core.lock import Holder, hold_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.jobs import Job
    from opensvc_core.clock import Cancel

SIDE_BY_SIDE = 4
"""Jobs of services that run at once; the node's own do not wait for them."""
PATIENCE = 60.0
"""Seconds between two looks for what has become due while a job runs."""


@frozen
class JobEnd:
    """How a job ended.

    Attributes:
        status: exit status of its command; ``None`` where it could not be run to its end.
        text: one line.
    """

    status: int | None
    text: str = ""


@frozen
class JobRun:
    """One job that was due.

    Attributes:
        job: the job.
        record: how it ended; the outcome ``busy`` is of one that another process was running.
        is_busy: whether it was not run as another process was running it.
    """

    job: Job
    record: JobRecord
    is_busy: bool = False

    @property
    def outcome(self) -> str:
        """``done``, ``refused``, ``failed``, ``busy``."""
        return "busy" if self.is_busy else self.record.outcome


@define
class JobRunner:
    """Runs what is due, and goes on to look while anything runs: a long replication holds up no other job.

    Attributes:
        agent: this node's.
        list_jobs: the table, read anew at each look.
        launch: runs the command of a job to its end.
        cancel: when set, nothing more begins.
        on_end: told each run when it has ended, one call at a time.
    """

    agent: Agent
    list_jobs: Callable[[], Sequence[Job]]
    launch: Callable[[Job], JobEnd]
    cancel: Cancel
    on_end: Callable[[JobRun], None]
    _ended: queue.SimpleQueue[JobRun] = field(factory=queue.SimpleQueue)
    _running: dict[str, Job] = Factory(dict)
    _passed_over: set[str] = Factory(set)

    def run(self) -> list[JobRun]:
        """Run what is due until nothing runs any more; gives back every run, in the order in which they ended."""
        runs: list[JobRun] = []
        looked = self._look()
        while self._running:
            left = looked + PATIENCE - self.agent.clock.monotonic()
            try:
                run = self._ended.get(timeout=max(0.0, left))
            except queue.Empty:
                self._passed_over.clear()
                looked = self._look()
                continue
            del self._running[run.job.name]
            if run.is_busy or run.record.counted is None:  # it would be due again at once
                self._passed_over.add(run.job.name)
            runs.append(run)
            self.on_end(run)
            looked = self._look()
        return runs

    def _look(self) -> float:
        """Begin what is due; gives back when that was."""
        for job in () if self.cancel.is_set else self.list_jobs():
            of_services = sum(bool(each.service) for each in self._running.values())
            if job.service and of_services >= SIDE_BY_SIDE:
                continue
            if job.name in self._running or job.name in self._passed_over or not self._is_due(job):
                continue
            self._running[job.name] = job
            threading.Thread(target=self._work, args=(job,), name=f"job {job.name}", daemon=True).start()
        return self.agent.clock.monotonic()

    def _is_due(self, job: Job) -> bool:
        now, folders = self.agent.clock.now(), self.agent.node.folders
        record = read_record(folders, job.name)
        if record.corrected(now) != record:
            with suppress(Locked, OSError), self._hold(job):
                write_record(folders, job.name, record.corrected(now))
        return job.next_run(self.agent.node.name, now, record.corrected(now).counted) == now

    def _hold(self, job: Job) -> AbstractContextManager[None]:
        """Its own lock, if nobody else has it. Raises Locked."""
        agent = self.agent
        holder = Holder(os.getpid(), agent.user, f"job {job.name}", agent.clock.now())
        folder = agent.node.folders.var / "schedule" / "lock"
        return hold_lock(folder, job.name, holder, wait=0, clock=agent.clock, cancel=self.cancel)

    def _work(self, job: Job) -> None:
        now = self.agent.clock.now()
        run = JobRun(job, JobRecord(began=now, ended=now, text="cut"))
        try:
            run = self._run(job)
        except Locked:
            run = JobRun(job, run.record, is_busy=True)
        except (OpenSVCError, OSError) as error:
            run = JobRun(job, evolve(run.record, text=str(error)))
        finally:
            self._ended.put(run)

    def _run(self, job: Job) -> JobRun:
        """One run, under the job's own lock; what another process has run meanwhile is not run again."""
        folders = self.agent.node.folders
        with self._hold(job):
            now, kept = self.agent.clock.now(), read_record(folders, job.name)
            if job.next_run(self.agent.node.name, now, kept.corrected(now).counted) != now:
                return JobRun(job, kept, is_busy=True)
            record = kept.begin(now)
            # First written down, then run: what cannot be remembered would be run again each minute.
            write_record(folders, job.name, record)
            end = self.launch(job)
            record = record.end(self.agent.clock.now(), end.status, end.text)
            write_record(folders, job.name, record)
            return JobRun(job, record)
