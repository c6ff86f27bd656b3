"""What the lab needs of this machine, and what is missing of it."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Mapping
from pathlib import Path
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
        "lxc-start": "lxc",
        "mkfs.ext4": "e2fsprogs",
        "nsenter": "util-linux",
        "ping": "iputils-ping",
        "qemu-img": "qemu-utils",
        "qemu-system-x86_64": "qemu-system-x86",
        "ssh": "openssh-client",
        "sshd": "openssh-server",
        "sysctl": "procps",
        "systemctl": "systemd",
        "unshare": "util-linux",
        "virsh": "libvirt-clients",
    }
)
"""Command, and the Debian package that brings it."""

KERNEL_LAB = MappingProxyType(
    {
        "busybox": "busybox-static",
        "gcc": "gcc",
        "ip": "iproute2",
        "iscsiadm": "open-iscsi",
        "linux.uml": "user-mode-linux",
        "lvm": "lvm2",
        "mke2fs": "e2fsprogs",
        "modprobe": "kmod",
        "multipathd": "multipath-tools",
        "nsenter": "util-linux",
        "sg_persist": "sg3-utils",
        "sshd": "openssh-server",
        "tgtd": "tgt",
        "thin_check": "thin-provisioning-tools",
    }
)
"""The same for nodes with kernels of their own."""

KERNEL_LAB_FILES = MappingProxyType(
    {
        "/usr/include/iscsi/iscsi.h": "libiscsi-dev",
        "/usr/include/scsi/sg.h": "libc6-dev",
        "/dev/net/tun": "(the kernel)",
    }
)
"""File, and the package that brings it, for them."""

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def missing(
    path: str = _PATH,
    user: int | None = None,
    *,
    packages: Mapping[str, str] = _PACKAGES,
    files: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Why the lab cannot run here, in one line that names what to install; empty when it can.

    Args:
        path: where commands are looked for.
        user: the user who runs the tests; who does now, if not given.
        packages: the commands that are needed, and the packages that bring them.
        files: the files that are needed, and the packages that bring them.
    """
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return f"the lab needs Linux on x86_64, this is {platform.system()} on {platform.machine()}"
    if (os.geteuid() if user is None else user) != 0:
        return "the lab needs root: it makes namespaces, mounts and network cards"
    absent = {package for command, package in packages.items() if shutil.which(command, path=path) is None}
    absent |= {package for file, package in files.items() if not Path(file).exists()}
    if absent:
        return f"the lab needs packages of Debian: {' '.join(sorted(absent))} (make lab-packages installs them)"
    return ""
