"""LXC on a simulated cluster: containers with configuration files, and what a node's ``lxc-*`` know of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from attrs import frozen

from opensvc_testkit.executables import life, lxc_state
from opensvc_testkit.executables.guest_system import disk_of
from opensvc_testkit.simulated import SimulatedCluster

PLATFORMS = ("network", "system", "lxc")
"""Platforms whose executables an LXC node has."""
DISK_FULL = "lxc-start: ../src/lxc/log.c: log_open: 534 No space left on device - Failed to open log file\n"
"""What ``lxc-start`` says on a full disk, [R]; for ``FaultKind.FAIL``."""


def config_text(name: str, rootfs: str, *, address: str = "", device: str = "eth0", more: str = "") -> str:
    """A container's configuration file.

    Args:
        name: of the container.
        rootfs: the folder of its root.
        address: IPv4 address that it has on the bridge ``br0``; empty for no network.
        device: its adapter.
        more: further lines.
    """
    network = (
        f"lxc.net.0.type = veth\nlxc.net.0.link = br0\nlxc.net.0.name = {device}\nlxc.net.0.flags = up\n"
        f"lxc.net.0.ipv4.address = {address}/24\n"
        if address
        else "lxc.net.0.type = empty\n"
    )
    return f"lxc.uts.name = {name}\nlxc.rootfs.path = dir:{rootfs}\nlxc.mount.auto = proc:mixed sys:ro\n{network}{more}"


@frozen
class SimulatedLxc:
    """The LXC of a simulated cluster's nodes.

    Attributes:
        cluster: they belong to.
    """

    cluster: SimulatedCluster

    def install(self, folder: Path, node: str = "") -> Path:
        """Write the executables of an LXC node into a folder."""
        return self.cluster.install(folder, node=node, platforms=PLATFORMS)

    def define_guest(
        self,
        name: str,
        *,
        nodes: Iterable[str] = (),
        path: str = lxc_state.LIBRARY,
        more: str = "",
        address: str = "",
        device: str = "eth0",
        **changes: Any,
    ) -> None:
        """Add a guest, and the container that it is on some nodes.

        Args:
            name: of guest and container.
            nodes: where it is defined; they are made if needed.
            path: ``lxcpath``: ``/var/lib/lxc`` lies on each node's own disk, another folder is one of this machine's.
            more: further lines of its configuration.
            address: IPv4 address that it plumbs, empty for none.
            device: the adapter that bears it.
            changes: see ``SimulatedCluster.change_guest``.
        """
        self.cluster.add_guest(name, address=address, device=device, **changes)
        for node in nodes:
            folder = self.folder_of(node, path) / name
            folder.mkdir(parents=True, exist_ok=True)
            rootfs = folder / "rootfs"
            if not rootfs.is_symlink():
                # What is copied into the container's root is on its disk.
                rootfs.symlink_to(disk_of(str(self.cluster.root), name))
            text = config_text(name, f"{path}/{name}/rootfs", address=address, device=device, more=more)
            (folder / "config").write_text(text)

    def folder_of(self, node: str, path: str = lxc_state.LIBRARY) -> Path:
        """Where a node's folder of containers lies on this machine."""
        with self.cluster.opened() as world:
            there = world["nodes"].setdefault(node, life.new_node(node))
            return Path(lxc_state.folder_of(str(self.cluster.root), there, path))

    def undefine_guest(self, node: str, name: str, path: str = lxc_state.LIBRARY) -> None:
        """Take a container's configuration away; if it runs it goes on. Raises FileNotFoundError if there is none."""
        shutil.rmtree(self.folder_of(node, path) / name)

    def state_of(self, node: str, name: str, path: str = lxc_state.LIBRARY) -> str:
        """``RUNNING``, ``FROZEN`` or ``STOPPED``; empty if that node knows no such container."""
        with self.cluster.opened() as world:
            there = world["nodes"].get(node) or life.new_node(node)
            if name not in lxc_state.names(str(self.cluster.root), there, path):
                return ""
            return lxc_state.word_of(there, path, name)
