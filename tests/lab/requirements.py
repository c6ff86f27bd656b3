"""What the lab needs of this machine, and what is missing of it."""

from __future__ import annotations

import os
import platform
import shutil
from types import MappingProxyType

_PACKAGES = MappingProxyType(
    {
        "apt-get": "apt",
        "busybox": "busybox-static",
        "dropbear": "dropbear-bin",
        "dropbearkey": "dropbear-bin",
        "debugfs": "e2fsprogs",
        "dpkg-deb": "dpkg",
        "fsfreeze": "util-linux",
        "ip": "iproute2",
        "kill": "procps",
        "libvirtd": "libvirt-daemon-system",
        "losetup": "mount",
        "mkfs.ext4": "e2fsprogs",
        "nsenter": "util-linux",
        "ping": "iputils-ping",
        "qemu-img": "qemu-utils",
        "qemu-system-x86_64": "qemu-system-x86",
        "ssh": "openssh-client",
        "sshd": "openssh-server",
        "sysctl": "procps",
        "unshare": "util-linux",
        "virsh": "libvirt-clients",
    }
)
"""Command, and the Debian package that brings it."""


_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def missing(path: str = _PATH, user: int | None = None) -> str:
    """Why the lab cannot run here, in one line that names what to install; empty when it can.

    Args:
        path: where commands are looked for.
        user: the user who runs the tests; who does now, if not given.
    """
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return f"the lab needs Linux on x86_64, this is {platform.system()} on {platform.machine()}"
    if (os.geteuid() if user is None else user) != 0:
        return "the lab needs root: it makes namespaces, mounts and network cards"
    packages = sorted({package for command, package in _PACKAGES.items() if shutil.which(command, path=path) is None})
    if packages:
        return f"the lab needs packages of Debian: {' '.join(packages)} (make lab-packages installs them)"
    return ""
