"""The Linux guest: Debian's cloud kernel, busybox, dropbear, and on demand QEMU's guest agent; no disk, all in memory.

It is built once from what this machine's Debian has, and kept in `.cache/lab` of the repository.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import attrs

from tests.lab import cpio, debian
from tests.lab.specification import REPOSITORY

CACHE = REPOSITORY / ".cache" / "lab"
LAUNCHERS = "/svc/etc/init.d"
"""Where a guest keeps its application launchers (the agent's facts, §2.9)."""

_KERNEL = "linux-image-cloud-amd64"
_AGENT = "qemu-guest-agent"
_MODULES = (
    "virtio_ring",
    "virtio",
    "virtio_pci_modern_dev",
    "virtio_pci_legacy_dev",
    "virtio_pci",
    "failover",
    "net_failover",
    "virtio_net",
    "virtio_blk",
    "virtio_console",
    "button",
    "evdev",
)
"""In the order of insertion: each after what it needs."""

_SHUTDOWN = "#!/bin/sh\n# What QEMU's guest agent calls, with the options of System V.\nsync\npoweroff -f\n"
_POWER_BUTTON = "#!/bin/sh\necho power button\nsync\npoweroff -f\n"


@attrs.frozen(slots=True)
class LinuxImage:
    """A kernel and the archives that make an initial RAM file system."""

    kernel: Path
    base: Path
    agent: Path

    def write_initrd(self, path: Path, own: Mapping[str, cpio.Entry], *, with_agent: bool) -> None:
        """Write the RAM file system of one guest: the common archives, then its own entries."""
        with path.open("wb") as out:
            for part in [self.base, *([self.agent] if with_agent else [])]:
                out.write(part.read_bytes())
            out.write(cpio.archive(own))


def build() -> LinuxImage:
    """The image for this machine's Debian, from the cache if it is there. About 4 s when it is not.

    Raises:
        RuntimeError: a package cannot be fetched, or a program lacks a library.
    """
    recipe = hashlib.sha256()
    sources = [Path(__file__), Path(__file__).with_name("guest_init.sh"), Path(cpio.__file__)]
    for source in [*sources, Path("/bin/busybox"), Path("/usr/sbin/dropbear")]:
        recipe.update(source.read_bytes())
    # Without the kernel's version: asking apt costs seconds, and any kernel will do.
    folder = CACHE / f"guest-{recipe.hexdigest()[:16]}"
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=CACHE, prefix="building-"))
        try:
            _build(fresh)
            # Two sessions may build at once: the first one's folder stays.
            if not folder.exists():
                fresh.rename(folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return LinuxImage(folder / "vmlinuz", folder / "base.cpio", folder / "agent.cpio")


def _build(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        unpacked = Path(name)
        debian.unpack(debian.real_package(_KERNEL), unpacked)
        debian.unpack(_AGENT, unpacked)
        (source,) = (unpacked / "boot").glob("vmlinuz-*")
        shutil.copy(source, folder / "vmlinuz")
        (folder / "base.cpio").write_bytes(cpio.archive(_base(unpacked)))
        (folder / "agent.cpio").write_bytes(cpio.archive(_program(unpacked / "usr/sbin/qemu-ga", "/usr/sbin/qemu-ga")))


def _base(unpacked: Path) -> dict[str, cpio.Entry]:
    script = Path(__file__).with_name("guest_init.sh").read_bytes()
    entries: dict[str, cpio.Entry] = {
        "/init": cpio.File(script, 0o755),
        "/dev/console": cpio.Device(5, 1),
        "/proc": cpio.Folder(),
        "/sys": cpio.Folder(),
        "/run": cpio.Folder(),
        "/tmp": cpio.Folder(0o1777),
        "/var/log": cpio.Folder(),
        "/var/run": cpio.Link("/run"),
        "/usr/bin": cpio.Link("/bin"),
        LAUNCHERS: cpio.Folder(),
        "/etc/passwd": cpio.File(b"root:x:0:0:root:/root:/bin/sh\n"),
        "/etc/group": cpio.File(b"root:x:0:\n"),
        "/etc/shells": cpio.File(b"/bin/sh\n"),
        "/etc/nsswitch.conf": cpio.File(b"passwd: files\ngroup: files\n"),
        "/etc/acpi/PWRF/00000080": cpio.File(_POWER_BUTTON.encode(), 0o755),
        "/sbin/shutdown": cpio.File(_SHUTDOWN.encode(), 0o755),
        "/modules/order": cpio.File("\n".join(_MODULES).encode()),
        "/bin/busybox": cpio.File(Path("/bin/busybox").read_bytes(), 0o755),
    }
    for applet in _applets():
        entries.setdefault(f"/bin/{applet}", cpio.Link("busybox"))
    for module in _MODULES:
        (source,) = (unpacked / "lib/modules").rglob(f"{module}.ko")
        entries[f"/modules/{module}.ko"] = cpio.File(source.read_bytes())
    return {**entries, **_program(Path("/usr/sbin/dropbear"), "/usr/sbin/dropbear")}


def _applets() -> list[str]:
    done = subprocess.run(["/bin/busybox", "--list"], capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.split()


def _program(source: Path, path: str) -> dict[str, cpio.Entry]:
    entries: dict[str, cpio.Entry] = {path: cpio.File(source.read_bytes(), 0o755)}
    for library in debian.libraries(source):
        entries[os.fspath(library)] = cpio.File(library.read_bytes(), 0o755)
    return entries
