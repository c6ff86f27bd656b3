"""The driver ``container.kvm``: its keywords, and the life cycle over libvirt."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from opensvc_core.api import (
    LIFE_CYCLE_KEYWORDS,
    MIGRATION_KEYWORDS,
    ChannelEnd,
    ContainerPlatform,
    Context,
    Keyword,
    Kind,
    MigratingLifeCycle,
    Outcome,
    Resource,
    guest_name,
    hookimpl,
)
from opensvc_drivers_kvm.domains import SYSTEM_URI, LibvirtPlatform
from opensvc_drivers_kvm.virsh import DOMAIN_LIMIT, Virsh


class KvmContainer(MigratingLifeCycle):
    """A KVM guest, run by libvirt."""

    file_roots: ClassVar[tuple[str, ...]] = ("/etc/libvirt/qemu/{name}.xml", "/var/lib/libvirt/qemu/nvram/{name}*")
    platform: ClassVar[ContainerPlatform] = LibvirtPlatform()
    commands: ClassVar[tuple[str, ...]] = ("virsh",)
    keywords: ClassVar[tuple[Keyword, ...]] = (
        *LIFE_CYCLE_KEYWORDS,
        *MIGRATION_KEYWORDS,
        Keyword(
            "uri",
            "The libvirt that runs the guest, as `virsh -c` takes it.",
            default=SYSTEM_URI,
            example="qemu:///session",
        ),
        Keyword(
            "config",
            "The guest's definition for libvirt (XML). A start defines the guest anew when libvirt has it otherwise. "
            "By default /etc/libvirt/qemu/NAME.xml for the libvirt of the system. Without the file, libvirt's own "
            "definition is used.",
            Kind.PATH,
            example="/srv/vm188/vm188.xml",
        ),
        Keyword(
            "qga",
            "Whether the guest runs the QEMU guest agent: commands in the guest and its shutdown then go through it, "
            "and need no ssh.",
            Kind.BOOLEAN,
            default=False,
        ),
    )

    @hookimpl
    def migrate(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """Move the running guest to another node. Raises ActionError where it still runs here, or cannot be told."""
        from opensvc_drivers_kvm.migration import migrate

        return migrate(resource, peer, context)

    @hookimpl
    def channel_end(self, resource: Resource, stream: str, folder: Path) -> ChannelEnd:
        """Libvirt's socket behind a sieve, and the socket on which QEMU receives the guest's memory."""
        from opensvc_drivers_kvm.migration import channel_end

        return channel_end(resource, stream, folder)

    def abort_migration(self, resource: Resource, context: Context) -> None:
        """``virsh domjobabort``."""
        from opensvc_drivers_kvm.migration import abort

        abort(resource, context)

    def resume(self, resource: Resource, context: Context) -> None:
        """``virsh resume``. Raises CommandError."""
        virsh = Virsh(resource.text("uri") or SYSTEM_URI, context)
        virsh.change("resume", guest_name(resource), timeout=DOMAIN_LIMIT * 4)
