"""Live migration of a guest by ``virsh migrate``, through a channel of its own: no libvirt is reached otherwise."""

from __future__ import annotations

from pathlib import Path

from opensvc_core.api import (
    ActionError,
    ChannelEnd,
    Context,
    Outcome,
    Resource,
    Status,
    Stream,
    Undetermined,
    guest_name,
)
from opensvc_drivers_kvm.domains import SYSTEM_URI
from opensvc_drivers_kvm.parse import errors_of
from opensvc_drivers_kvm.rpc_sieve import MigrationSieve
from opensvc_drivers_kvm.virsh import DOMAIN_LIMIT, Virsh

CONTROL, DATA = "control", "data"
"""Streams of the channel: libvirt's words, and the guest's memory."""
SOCKETS = (Path("/run/libvirt/virtqemud-sock"), Path("/run/libvirt/libvirt-sock"))
"""Where the libvirt of the system listens: the daemon for QEMU alone, or the one for everything."""
QEMU_USERS = ("libvirt-qemu", "qemu")
"""Users that distributions run QEMU as: QEMU itself connects to the stream of the memory."""
GONE_LIMIT = 30.0
"""Seconds for a guest that has moved to be gone here."""


def migrate(resource: Resource, peer: str, context: Context) -> Outcome:
    """Move a running guest to a peer, pre-copy only: it runs on one node at any time, and until the end on this one.

    Raises:
        ActionError: it does not run here; it still does, and why; or that cannot be told.
    """
    name, uri, limit = guest_name(resource), resource.text("uri") or SYSTEM_URI, resource.seconds("migrate_timeout")
    virsh = Virsh(uri, context)
    before = virsh.state(name)
    if before.status is not Status.UP:
        raise ActionError(f"{name} cannot be migrated: it is not up here: {before.reason}", code="container_not_up")
    streams = (Stream(CONTROL), Stream(DATA, QEMU_USERS))
    with context.open_channel(resource, peer, streams, limit) as channel:
        result = virsh.attempt(
            "migrate",
            "--live",
            "--persistent",
            "--desturi",
            f"qemu+unix:///system?socket={channel.socket(CONTROL)}",
            "--migrateuri",
            f"unix://{channel.socket(DATA)}",
            name,
            timeout=limit,
        )
    if not result.is_made:
        raise Undetermined(f"the rest depends on {name} being on {peer}")
    reason = errors_of(result.stderr) or f"virsh migrate ended with status {result.rc}"
    after = virsh.state(name)
    if result.rc == 0:
        context.wait_until(lambda: virsh.state(name).status is Status.DOWN, f"{name} to be gone from here", GONE_LIMIT)
        return Outcome.changed(f"{name} migrated to {peer}")
    raise ActionError(
        f"{name} was not migrated to {peer}, and is {after.status.value} here: {reason}", code="not_migrated"
    )


def abort(resource: Resource, context: Context) -> None:
    """``virsh domjobabort``; that nothing is under way is no failure."""
    virsh = Virsh(resource.text("uri") or SYSTEM_URI, context)
    virsh.attempt("domjobabort", guest_name(resource), timeout=DOMAIN_LIMIT * 4)


def channel_end(resource: Resource, stream: str, folder: Path) -> ChannelEnd:
    """Where a stream leads on this node. Raises ActionError for one that there is not."""
    if (resource.text("uri") or SYSTEM_URI) != SYSTEM_URI:
        raise ActionError(f"{resource.id}: only guests of {SYSTEM_URI} can be received", code="not_migratable")
    if stream == CONTROL:
        socket = next((each for each in SOCKETS if each.exists()), SOCKETS[-1])
        return ChannelEnd(socket, MigrationSieve(guest_name(resource)))
    if stream == DATA:
        return ChannelEnd(folder / DATA, owners=QEMU_USERS)
    raise ActionError(f"{resource.id}: there is no stream {stream!r}", code="channel_refused")
