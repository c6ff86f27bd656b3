"""``sync.rsync``: data of a service copied to its other nodes by rsync."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from opensvc_core.api import (
    ActionError,
    CommandFailed,
    Keyword,
    Kind,
    Outcome,
    Phase,
    Resource,
    ResourceId,
    StatusReport,
    Veto,
    hookimpl,
)
from opensvc_core.builtin.rsync_command import EXITS, read_progress, refuse_options, rsync_argv, summary
from opensvc_core.replication import MINUTE, TARGETS, Copy, copy_status, is_active, read_stamp, stamp_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opensvc_core.api import Context
    from opensvc_core.replication import Transfer

TOLD_EVERY = 0.5
"""Seconds between two words on how far a transfer is."""
VANISHED = 24
"""Exit status of rsync: files were gone before they could be copied, as happens where a service runs (rsync(1))."""


class Replication:
    """What every driver of replication is: no part of start and stop."""

    phase: ClassVar[Phase] = Phase.REPLICATION
    api_version: ClassVar[int] = 1

    @hookimpl
    def start(self) -> Outcome:
        """Nothing to do."""
        return Outcome.unchanged("replication is no part of a start")

    @hookimpl
    def stop(self) -> Outcome:
        """Nothing to do."""
        return Outcome.unchanged("replication is no part of a stop")


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
        """A veto for options that are not allowed, and for sources that are no absolute paths."""
        if action != "sync":
            return None
        if refusal := refuse_options(resource.words("options")):
            return Veto("sync_options", refusal, hint="docs/reference/replication.md lists them", is_liftable=False)
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


def stamped_status(resource: Resource, copy: Copy, context: Context) -> StatusReport:
    """Status of a replication on this node, by its stamps."""
    service = context.service_of(resource)
    folders = context.node.folders
    return copy_status(
        resource,
        copy,
        service,
        context.node.name,
        active=is_active(service, context.statuses),
        stamp=lambda node: read_stamp(stamp_file(folders, node, resource.id)),
        now=context.clock.now(),
    )


def run_rsync(argv: Sequence[str], limit: float, context: Context) -> Outcome:
    """Run a transfer to its end, telling how far it is. Raises CommandFailed with what its exit status means."""
    told = -TOLD_EVERY

    def heard(text: str) -> None:
        nonlocal told
        progress = read_progress(text)
        if progress and context.clock.monotonic() - told >= TOLD_EVERY:
            told = context.clock.monotonic()
            context.tell_progress(progress)

    result = context.run(*argv, timeout=limit, check=False, heard=heard)
    if result.rc == VANISHED:
        context.note(EXITS[VANISHED], "sync_vanished")
    elif result.rc != 0:
        meaning = EXITS.get(result.rc, "it failed")
        lines = [line for line in result.stderr.splitlines() if line.strip()]
        said = lines[0].strip()[:300] if lines else "it said nothing"
        raise CommandFailed(
            f"rsync ended with status {result.rc}, {meaning}: {said}",
            argv=result.argv,
            rc=result.rc,
            stdout=result.stdout,
            stderr=result.stderr,
            hint="what has come is kept; the next sync goes on from there",
        )
    return Outcome.changed(summary(result.stdout) if result.is_made else "")


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
    with snapshots_of(sources, f"{resource.id}!{transfer.node}", size, context) as frozen:
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
