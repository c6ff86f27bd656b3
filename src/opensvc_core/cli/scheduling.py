"""What `osvc schedule` prints, and how the command of a job is run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.actions.job_records import JobRecord, read_record
from opensvc_core.actions.jobs import list_jobs
from opensvc_core.cli.added_jobs import added_jobs
from opensvc_core.cli.asking import load_all
from opensvc_core.cli.document import SCHEMA, Document, error_documents, moment
from opensvc_core.cli.options import Format
from opensvc_core.cli.output import say, write, write_json
from opensvc_core.cli.verbs import names as verb_names
from opensvc_core.errors import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.jobs import Job
    from opensvc_core.actions.run_jobs import JobEnd, JobRun
    from opensvc_core.cli.environment import Environment
    from opensvc_core.cli.manner import Manner
    from opensvc_core.clock import Cancel
    from opensvc_core.errors import OpenSVCError

JOB_LIMIT = 24 * 3600.0
"""Seconds after which the command of a job is ended."""
GRACE = 60.0
"""Seconds that it has to end by itself then, and to take back what it began."""


@frozen
class JobRow:
    """A job as it is shown.

    Attributes:
        job: the job.
        last: its last run.
        next: when it is due, in seconds since the epoch; ``None`` for never.
    """

    job: Job
    last: JobRecord
    next: float | None


def jobs_here(agent: Agent) -> tuple[list[Job], Mapping[str, OpenSVCError]]:
    """The jobs of this node, and the services and other distributions that cannot be used. Raises ConfigError."""
    services, broken = load_all(agent, agent.find())
    added, unlisted = added_jobs(agent.node)
    return list_jobs(agent.node, services, verb_names(), added), broken | unlisted


def show_jobs(agent: Agent, manner: Manner) -> int:
    """Print the jobs of this node; give back 0, or 3 where a service file cannot be read. Raises ConfigError."""
    jobs, broken = jobs_here(agent)
    now = agent.clock.now()
    rows = []
    for job in jobs:
        last = read_record(agent.node.folders, job.name)
        rows.append(JobRow(job, last, job.next_run(agent.node.name, now, last.counted)))
    if manner.form is Format.JSON:
        write_json(schedule_document(agent.node.name, now, rows, broken))
    elif manner.form is Format.PLAIN:
        from opensvc_core.cli.plain import line
        from opensvc_core.cli.words import local_time

        for row in rows:
            times = (local_time(row.last.began), local_time(row.next or 0.0))
            write(line(row.job.name, row.job.schedule, times[0], row.last.outcome, times[1], row.job.off))
    else:
        from opensvc_core.cli.render import to_text
        from opensvc_core.cli.render.schedule import job_table
        from opensvc_core.cli.terminal import wants_color

        write(to_text(job_table(rows, now), has_color=wants_color(manner.color)))
    if broken and manner.form is not Format.JSON:
        from opensvc_core.cli.failure import error_text

        for error in broken.values():
            say(error_text(error))
    return int(ExitStatus.CONFIG) if broken else 0


def schedule_document(node: str, at: float, rows: list[JobRow], broken: Mapping[str, OpenSVCError]) -> Document:
    """What ``osvc schedule --format json`` prints (``schedule.schema.json``)."""
    return {
        "schema": SCHEMA,
        "node": node,
        "at": moment(at),
        "jobs": [
            {
                "name": row.job.name,
                "service": row.job.service,
                "argv": ["osvc", *row.job.argv],
                "schedule": str(row.job.schedule),
                "source": row.job.source,
                "off": row.job.off,
                "next": moment(row.next or 0.0),
                "last": {
                    "began": moment(row.last.began),
                    "ended": moment(row.last.ended),
                    "outcome": row.last.outcome,
                    "exit_status": row.last.status,
                    "text": row.last.text,
                },
            }
            for row in rows
        ],
        "errors": error_documents(broken),
    }


def run_due(agent: Agent, *, is_loud: bool) -> int:
    """Run what is due; give back 0, or 1 where a job failed. Raises ConfigError."""
    from opensvc_core.actions.run_jobs import JobRunner
    from opensvc_core.cli.environment import here
    from opensvc_core.cli.signals import cancelling
    from opensvc_core.clock import Cancel

    cancel, environment = Cancel(), here()

    def tell(run: JobRun) -> None:
        if is_loud or run.outcome == "failed":
            say(f"{run.job.name}: {run.outcome}{': ' if run.record.text else ''}{run.record.text}")

    jobs_here(agent)  # what is wrong with node.conf is told at once, and not by a thread
    runner = JobRunner(
        agent, lambda: jobs_here(agent)[0], lambda job: launch(agent, environment, job, cancel), cancel, tell
    )
    with cancelling(cancel, say):
        runs = runner.run()
    return int(any(run.outcome == "failed" for run in runs))


def launch(agent: Agent, environment: Environment, job: Job, cancel: Cancel) -> JobEnd:
    """Run the command of a job to its end, as a process of its own; what goes wrong with it is how it ended."""
    from opensvc_core.actions.run_jobs import JobEnd
    from opensvc_core.errors import OpenSVCError
    from opensvc_core.host import Command

    env = {"OSVC_ROOT": str(agent.node.folders.root), "OSVC_NODE": agent.node.name, "OSVC_OS": agent.node.os_name}
    if environment.disabled_drivers:
        env["OSVC_DISABLED_DRIVERS"] = ",".join(sorted(environment.disabled_drivers))
    argv = (sys.executable, "-P", "-m", "opensvc_core", *job.argv)
    try:
        result = agent.host.execute(Command(argv, JOB_LIMIT, env=env, changes=True, grace=GRACE), cancel)
    except OpenSVCError as error:
        return JobEnd(None, error.message)
    said = [line.strip() for line in result.stderr.splitlines() if line.strip()]
    if result.rc == 0:
        return JobEnd(0)
    return JobEnd(result.rc, said[0] if said else f"`osvc {' '.join(job.argv)}` ended with status {result.rc}")
