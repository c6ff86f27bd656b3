"""LVM snapshots as the source of a replication: made, mounted read-only, and gone again, whatever happens between."""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.api import ActionError, Cancelled, CommandFailed, Severity
from opensvc_core.clock import Cancel, Deadline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from opensvc_core.api import Context

PREFIX = "osvcsync_"
"""What begins the name of every snapshot that is made here, and of no other volume."""
LIMIT = 60.0
"""Seconds for one command of LVM or mount."""
TIDY_LIMIT = 120.0
"""Seconds to take snapshots away, also where the run was cancelled."""


_NO_ROOM = re.compile(r"insufficient free space|Insufficient suitable allocatable extents", re.IGNORECASE)


@frozen
class _Volume:
    """The logical volume that paths lie on, and where it is mounted."""

    group: str
    name: str
    mount_point: str
    file_system: str


@contextmanager
def snapshots_of(
    sources: Sequence[str],
    owner: str,
    size: int | None,
    context: Context,
    around: AbstractContextManager[None] | None = None,
) -> Iterator[tuple[str, ...]]:
    """The same paths in snapshots of the volumes that they lie on.

    What a cut run of the same owner left is taken away first.

    Args:
        sources: absolute paths.
        owner: what names the snapshots: resource, `!`, peer.
        size: bytes that may change meanwhile; by default a tenth of the volume.
        context: of the step.
        around: entered before the first of them is made, left when all are there.

    Raises:
        ActionError: a source does not lie on a logical volume, a command failed (``sync_snapshot_room``: the group is
            full), or the snapshot was full before all was read (``sync_snapshot_full``); nothing is left behind.
    """
    volumes = [_volume_of(source, context) for source in sources]
    made: dict[_Volume, tuple[str, Path]] = {}
    for volume in dict.fromkeys(volumes):
        name = _prefix(owner.rpartition("!")[0]) + _short(f"{owner} {volume.name}")
        point = context.node.folders.tmp / name
        _remove(volume.group, name, point, context)
        made[volume] = name, point
    try:
        with around or nullcontext():
            for volume, (name, point) in made.items():
                _make(volume, name, point, size, context)
        frozen_sources = []
        for source, volume in zip(sources, volumes, strict=True):
            below = Path(source).relative_to(volume.mount_point)
            slash = "/" if source.endswith("/") else ""
            frozen_sources.append(f"{made[volume][1] / below}{slash}")
        try:
            yield tuple(frozen_sources)
        except Cancelled:
            raise
        except ActionError as error:
            _refuse_full(made, context, error)
            raise
        # A transfer may end well although the last blocks that it read were none of the snapshot any more.
        _refuse_full(made, context)
    finally:
        if made and not context.is_dry_run:
            tidying = beyond_cancel(context, TIDY_LIMIT, "taking snapshots away")
            for volume, (name, point) in made.items():
                _remove(volume.group, name, point, tidying)


def remove_leftovers(resource: str, context: Context) -> list[str]:
    """Take away the snapshots of a resource that killed runs left, those that are active on this node; which were.

    Call it when no copy of the resource is under way. One that cannot be taken away is a note.

    Args:
        resource: its name, `web/sync#1`.
        context: for commands, which may change something.
    """
    asking = beyond_cancel(context, TIDY_LIMIT, "taking snapshots away")
    # Where the group is used by another node by now, its volumes are not active here, and nothing of it is ours.
    listed = asking.query(
        "lvs", "--noheadings", "--separator", "/", "--options", "vg_name,lv_name",
        "--select", f"lv_name=~^{_prefix(resource)} && lv_active=active", timeout=LIMIT,
    )  # fmt: skip
    gone = []
    for line in listed.stdout.split():
        group, _, name = line.partition("/")
        if _remove(group, name, context.node.folders.tmp / name, asking):
            gone.append(line)
    return gone


def _prefix(resource: str) -> str:
    """What begins the names of all snapshots of one resource."""
    return PREFIX + _short(resource)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _volume_of(source: str, context: Context) -> _Volume:
    found = context.query(
        "findmnt", "--noheadings", "--raw", "--output", "SOURCE,TARGET,FSTYPE", "--target", source, timeout=LIMIT
    )
    words = found.stdout.split()
    if len(words) != 3 or not words[0].startswith("/dev/"):
        raise ActionError(
            f"snap: {source} lies on no block device: {found.stdout.strip()[:100]!r}", code="sync_snapshot"
        )
    listed = context.query(
        "lvs", "--noheadings", "--separator", "/", "--options", "vg_name,lv_name", words[0], timeout=LIMIT, check=False
    )
    group, _, name = listed.stdout.strip().partition("/")
    if listed.rc != 0 or not group or not name or "/" in name or "\n" in name:
        raise ActionError(
            f"snap: {words[0]}, that {source} lies on, is no logical volume",
            code="sync_snapshot",
            hint="say `snap = false`, or put the data on a logical volume",
        )
    # --raw writes what could be taken for a separator as \x20.
    return _Volume(group, name, re.sub(r"\\x([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), words[1]), words[2])


def _make(volume: _Volume, name: str, point: Path, size: int | None, context: Context) -> None:
    extent = ("--size", f"{size}b") if size else ("--extents", "10%ORIGIN")
    try:
        context.run(
            "lvcreate", "--snapshot", "--yes", *extent, "--name", name, f"{volume.group}/{volume.name}", timeout=LIMIT
        )
    except CommandFailed as error:
        if _NO_ROOM.search(error.stderr):
            said = error.stderr.strip().splitlines()[-1].strip()
            raise ActionError(
                f"no room for a snapshot of {volume.group}/{volume.name}: {said}",
                code="sync_snapshot_room",
                hint=f"free some extents of the group (vgs {volume.group}), or give a smaller `snap_size`",
            ) from error
        raise
    if not context.is_dry_run:
        point.mkdir(0o700, parents=True, exist_ok=True)
    # The twin has the same uuid, which XFS refuses to mount beside the first; and a journal, which nobody may replay.
    options = {"xfs": "ro,nouuid,norecovery", "ext4": "ro,noload", "ext3": "ro,noload"}.get(volume.file_system, "ro")
    context.run(
        "mount", "-t", volume.file_system, "-o", options, f"/dev/{volume.group}/{name}", str(point), timeout=LIMIT
    )


def _refuse_full(made: Mapping[_Volume, tuple[str, Path]], context: Context, cause: ActionError | None = None) -> None:
    """Refuse what was read of a snapshot that is full, and void with that. Raises ActionError."""
    if context.is_dry_run:
        return
    asking = beyond_cancel(context, LIMIT, "looking at snapshots")
    for volume, (name, _) in made.items():
        listed = asking.query(
            "lvs", "--noheadings", "--options", "lv_attr", f"{volume.group}/{name}", timeout=LIMIT, check=False
        )
        # lvs(8): the fifth character of lv_attr is the state, I and S stand for an invalid snapshot.
        attributes = listed.stdout.strip()
        if listed.rc != 0 or attributes[4:5] in {"I", "S", ""}:
            what = "is full" if listed.rc == 0 and attributes else "is gone, or cannot be asked about"
            raise ActionError(
                f"the snapshot {volume.group}/{name} of {volume.name} {what}: what was read of it counts for nothing",
                code="sync_snapshot_full",
                hint="more was written to the volume meanwhile than `snap_size` allows: raise it, or sync when less is",
            ) from cause


def _remove(group: str, name: str, point: Path, context: Context) -> bool:
    """Take one snapshot away, as far as it is there; what cannot be is a note, as the next run tries again."""
    if context.is_dry_run:
        return False
    try:
        mounted = context.query("findmnt", "--noheadings", "--mountpoint", str(point), timeout=LIMIT, check=False)
        if mounted.rc == 0:
            context.run("umount", str(point), timeout=LIMIT)
        with suppress(OSError):
            point.rmdir()
        listed = context.query(
            "lvs", "--noheadings", "--options", "lv_name", "--select", f"lv_name={name}", group, timeout=LIMIT
        )
        if name in listed.stdout.split():
            context.run("lvremove", "--yes", f"{group}/{name}", timeout=LIMIT)
    except ActionError as error:
        context.note(f"the snapshot {group}/{name} is still there: {error.message}", "sync_snapshot", Severity.WARNING)
        return False
    return True


def beyond_cancel(context: Context, seconds: float, what: str) -> Context:
    """The same context without its cancel and with a limit of its own, for what must be undone in any case."""
    twin = context.within(seconds, what)
    twin.cancel = Cancel()
    twin.deadline = Deadline.after(seconds, context.clock, what)
    return twin
