"""Definitions of the lab's guests, as libvirt's domain XML."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import attrs

from opensvc_testkit.boot_sector import Ending
from tests.lab.linux_image import LinuxImage

AGENT_CHANNEL = "org.qemu.guest_agent.0"


class Kind(StrEnum):
    """The guests of the lab."""

    BOOT = "boot"
    """One boot sector, which obeys the ACPI power button. Up in 0.2 s."""
    STUBBORN = "stubborn"
    """One boot sector, which obeys nothing."""
    SLEEPER = "sleeper"
    """One boot sector, which suspends to memory: `pmsuspended`."""
    PANICKED = "panicked"
    """One boot sector, which panics and is kept as it is: `crashed`."""
    LINUX = "linux"
    """Linux with ssh, in memory; obeys the power button. Up in about 3 s."""
    DEAF_LINUX = "deaf-linux"
    """The same, but it ignores the power button."""
    AGENT = "agent"
    """Linux with ssh and QEMU's guest agent."""

    @property
    def is_linux(self) -> bool:
        """Whether a Linux kernel runs in it."""
        return self in {Kind.LINUX, Kind.DEAF_LINUX, Kind.AGENT}

    @property
    def memory_mib(self) -> int:
        """Its memory, in MiB."""
        if not self.is_linux:
            return 16
        return 160 if self is Kind.AGENT else 112

    @property
    def ending(self) -> Ending:
        """What a boot sector of this kind does.

        Raises:
            KeyError: it boots Linux.
        """
        return {
            Kind.BOOT: Ending.OBEY,
            Kind.STUBBORN: Ending.STAY,
            Kind.SLEEPER: Ending.SUSPEND,
            Kind.PANICKED: Ending.PANIC,
        }[self]


@attrs.frozen(slots=True)
class Disk:
    """A further disk of a guest: a raw image file, or a block device."""

    path: Path
    target: str
    """Device name in the guest, `vdb`, …"""
    is_block: bool = False
    is_shared: bool = False
    """Whether libvirt is told that other machines may use it too: it trusts no file system of this one to be shared."""


@attrs.frozen(slots=True)
class GuestFiles:
    """The files of one guest that its definition names."""

    console: Path
    boot_disk: Path
    initrd: Path


def mac_address(name: str) -> str:
    """The MAC address of the guest `name`: the same on every node."""
    tail = uuid.uuid5(uuid.NAMESPACE_DNS, name).bytes[:3]
    return "52:54:00:" + ":".join(f"{byte:02x}" for byte in tail)


def domain_xml(
    name: str,
    kind: Kind,
    files: GuestFiles,
    image: LinuxImage | None = None,
    *,
    address: str | None = None,
    host_key: int = 1,
    disks: Sequence[Disk] = (),
) -> str:
    """The definition of a guest. It runs on QEMU's own emulation: the lab depends on no hardware virtualisation.

    Args:
        name: name of the domain.
        kind: what boots in it.
        files: its own files.
        image: kernel of the Linux kinds.
        address: of a Linux guest, with prefix length: `10.77.0.101/24`. It has a network card only with an address.
        host_key: 1 or 2, which of its two ssh host keys a Linux guest shows.
        disks: further disks.
    """
    cpu = ""
    devices = [f'<serial type="file"><source path={_attr(files.console)}/></serial>']
    if kind.is_linux:
        assert image is not None
        # With an instruction for random numbers the kernel needs not wait a second for enough noise to speak ssh.
        cpu = '<cpu mode="custom"><model>qemu64</model><feature policy="require" name="rdrand"/></cpu>'
        words = [f"guest.name={name}", f"guest.hostkey={host_key}"]
        words += [f"guest.address={address}"] if address else []
        words += ["guest.stubborn"] if kind is Kind.DEAF_LINUX else []
        # The kernel's proofs of its own ciphers are a sixth of what a boot takes.
        calm = ["quiet", "panic=-1", "mitigations=off", "tsc=reliable", "cryptomgr.notests"]
        line = " ".join(["console=ttyS0", *calm, *words])
        boot = (
            f"<kernel>{escape(str(image.kernel))}</kernel><initrd>{escape(str(files.initrd))}</initrd>"
            f"<cmdline>{escape(line)}</cmdline>"
        )
    else:
        boot = '<boot dev="hd"/>'
        devices.append(_disk(Disk(files.boot_disk, "vda")))
    devices += [_disk(disk) for disk in disks]
    on_crash = "destroy"
    if kind is Kind.PANICKED:
        on_crash = "preserve"
        devices.append('<panic model="isa"/>')
    if address:
        devices.append(
            f'<interface type="bridge"><source bridge="br0"/><mac address="{mac_address(name)}"/>'
            '<model type="virtio"/></interface>'
        )
    if kind is Kind.AGENT:
        devices.append(f'<channel type="unix"><target type="virtio" name="{AGENT_CHANNEL}"/></channel>')
    return f"""\
<domain type="qemu">
  <name>{escape(name)}</name>
  <uuid>{uuid.uuid5(uuid.NAMESPACE_DNS, name)}</uuid>
  <memory unit="MiB">{kind.memory_mib}</memory>
  <vcpu>1</vcpu>
  <os><type arch="x86_64" machine="pc">hvm</type>{boot}</os>
  <features><acpi/></features>{cpu}
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>{on_crash}</on_crash>
  <devices>
    {_lines(devices)}
    <controller type="usb" model="none"/>
    <memballoon model="none"/>
  </devices>
</domain>
"""


def _lines(devices: Sequence[str]) -> str:
    return "\n    ".join(devices)


def _disk(disk: Disk) -> str:
    kind, word = ("block", "dev") if disk.is_block else ("file", "file")
    return (
        f'<disk type="{kind}" device="disk"><driver name="qemu" type="raw"/><source {word}={_attr(disk.path)}/>'
        f'<target dev="{disk.target}" bus="virtio"/>{"<shareable/>" if disk.is_shared else ""}</disk>'
    )


def _attr(value: object) -> str:
    return quoteattr(str(value))
