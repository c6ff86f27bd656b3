"""The table of jobs: what this node does by itself, and when. Each is a command of `osvc`; pure but for its inputs."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.errors import ConfigError, ConfigProblem
from opensvc_core.model import Phase
from opensvc_core.schedule.due import next_run
from opensvc_core.schedule.grammar import ScheduleError, parse_schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from opensvc_core.model import Service
    from opensvc_core.node import Node
    from opensvc_core.schedule.rules import Schedule

SECTION = "node"
"""Of ``node.conf``, where a node's own schedules stand."""
PATIENCE = "20"
"""Seconds that nodes have to answer the job `monitor`: nobody waits for it."""
DEFAULTS = {
    "monitor_schedule": "@10",
    "metrics_schedule": "@10",
    "journal_schedule": "03:00-04:00@61",
    "checks_schedule": "@60",
    "sync_schedule": "04:00-06:00@121",
}
"""Schedules that nobody set, by keyword (agent 2.1)."""


@frozen
class Job:
    """One thing that a node does by itself.

    Attributes:
        name: unique on the node, and fit for a file: ``monitor``, ``sync.vm188``.
        argv: words after ``osvc``.
        schedule: when it may begin.
        source: where the schedule stands.
        service: that it is about, empty for the node's own.
        off: why it does not run here whatever the schedule says, empty if it does.
    """

    name: str
    argv: tuple[str, ...]
    schedule: Schedule
    source: str
    service: str = ""
    off: str = ""

    def next_run(self, node: str, after: float, last: float | None) -> float | None:
        """The first moment from ``after`` on at which it is due on a node; ``None`` for never.

        Args:
            node: name of the node: what is spread begins elsewhere on each.
            after: seconds since the epoch.
            last: when it last began, ``None`` for never.
        """
        if self.off:
            return None
        return next_run(self.schedule, after, last, chance=partial(_chance, node, self.name))


@frozen
class NodeJob:
    """A job of the node itself that another distribution adds, by an entry point of the group ``opensvc.jobs``.

    Attributes:
        name: unique on the node, and fit for a file.
        argv: words after ``osvc``.
        default: its schedule where nobody set one.
        section: of ``node.conf`` where its schedule may be set.
        keyword: in that section.
        off: why it does not run here whatever the schedule says, empty if it does.
    """

    name: str
    argv: tuple[str, ...]
    default: str
    section: str
    keyword: str
    off: str = ""


def _chance(node: str, name: str, begin: float) -> float:
    return random.Random(f"{node} {name} {begin:.0f}").random()  # noqa: S311 - no secret: it spreads load


def list_jobs(
    node: Node, services: Sequence[Service], verbs: Collection[str], added: Sequence[NodeJob] = ()
) -> list[Job]:
    """Every job of a node: its own first, then those of its services.

    Args:
        node: this node.
        services: of the node.
        verbs: commands that ``osvc`` has; a job of another is not there.
        added: what other distributions add.

    Raises:
        ConfigError: a schedule of ``node.conf`` cannot be read.
    """
    settings = _settings(node)
    jobs = []
    if "mon" in verbs:
        schedule, source = settings("monitor_schedule")
        jobs.append(Job("monitor", ("mon", "--format", "plain", "--timeout", PATIENCE), schedule, source))
    file = node.setting(SECTION, "metrics_file")
    if "metrics" in verbs and file:
        schedule, source = settings("metrics_schedule")
        jobs.append(Job("metrics", ("metrics", "--ask", "--output", file), schedule, source))
    if "log" in verbs:
        schedule, source = settings("journal_schedule")
        jobs.append(Job("journal", ("log", "--prune", "--format", "plain"), schedule, source))
    if "node" in verbs:
        schedule, source = settings("checks_schedule")
        jobs.append(Job("checks", ("node", "checks", "--format", "plain"), schedule, source))
    for each in added:
        schedule, source = settings(each.keyword, each.section, each.default)
        jobs.append(Job(each.name, each.argv, schedule, source, off=each.off))
    if "sync" in verbs:
        jobs += [job for service in services if (job := _sync(node, service, settings)) is not None]
    return jobs


def _settings(node: Node) -> Callable[..., tuple[Schedule, str]]:
    """Reads a schedule of the node, and says where it stands."""
    file = node.folders.etc / "node.conf"

    def read(keyword: str, section: str = SECTION, default: str = "") -> tuple[Schedule, str]:
        text = node.settings.get(section, {}).get(keyword)
        if text is None:
            return parse_schedule(default or DEFAULTS[keyword]), "default"
        try:
            return parse_schedule(text), f"[{section}] {keyword} in {file.name}"
        except ScheduleError as error:
            problem = ConfigProblem(file, 0, section, keyword, str(error))
            raise ConfigError([problem], hint=f"correct [{section}] in {file}") from error

    return read


def _sync(node: Node, service: Service, settings: Callable[..., tuple[Schedule, str]]) -> Job | None:
    """The replication of a service, where it has any."""
    others = [each for each in service.all_nodes if each.lower() != node.name.lower()]
    if not others or not any(resource.phase is Phase.REPLICATION for resource in service.resources):
        return None
    text = service.options.get("sync_schedule")
    if text is None:
        schedule, source = settings("sync_schedule")
    else:
        schedule, source = parse_schedule(str(text)), f"[default] sync_schedule in {service.path.name}"
    is_production = node.name.lower() in {each.lower() for each in service.nodes}
    off = "" if is_production else "a disaster-recovery node sends nothing to anybody"
    return Job(f"sync.{service.name}", ("sync", "all", service.name), schedule, source, service.name, off)
