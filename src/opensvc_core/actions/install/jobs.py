"""Which jobs a node has, and where its cron looks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.actions.install import cron
from opensvc_core.actions.install.cron import Job
from opensvc_core.actions.install.site import Change, remove, run, write_file
from opensvc_core.node import DEFAULT_ROOT

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from opensvc_core.actions.install.site import Site

RUNNER = "schedule"
"""The verb that runs what is due."""
DAILY = Job("daily", "0 4 * * *", "", ("/bin/cron/opensvc.daily",))
"""The daily job of 2010 spoke to the collector alone: its entries are taken out."""


@frozen
class Crontab:
    """A file of cron's.

    Attributes:
        path: below the system's root.
        has_user: it has a column for the user.
        mode: of a new one.
        folder: that must be there for the file to be of use.
    """

    path: str
    has_user: bool
    mode: int

    @property
    def folder(self) -> str:
        """In which it lies."""
        return self.path.rpartition("/")[0]


CRONTABS = (
    Crontab("etc/cron.d/opensvc", has_user=True, mode=0o644),
    Crontab("var/spool/cron/crontabs/root", has_user=False, mode=0o600),
    Crontab("var/spool/cron/root", has_user=False, mode=0o600),
    Crontab("var/cron/tabs/root", has_user=False, mode=0o600),
)
"""In the order of preference (cookbook; the last is that of SuSE and the BSDs)."""


def jobs(root: Path, verbs: Collection[str]) -> tuple[Job, ...]:
    """The jobs of a node whose verbs are installed.

    Args:
        root: root folder.
        verbs: of ``osvc``.
    """
    if RUNNER not in verbs:
        return ()
    osvc = f"{root}/bin/osvc"
    setting = "" if root == DEFAULT_ROOT else f"OSVC_ROOT={root} "
    command = f"[ -x {osvc} ] && {setting}{osvc} {RUNNER} run >/dev/null 2>&1"
    marks = (f"{osvc} {RUNNER} run", f"{root}/bin/svcmon --updatedb")
    return (Job("schedule", "* * * * *", command, marks, ("0,10,20,30,40,50 * * * *",)),)


def all_marks(root: Path) -> tuple[Job, ...]:
    """Every job that any version entered, to take them out."""
    return (*jobs(root, {RUNNER}), DAILY)


def cron_changes(site: Site, verbs: Collection[str]) -> tuple[list[Change], list[str]]:
    """What cron's files lack, and notes: jobs in the most preferred file, none in the others."""
    wanted = jobs(site.folders.root, verbs)
    ours = all_marks(site.folders.root)
    there = [tab for tab in CRONTABS if site.at(tab.folder).is_dir()]
    if not wanted:
        return cron_removal(site), ["no job is scheduled: this version has none"]
    if not there:
        return [], ["cron is not installed: nothing runs by itself; install it, and `osvc node install` again"]
    texts = {tab: _read(site.at(tab.path)) for tab in there}
    chosen = there[0]
    schedules = [
        next((w for tab in there if (w := cron.schedule_of(texts[tab], job, has_user=tab.has_user))), job.when)
        for job in wanted
    ]
    changes: list[Change] = []
    for tab in there:
        text = texts[tab]
        if tab is chosen:
            kept = cron.without_jobs(text, [DAILY], has_user=tab.has_user)
            new = cron.with_jobs(kept, wanted, schedules, has_user=tab.has_user)
        else:
            new = cron.without_jobs(text, ours, has_user=tab.has_user)
        changes += _rewrite(site, tab, text, new)
    return changes, []


def cron_removal(site: Site) -> list[Change]:
    """What takes our jobs out of every file of cron's."""
    changes: list[Change] = []
    for tab in CRONTABS:
        text = _read(site.at(tab.path))
        changes += _rewrite(
            site, tab, text, cron.without_jobs(text, all_marks(site.folders.root), has_user=tab.has_user)
        )
    return changes


def _rewrite(site: Site, tab: Crontab, text: str, new: str) -> list[Change]:
    path = site.at(tab.path)
    if new == text:
        return []
    if not new.strip() and tab.has_user:
        return remove(path)
    mode = path.stat().st_mode & 0o7777 if path.exists() else tab.mode
    lines = [each for each in new.splitlines() if each not in text.splitlines()]
    what = f"write {path}: {lines[0]}" if lines else f"take our jobs out of {path}"
    changes = write_file(path, new, mode, what)
    if site.node.os_name == "HP-UX":
        changes += run(site, "crontab", str(path))  # cron of HP-UX reads its files only when told
    return changes


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return ""
