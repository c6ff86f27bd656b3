"""What container drivers share that can move a running guest: before and after the platform's own migration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from opensvc_core.api import (
    ActionError,
    Context,
    Device,
    GuestState,
    Keyword,
    Kind,
    Outcome,
    Resource,
    Severity,
    Status,
    Veto,
    WaitTimeout,
    guest_name,
    hookimpl,
)
from opensvc_core.container import ContainerLifeCycle

if TYPE_CHECKING:
    from opensvc_core.model import Service

SETTLE_LIMIT = 60.0
"""Seconds for a guest to get out of what passes by itself after a migration: libvirt and Xen resume or drop it."""
MARK = ".opensvc-migrate-"
"""Begin of the name of the empty file that proves a folder of images to be one and the same on both nodes."""
_RUN_ID = re.compile(r"[0-9a-f]{1,32}")

MIGRATION_KEYWORDS: tuple[Keyword, ...] = (
    Keyword(
        "migrate_timeout",
        "How long a live migration may take. It is given up then, and the guest goes on where it runs.",
        Kind.DURATION,
        default=1800.0,
        example="1h",
    ),
)


class MigratingLifeCycle(ContainerLifeCycle):
    """The life cycle of a guest that can move while it runs; a driver adds the hook ``migrate``."""

    def resume(self, resource: Resource, context: Context) -> None:
        """Let a guest run on that a failed migration left paused here, and that is off everywhere else.

        Raises:
            ActionError: the platform leaves none paused, or it cannot be resumed.
        """
        del context
        raise ActionError(f"{guest_name(resource)} is left paused by the migration", code="guest_paused")

    def prepare(self, resource: Resource, context: Context) -> str:
        """Bring in order at the destination what the guest needs there beside its disks; what was done, or empty.

        Raises:
            ActionError: it cannot be.
        """
        del resource, context
        return ""

    @hookimpl
    def preflight(self, resource: Resource, action: str, context: Context) -> Veto | None:
        """A migration needs a guest that is up here, and disks that are the same on both nodes."""
        if action != "migrate":
            return super().preflight(resource, action, context)
        state = self.platform.read_state(resource, context)
        name = guest_name(resource)
        if state.status is not Status.UP:
            return Veto(
                "guest_not_up",
                f"{name} does not run on this node: it is {state.status.value} ({state.reason})",
                hint="run it on the node where the guest is up; osvc status tells where",
                is_liftable=False,
            )
        for device in self.platform.list_devices(resource, context):
            if device.is_writable and device.kind == "block" and not _is_covered(device, context.service_of(resource)):
                return Veto(
                    "disk_not_shared",
                    f"nothing says that {device.path} of {name} is one disk on both nodes",
                    hint="if it is: scsireserv = true in [vmdg], or a volume group as a resource; else --or-restart",
                    is_liftable=False,
                )
        return None

    @hookimpl
    def admit(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """Leave a mark beside each image of the guest, by which the peer sees that it is the same folder."""
        marks = [_mark(folder, resource, context) for folder in self._folders(resource, context)]
        if context.is_dry_run:
            return Outcome.unchanged(f"{len(marks)} folders of images to be proven shared with {peer}")
        for mark in marks:
            try:
                mark.touch(mode=0o600)
            except OSError as error:
                raise ActionError(
                    f"{mark.parent}: {error.strerror}: cannot tell if it is shared with {peer}"
                ) from error
        return Outcome(bool(marks), f"{len(marks)} folders of images marked")

    @hookimpl
    def join(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """Verify that the guest is down here, and that its images lie in folders that are shared with the peer."""
        name, state = guest_name(resource), self.platform.read_state(resource, context)
        if state.status is not Status.DOWN:
            raise ActionError(f"{name} is not down here: {state.reason}", code="container_not_down")
        if context.is_dry_run:
            return Outcome.unchanged(f"{name} is down here")
        for folder in self._folders(resource, context):
            if not _mark(folder, resource, context).exists():
                raise ActionError(
                    f"{folder} is not the folder that {peer} has by this name: the images of {name} are not shared",
                    code="disk_not_shared",
                    hint="move it with a stop, once the images are here: osvc switch",
                )
        done = self.prepare(resource, context)
        return Outcome.changed(f"{name} may come{f' ({done})' if done else ''}")

    @hookimpl
    def leave(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """Verify that the guest has not come, or what had come of it is gone. Raises ActionError if it runs here."""
        name = guest_name(resource)
        if context.is_dry_run:
            return Outcome.unchanged()
        state = self._come_to_rest(resource, context)
        if state.status is not Status.DOWN:
            raise ActionError(
                f"{name} is not verified off here: {state.reason}",
                code="container_not_down",
                hint=f"look at it here and on {peer} before anything else: osvc recover",
            )
        return Outcome.unchanged(f"{name} is off here")

    @hookimpl
    def settle(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """Verify that the guest runs here, and forbid the hypervisor to start it by itself. Removes the marks."""
        name = guest_name(resource)
        if context.is_dry_run:
            return Outcome.unchanged(f"{name} runs here, and no more on {peer}")
        if self._come_to_rest(resource, context).status is Status.WARN:
            # Only here: whoever calls this has seen it off at the peer.
            self.resume(resource, context)
        state = self._told_state(resource, context)
        if state.status is not Status.UP:
            raise ActionError(f"{name} is not verified running here: {state.reason}", code="container_not_up")
        self._forbid_autostart(resource, state, context)
        for folder in self._folders(resource, context):
            for mark in folder.glob(f"{MARK}{resource.id.service}-*"):
                with suppress(OSError):
                    mark.unlink()
        return Outcome.changed(f"{name} runs here")

    @hookimpl
    def stay(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """End what is under way of a migration, and verify that the guest is still here: running, or paused by it."""
        name = guest_name(resource)
        self.abort_migration(resource, context)
        state = self._come_to_rest(resource, context)
        if state.status is Status.UP:
            return Outcome.unchanged(f"{name} runs here")
        if state.status is Status.WARN:
            text = f"{name}: {state.reason}: it is let go on once it is verified off on {peer}"
            context.note(text, "guest_paused", Severity.WARNING)
            return Outcome.unchanged(f"{name} is here, and paused")
        raise ActionError(
            f"{name} is not here any more: {state.reason}",
            code="container_not_up",
            hint=f"nothing is undone as long as it may run on {peer}: osvc recover",
        )

    def abort_migration(self, resource: Resource, context: Context) -> None:
        """Have the platform give up a migration that is under way; nothing where it does so by itself."""

    def _come_to_rest(self, resource: Resource, context: Context) -> GuestState:
        """The state once it is none that passes by itself, or the last one seen."""
        state = self.platform.read_state(resource, context)

        def is_at_rest() -> bool:
            nonlocal state
            state = self.platform.read_state(resource, context)
            return not state.is_passing

        if state.is_passing:
            with suppress(WaitTimeout):
                context.wait_until(is_at_rest, f"{guest_name(resource)} to come to rest", SETTLE_LIMIT)
        return state

    def _told_state(self, resource: Resource, context: Context) -> GuestState:
        """The state in full, asked again while the platform does not answer: it is busy where a guest has just come."""
        state = self.platform.read_state(resource, context, in_full=True)

        def is_told() -> bool:
            nonlocal state
            state = self.platform.read_state(resource, context, in_full=True)
            return state.status is not Status.UNDEF

        if state.status is Status.UNDEF:
            with suppress(WaitTimeout):
                context.wait_until(is_told, f"an answer about {guest_name(resource)}", SETTLE_LIMIT)
        return state

    def _folders(self, resource: Resource, context: Context) -> Sequence[Path]:
        """Folders in which images lie that the guest writes to."""
        devices = self.platform.list_devices(resource, context)
        files = (Path(device.path) for device in devices if device.is_writable and device.kind == "file")
        return tuple(dict.fromkeys(file.resolve().parent for file in files))


def _mark(folder: Path, resource: Resource, context: Context) -> Path:
    if not _RUN_ID.fullmatch(context.run_id or "0"):
        raise ActionError(f"{context.run_id!r} is not the id of a run", code="bad_run")
    return folder / f"{MARK}{resource.id.service}-{context.run_id or '0'}"


def _is_covered(device: Device, service: Service) -> bool:
    """Whether a resource of the service hands a disk of the guest over, or the platform finds it by its own name."""
    return any(device.path.startswith(place) for place in _places(service)) or any(
        each.driver == "disk.vmdg" and each.options.get("scsireserv") and not each.is_disabled
        for each in service.resources
    )


def _places(service: Service) -> Iterator[str]:
    for each in service.resources:
        if not each.is_disabled and (group := str(each.options.get("vgname") or "")):
            yield f"/dev/{group}/"
            yield f"/dev/mapper/{group.replace('-', '--')}-"
