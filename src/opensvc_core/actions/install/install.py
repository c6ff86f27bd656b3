"""All changes that make this machine a node, or that take that away, in the order in which they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.actions.install.boot_service import boot_changes, boot_removal, timer_changes, timer_removal
from opensvc_core.actions.install.files import (
    file_removal,
    key_changes,
    link_changes,
    shell_changes,
    template_changes,
    tree_changes,
)
from opensvc_core.actions.install.jobs import RUNNER, cron_changes, cron_removal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from opensvc_core.actions.install.site import Change, Site


@frozen
class Installation:
    """What is to be done, by what it is about, and what an operator should know.

    Attributes:
        parts: ``tree``, ``links``, ``keys``, ``jobs``, ``boot`` and so on: the changes that are still to be made.
        notes: what cannot be done here, and why.
    """

    parts: dict[str, tuple[Change, ...]]
    notes: tuple[str, ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        """All of them, in their order."""
        return tuple(change for changes in self.parts.values() for change in changes)


def plan_installation(site: Site, verbs: Collection[str], completion: str) -> Installation:
    """What this machine lacks as a node; nothing on one that lacks nothing. Nothing is changed.

    Args:
        site: the machine.
        verbs: of ``osvc``; a job whose verb is not among them is not scheduled.
        completion: script for bash.

    Raises:
        OSError: a file that is there cannot be read.
    """
    links, link_notes = link_changes(site)
    job_notes: list[str] = []
    if site.has_systemd and RUNNER in verbs:
        jobs = [*timer_changes(site), *cron_removal(site)]
    else:
        cron, job_notes = cron_changes(site, verbs)
        jobs = [*timer_removal(site), *cron]
    boot, boot_notes = boot_changes(site, verbs)
    parts = {
        "tree": tree_changes(site),
        "links": links,
        "keys": key_changes(site),
        "doc": template_changes(site),
        "jobs": jobs,
        "boot": boot,
        "shell": shell_changes(site, completion),
    }
    notes = (*link_notes, *job_notes, *boot_notes)
    return Installation({name: tuple(changes) for name, changes in parts.items()}, notes)


def plan_removal(site: Site) -> Installation:
    """What takes all of that away but configuration, data and keys. Nothing is stopped; nothing is changed yet.

    Raises:
        OSError: a file that is there cannot be read.
    """
    parts = {
        "jobs": [*timer_removal(site), *cron_removal(site)],
        "boot": boot_removal(site),
        "links and shell": file_removal(site),
    }
    notes = (f"configuration, data and keys stay in {site.folders.root}; other nodes: osvc node trust --remove",)
    return Installation({name: tuple(changes) for name, changes in parts.items()}, notes)


def make_changes(installation: Installation, tell: Callable[[str], None]) -> int:
    """Make all changes, telling each when it is made; how many.

    Raises:
        OSError, ActionError: one cannot be made; those before it stay, and the next call goes on from there.
    """
    for change in installation.changes:
        change.make()
        tell(change.what)
    return len(installation.changes)
