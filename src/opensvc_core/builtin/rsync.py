"""``sync.rsync``: data of a service copied to its other nodes by rsync."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from opensvc_core.api import (
    ActionError,
    Keyword,
    Kind,
    Outcome,
    Resource,
    ResourceId,
    StatusReport,
    Veto,
    hookimpl,
)
from opensvc_core.builtin.replicating import Replication, stamped_status
from opensvc_core.builtin.rsync_command import refuse_options, rsync_argv
from opensvc_core.builtin.rsync_run import run_rsync
from opensvc_core.builtin.snapshot_triggers import KEYWORDS as TRIGGER_KEYWORDS
from opensvc_core.builtin.snapshot_triggers import refuse_triggers, triggered
from opensvc_core.replication import MINUTE, TARGETS, Copy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opensvc_core.api import Context
    from opensvc_core.replication import Transfer


class Rsync(Replication):
    """Sends ``src`` to ``dst`` on other nodes, where and when ``osvc sync`` says; never part of start and stop."""

    keywords: ClassVar[tuple[Keyword, ...]] = (
        Keyword(
            "src",
            "What is copied: files and folders, globs allowed; a slash at the end means what is in the folder.",
            Kind.WORDS,
            required=True,
            example="/srv/web/",
        ),
        Keyword(
            "dst",
            "The folder that it is copied to. The node that receives takes this from its own service file, and it must "
            "lie below one of `[sync] roots` of its `node.conf`.",
            Kind.PATH,
            required=True,
            example="/srv/web",
        ),
        Keyword(
            "dstfs",
            "Mount point that must be mounted on the node that receives, else nothing is sent to it.",
            Kind.PATH,
            example="/srv",
        ),
        Keyword(
            "target",
            "To whom: `nodes`, the production nodes, `drpnodes`, those for disaster recovery, or both.",
            Kind.WORDS,
            required=True,
            choices=TARGETS,
            example="nodes drpnodes",
        ),
        Keyword(
            "exclude", "Patterns of what is left out, as of rsync.", Kind.WORDS, default=(), example="*.tmp /lost+found"
        ),
        Keyword(
            "options",
            "Further options of rsync, of those that say how something is copied; every other one is refused.",
            Kind.WORDS,
            default=(),
            example="--acls --xattrs",
        ),
        Keyword(
            "snap",
            "Whether an LVM snapshot of the volume that `src` lies on is copied in place of `src` itself.",
            Kind.BOOLEAN,
            default=False,
        ),
        *TRIGGER_KEYWORDS,
        Keyword("snap_size", "Size of that snapshot. Default: a tenth of the volume.", Kind.SIZE, example="2GiB"),
        Keyword(
            "bwlimit",
            "Bandwidth that it may use, in KB a second. Default: what `[default]` says, else no limit.",
            Kind.INTEGER,
            inherits="bwlimit",
            example="10000",
        ),
        Keyword(
            "sync_min_delay",
            "Minutes within which it is not sent again, unless that is forced. `[default]` may say it; else 30.",
            Kind.INTEGER,
            default=30,
            inherits="sync_min_delay",
        ),
        Keyword(
            "sync_max_delay",
            "Minutes after which what was sent is too old. Default: what `[default]` says, else 1440.",
            Kind.INTEGER,
            default=1440,
            inherits="sync_max_delay",
        ),
        Keyword("sync_timeout", "Time that one transfer has.", Kind.DURATION, default=43200.0, example="6h"),
    )
    commands: ClassVar[tuple[str, ...]] = ("rsync",)

    @hookimpl
    def status(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, StatusReport]]:
        """By the stamps of what was sent and received; no command is run."""
        for resource in resources:
            refusal = refuse_options(resource.words("options"))
            report = (
                StatusReport.warn(refusal, "sync_options")
                if refusal
                else stamped_status(resource, _copy(resource), context)
            )
            yield resource.id, report

    @hookimpl
    def preflight(self, resource: Resource, action: str) -> Veto | None:
        """A veto for options that are not allowed, commands that are none, and sources that are no absolute paths."""
        if action != "sync":
            return None
        if refusal := refuse_options(resource.words("options")):
            return Veto("sync_options", refusal, hint="docs/reference/replication.md lists them", is_liftable=False)
        if refusal := refuse_triggers(resource):
            return Veto("snap_trigger", refusal, hint="see docs/reference/replication.md", is_liftable=False)
        for source in resource.words("src"):
            if not source.startswith("/") or "/../" in f"{source}/":
                reason = f"src: {source!r} is not an absolute path without `..`"
                return Veto("sync_source", reason, hint="write the whole path", is_liftable=False)
        return None

    @hookimpl
    def describe_copy(self, resource: Resource) -> Copy:
        """What its keywords say."""
        return _copy(resource)

    @hookimpl
    def clear_away(self, resource: Resource, context: Context) -> Outcome:
        """Take away snapshots that killed runs have left."""
        if not resource.flag("snap"):
            return Outcome.unchanged()
        from opensvc_core.builtin.snapshot import remove_leftovers

        gone = remove_leftovers(str(resource.id), context)
        return Outcome.changed(f"the snapshot {', '.join(gone)}") if gone else Outcome.unchanged()

    @hookimpl
    def replicate(self, resource: Resource, transfer: Transfer, context: Context) -> Outcome:
        """Run rsync. Files that vanish meanwhile are a note, as the service runs.

        Raises:
            CommandFailed: it failed; what has come is kept, and resumed by the next one.
            ActionError: there is nothing to send.
        """
        with _sources(resource, transfer, context) as sources:
            return run_rsync(
                rsync_argv(
                    transfer,
                    sources,
                    options=resource.words("options"),
                    excludes=[each.removeprefix("--exclude=") for each in resource.words("exclude")],
                ),
                resource.seconds("sync_timeout"),
                context,
            )


def _copy(resource: Resource) -> Copy:
    return Copy(
        resource.words("src"),
        resource.text("dst"),
        resource.text("dstfs"),
        resource.words("target"),
        resource.number("sync_min_delay") * MINUTE,
        resource.number("sync_max_delay") * MINUTE,
    )


@contextmanager
def _sources(resource: Resource, transfer: Transfer, context: Context) -> Iterator[tuple[str, ...]]:
    """The paths that are sent: of the peer as they stand, of this node with globs expanded, or of a snapshot."""
    if transfer.is_pull:
        yield transfer.sources
        return
    given = resource.words("src")
    sources = tuple(path for source in given for path in _expanded(resource, source))
    if not resource.flag("snap"):
        yield sources
        return
    from opensvc_core.builtin.snapshot import snapshots_of

    size = resource.options.get("snap_size")
    around = triggered(resource, context)
    with snapshots_of(sources, f"{resource.id}!{transfer.node}", size, context, around) as frozen:
        yield frozen


def _expanded(resource: Resource, source: str) -> tuple[str, ...]:
    """The paths that a source with its globs names, a slash at its end kept. Raises ActionError if there are none."""
    slash = "/" if source.endswith("/") else ""
    found = sorted(f"{path}{slash}" for path in Path("/").glob(source.strip("/") or ".") if path.is_dir() or not slash)
    if found:
        return tuple(found)
    raise ActionError(
        f"{resource.id}: there is no {source}",
        code="sync_source",
        hint="is its file system mounted here? An empty source would empty the copies",
    )
