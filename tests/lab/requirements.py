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
        "dpkg-deb": "dpkg",
        "ip": "iproute2",
        "libvirtd": "libvirt-daemon-system",
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


def missing() -> str:
    """Why the lab cannot run here, in one line that names what to install; empty when it can."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return f"the lab needs Linux on x86_64, this is {platform.system()} on {platform.machine()}"
    if os.geteuid() != 0:
        return "the lab needs root: it makes namespaces, mounts and network cards"
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    packages = sorted({package for command, package in _PACKAGES.items() if shutil.which(command, path=path) is None})
    if packages:
        return f"the lab needs packages of Debian: {' '.join(packages)} (make lab-packages installs them)"
    return ""
