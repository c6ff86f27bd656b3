"""Xen on a simulated cluster: guests with configuration files, and what a node's ``xl`` and ``xm`` know of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from opensvc_testkit.executables import life, xl_state
from opensvc_testkit.executables.node_files import disk_of
from opensvc_testkit.simulated import SimulatedCluster

PLATFORMS = ("network", "system", "xen")
"""Platforms whose executables a Xen node has."""
DISK_FULL = "libxl: error: libxl_dom.c:1054:libxl__userdata_store: cannot write userdata: No space left on device\n"
"""What ``xl create`` says on a full disk, [R]; for ``FaultKind.FAIL``."""
FOLDER = "etc/xen"
"""Where a node keeps the files, without the leading slash."""


def config_text(name: str, *, memory: int = 512, vcpus: int = 1, disks: Sequence[str] = (), more: str = "") -> str:
    """A guest's configuration file: one image and further block devices as ``phy:`` disks.

    Args:
        name: of the guest.
        memory: MiB.
        vcpus: how many.
        disks: special files, from ``xvdb`` on.
        more: further lines.
    """
    entries = [f"'/var/lib/xen/images/{name}.img,raw,xvda,rw'"]
    entries += [f"'phy:{path},xvd{chr(ord('b') + index)},w'" for index, path in enumerate(disks)]
    return (
        f'name = "{name}"\nmemory = {memory}\nvcpus = {vcpus}\nbootloader = "pygrub"\n'
        f"disk = [ {', '.join(entries)} ]\nvif = [ 'mac=00:16:3e:00:00:01,bridge=xenbr0' ]\n{more}"
    )


@frozen
class SimulatedXen:
    """The Xen of a simulated cluster's nodes.

    Attributes:
        cluster: they belong to.
    """

    cluster: SimulatedCluster

    def install(self, folder: Path, node: str = "") -> Path:
        """Write the executables of a Xen node into a folder."""
        return self.cluster.install(folder, node=node, platforms=PLATFORMS)

    def define_guest(
        self,
        name: str,
        *,
        nodes: Iterable[str] = (),
        text: str = "",
        disks: Sequence[str] = (),
        address: str = "",
        device: str = "eth0",
        **changes: Any,
    ) -> Path:
        """Add a guest and its configuration file.

        Args:
            name: of guest and domain.
            nodes: where the file lies as ``/etc/xen/NAME.cfg`` (that path means it there); nodes are made if needed.
            text: the file's; by default ``config_text`` with its disks.
            disks: special files that it uses.
            address: IPv4 address that it plumbs, empty for none.
            device: the adapter that bears it.
            changes: see ``SimulatedCluster.change_guest``; ``has_agent``: an HVM guest has PV drivers.

        Returns:
            A file with the same text on this machine.
        """
        self.cluster.add_guest(name, address=address, device=device, **changes)
        path = self.cluster.root / f"{name}.cfg"
        path.write_text(text or config_text(name, disks=disks))
        for node in nodes:
            with self.cluster.opened() as world:
                world["nodes"].setdefault(node, life.new_node(node))
            folder = Path(disk_of(str(self.cluster.root), node)) / FOLDER
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.cfg").write_text(path.read_text())
        return path

    def state_of(self, node: str, name: str) -> str:
        """The six letters of ``xl list``; empty if there is no such domain on that node."""
        with self.cluster.opened() as world:
            there = world["nodes"].get(node) or life.new_node(node)
            domain = xl_state.find(there, name)
            return xl_state.letters(there, domain) if domain else ""

    def set_hypervisor(self, node: str, *, is_there: bool) -> None:
        """Let a node run under Xen, or not: it was booted without it."""
        with self.cluster.opened() as world:
            xl_state.state_of(world["nodes"].setdefault(node, life.new_node(node)))["is_xen"] = is_there

    def set_memory(self, node: str, memory: int) -> None:
        """Set a node's MiB; a guest that finds too few of them free does not start."""
        with self.cluster.opened() as world:
            xl_state.state_of(world["nodes"].setdefault(node, life.new_node(node)))["memory"] = memory
