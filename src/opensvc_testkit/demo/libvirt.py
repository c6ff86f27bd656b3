"""A libvirtd of the demo's own, with nothing of it outside the namespaces that it runs in."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from opensvc_testkit.demo.stage import StageError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "ip": "iproute2",
    "libvirtd": "libvirt-daemon-system",
    "mount": "mount",
    "qemu-system-x86_64": "qemu-system-x86",
    "unshare": "util-linux",
    "virsh": "libvirt-clients",
}
"""Command, and the Debian package that brings it."""
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PRIVATE = ("/etc/libvirt", "/run", "/var/lib/libvirt", "/var/log/libvirt", "/var/cache/libvirt")
"""Folders that libvirt writes to; the demo has empty ones of its own in their place."""
UNSHARE = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private")
# The first process must take note of the ends of others' children: libvirt waits until a probing QEMU is quite gone.
REAPER = ("sh", "-c", '"$@"; exit "$?"', "sh")
LIMIT = 30.0
"""Seconds for each step of the set-up; libvirtd serves after one."""

LIBVIRTD_CONF = """\
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_rw_perms = "0700"
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
"""
# In these namespaces there is neither udev nor virtlogd nor a right to groups and labels.
QEMU_CONF = """\
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
"""
CARD = "demo0"
NETWORK = (
    ("ip", "link", "set", "lo", "up"),
    ("ip", "link", "add", CARD, "type", "veth", "peer", "name", "demo1"),
    ("ip", "address", "add", "192.0.2.1/24", "dev", CARD),
    ("ip", "link", "set", CARD, "up"),
    ("ip", "link", "set", "demo1", "up"),
)
"""A network in which nobody but this node answers."""


def missing(user: int) -> str:
    """Why a real libvirt cannot be played on here, and what to do about it; empty if it can.

    Args:
        user: number of the user who asks.
    """
    if user != 0:
        return "a real libvirt needs root: run it as root, or `osvc demo` without --kvm"
    packages = sorted({package for name, package in COMMANDS.items() if not shutil.which(name, path=SYSTEM_PATH)})
    if packages:
        return f"a real libvirt needs packages of Debian: {' '.join(packages)} (`make lab-packages` installs them)"
    return ""


def run_apart(argv: Sequence[str]) -> int:
    """Run a command in namespaces of its own for mounts, processes and network, and give back its exit status.

    Whatever it leaves running ends with it.
    """
    child = subprocess.Popen([*UNSHARE, *REAPER, *argv])
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            # The terminal told the command as well, and it takes back what it did.
            continue
        except BaseException:
            # With it goes all that runs in its namespaces.
            child.terminate()
            child.wait()
            raise


def start_libvirtd() -> None:
    """Start libvirtd in the namespaces that this process is in, and wait until it serves.

    Raises:
        StageError: it does not.
    """
    for folder in PRIVATE:
        if Path(folder).is_dir():
            _run("mount", "-t", "tmpfs", "-o", "mode=755", "opensvc-demo", folder)
    for command in NETWORK:
        _run(*command)
    settings = Path("/etc/libvirt")
    (settings / "libvirtd.conf").write_text(LIBVIRTD_CONF, encoding="ascii")
    (settings / "qemu.conf").write_text(QEMU_CONF, encoding="ascii")
    _run("libvirtd", "--daemon")
    # It listens before its drivers are ready, and answers when they are: this waits that long.
    _run("virsh", "-c", "qemu:///system", "uri")


def _run(*argv: str) -> None:
    environment = {"PATH": SYSTEM_PATH, "LC_ALL": "C", "HOME": "/"}
    try:
        subprocess.run(
            argv, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT, check=True
        )
    except subprocess.CalledProcessError as error:
        raise StageError(f"`{' '.join(argv)}` failed: {error.stderr.strip() or error.returncode}") from error
    except subprocess.TimeoutExpired as error:
        raise StageError(f"`{' '.join(argv)}` did not end within {LIMIT:g} s") from error
    except OSError as error:
        raise StageError(f"`{argv[0]}` cannot be run: {error.strerror}") from error


def mount_namespace() -> str:
    """The namespace of mounts that this process is in."""
    return str(Path("/proc/self/ns/mnt").readlink())
