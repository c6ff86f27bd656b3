"""Crontabs as text: our jobs are entered, renewed with the operator's schedule kept, or taken out. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIELD = r"[0-9A-Za-z*,/-]+"
# Blanks at the beginning are allowed by crontab(5); `@daily` and its kin stand for all five fields.
_ENTRY = re.compile(rf"[ \t]*(?P<when>@[a-z]+|(?:{_FIELD}[ \t]+){{4}}{_FIELD})[ \t]+(?P<rest>\S.*)")
_USER = re.compile(r"[a-z_][a-z0-9_-]*[ \t]+(?P<command>\S.*)")


@frozen
class Job:
    """What cron starts.

    Attributes:
        name: of the job.
        when: five fields, the schedule of a job that nobody edited.
        command: what is run, for a shell.
        marks: texts that tell an entry of this job, of today or of earlier versions, in its command.
        former: schedules of earlier versions, which nobody edited either.
    """

    name: str
    when: str
    command: str
    marks: tuple[str, ...]
    former: tuple[str, ...] = ()


def entry(job: Job, when: str, *, has_user: bool) -> str:
    """The line of a job."""
    return f"{when} {'root ' if has_user else ''}{job.command}\n"


def schedule_of(text: str, job: Job, *, has_user: bool) -> str:
    """The schedule that somebody gave a job in this crontab, empty if it has the one of this or an earlier version."""
    for line in text.split("\n"):
        when = _when(line, job, has_user=has_user)
        if when and when not in {job.when, *job.former}:
            return when
    return ""


def with_jobs(text: str, jobs: Sequence[Job], schedules: Sequence[str], *, has_user: bool) -> str:
    """The crontab with one line a job, where it had one, else at the end; all other lines as they are.

    Args:
        text: the crontab.
        jobs: what is to stand in it.
        schedules: one a job.
        has_user: the file has a column for the user, as those of ``/etc/cron.d``.
    """
    for job, when in zip(jobs, schedules, strict=True):
        lines: list[str] = []
        is_there = False
        for line in _lines(text):
            if not _when(line, job, has_user=has_user):
                lines.append(line)
            elif not is_there:
                lines.append(entry(job, when, has_user=has_user))
                is_there = True
        if not is_there:
            if lines and not lines[-1].endswith("\n"):
                lines.append("\n")
            lines.append(entry(job, when, has_user=has_user))
        text = "".join(lines)
    return text


def without_jobs(text: str, jobs: Sequence[Job], *, has_user: bool) -> str:
    """The crontab without any line of these jobs."""
    return "".join(line for line in _lines(text) if not any(_when(line, job, has_user=has_user) for job in jobs))


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _when(line: str, job: Job, *, has_user: bool) -> str:
    """The schedule of a line of this job, blanks made one; empty for any other line."""
    found = _ENTRY.match(line)
    if found is None or line.lstrip().startswith("#"):
        return ""
    command = found["rest"]
    if has_user:
        with_user = _USER.match(command)
        if with_user is None:
            return ""
        command = with_user["command"]
    return " ".join(found["when"].split()) if any(mark in command for mark in job.marks) else ""
