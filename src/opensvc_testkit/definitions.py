"""Definitions of simulated guests, as one would write them for libvirt."""

from __future__ import annotations

import uuid
from collections.abc import Sequence


def domain_xml(name: str, *, disks: Sequence[str] = (), has_agent: bool = False) -> str:
    """A small guest's definition: one disk image and further block devices; its UUID follows from its name."""
    channel = (
        "    <channel type='unix'>\n      <target type='virtio' name='org.qemu.guest_agent.0'/>\n    </channel>\n"
        if has_agent
        else ""
    )
    more = "".join(
        f"    <disk type='block' device='disk'>\n      <source dev='{path}'/>\n"
        f"      <target dev='vd{chr(ord('b') + index)}' bus='virtio'/>\n    </disk>\n"
        for index, path in enumerate(disks)
    )
    return (
        "<domain type='qemu'>\n"
        f"  <name>{name}</name>\n"
        f"  <uuid>{uuid.uuid5(uuid.NAMESPACE_DNS, name)}</uuid>\n"
        "  <memory unit='MiB'>512</memory>\n"
        "  <vcpu>1</vcpu>\n"
        "  <os>\n    <type arch='x86_64' machine='pc'>hvm</type>\n  </os>\n"
        "  <features>\n    <acpi/>\n  </features>\n"
        "  <devices>\n"
        "    <disk type='file' device='disk'>\n"
        f"      <source file='/var/lib/libvirt/images/{name}.img'/>\n"
        "      <target dev='vda' bus='virtio'/>\n"
        "    </disk>\n"
        f"{more}{channel}"
        "  </devices>\n"
        "</domain>\n"
    )
