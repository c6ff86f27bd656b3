"""The walk on a real libvirt with a real guest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_testkit.boot_sector import Ending, write_boot_disk
from opensvc_testkit.demo.service import HOSTS, SERVICE, WITHOUT_NETWORK
from opensvc_testkit.demo.walk import Scene

if TYPE_CHECKING:
    from pathlib import Path

    from opensvc_testkit.demo.stage import Stage

DOMAIN = """\
<domain type="qemu">
  <name>{name}</name>
  <memory unit="MiB">16</memory>
  <vcpu>1</vcpu>
  <os><type arch="x86_64" machine="pc">hvm</type><boot dev="hd"/></os>
  <features><acpi/></features>
  <devices>
    <disk type="file" device="disk">
      <driver name="qemu" type="raw"/><source file="{disk}"/><target dev="vda" bus="virtio"/>
    </disk>
    <controller type="usb" model="none"/>
    <memballoon model="none"/>
  </devices>
</domain>
"""
"""QEMU's own emulation: nothing of the machine's processor is needed."""

OPENING = """REAL: a libvirtd of this demo's own runs in namespaces of its own, with a guest that QEMU emulates. Other
guests of this machine are neither seen nor touched, and all of it ends with the demo."""

SCENES = (
    Scene(
        "A guest that libvirt knows, and the service file that makes a service of it.", f"virsh define {SERVICE}.xml"
    ),
    Scene("", f"cat {SERVICE}.env"),
    Scene("", f"osvc config create {SERVICE} --from {SERVICE}.env"),
    Scene("", f"osvc config validate {SERVICE}"),
    Scene("What a start would do, down to the commands. Nothing is changed.", f"osvc plan start {SERVICE}", 0, "down"),
    Scene("Do it.", f"osvc start {SERVICE}", 0, "up"),
    Scene("", f"osvc status {SERVICE}"),
    Scene("", "virsh list --all"),
    Scene("All services of this node, one row each.", "osvc mon"),
    Scene(
        "Stop it: the guest is asked by the ACPI power button, and switches itself off.",
        f"osvc stop {SERVICE}",
        0,
        "down",
    ),
    Scene(
        "Now a failure. The service gets an address that this guest never has: the start waits for it in vain.",
        rf"printf '\n[ip#1]\nipname = {SERVICE}\n' >> opensvc/etc/{SERVICE}.env",
    ),
    Scene("", f"osvc start {SERVICE}", 1, "down"),
    Scene("What was brought up was brought down again: the guest is off.", "virsh list --all"),
    Scene("The cause is mended; start again.", f"cp {SERVICE}.env opensvc/etc/{SERVICE}.env"),
    Scene("", f"osvc start {SERVICE}", 0, "up"),
    Scene("", f"osvc stop {SERVICE}", 0, "down"),
    Scene("Who did what, from the journal.", f"osvc log {SERVICE}"),
)


def prepare(stage: Stage) -> None:
    """Lay out the files of the walk: the guest's disk and definition, the service file."""
    disk = stage.folder / f"{SERVICE}.img"
    write_boot_disk(disk, Ending.OBEY)
    _write(stage.folder / f"{SERVICE}.xml", DOMAIN.format(name=SERVICE, disk=disk))
    _write(stage.folder / f"{SERVICE}.env", WITHOUT_NETWORK)
    _write(stage.root / "etc" / "hosts", HOSTS)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
