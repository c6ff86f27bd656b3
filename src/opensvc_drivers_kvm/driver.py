"""The driver ``container.kvm``: its keywords, and the life cycle over libvirt."""

from __future__ import annotations

from typing import ClassVar

from opensvc_core.api import LIFE_CYCLE_KEYWORDS, ContainerLifeCycle, ContainerPlatform, Keyword, Kind
from opensvc_drivers_kvm.domains import SYSTEM_URI, LibvirtPlatform


class KvmContainer(ContainerLifeCycle):
    """A KVM guest, run by libvirt."""

    file_roots: ClassVar[tuple[str, ...]] = ("/etc/libvirt/qemu/{name}.xml", "/var/lib/libvirt/qemu/nvram/{name}*")
    platform: ClassVar[ContainerPlatform] = LibvirtPlatform()
    commands: ClassVar[tuple[str, ...]] = ("virsh",)
    keywords: ClassVar[tuple[Keyword, ...]] = (
        *LIFE_CYCLE_KEYWORDS,
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
