"""HP Integrity VM on a simulated cluster: guests, their disks, and which of these each node lets them share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from opensvc_testkit.executables import life
from opensvc_testkit.executables.commands import INSIDE
from opensvc_testkit.executables.hpux import machines
from opensvc_testkit.executables.shapes import Node, World
from opensvc_testkit.installation import executable_text, write_script
from opensvc_testkit.simulated import SimulatedCluster

DISK_FULL = "hpvmmodify: Cannot write /var/opt/hpvm/uuids: No space left on device\nhpvmmodify: Unable to continue.\n"
"""What a command that writes a configuration says on a full disk, [R]; for ``FaultKind.FAIL``."""
HPUX_TOOLS = ("ifconfig", "netstat")
SETTINGS = ("boot", "memory", "vcpus", "label", "graceful", "is_runnable", "is_modifiable", "is_visible",
            "online_migration", "switch", "word")  # fmt: skip
"""What HPVM has of a guest, and a test may set."""


@frozen
class SimulatedHpvm:
    """The guests of HP Integrity VM.

    Attributes:
        cluster: they belong to.
    """

    cluster: SimulatedCluster

    def define_guest(
        self,
        name: str,
        *,
        nodes: Iterable[str] = (),
        disks: Sequence[str] = (),
        address: str = "",
        device: str = "lan0",
        share: bool = False,
        is_hpux: bool = True,
        **changes: Any,
    ) -> Path:
        """Add a guest, and its configuration to some nodes; its disks enter their device databases.

        Args:
            name: of the guest.
            nodes: which HPVM knows it; they are made if needed.
            disks: special files of its disks (``/dev/rdisk/disk18``, ``/dev/vg01/rlvol1``), the same on each node.
            address: IPv4 address that it plumbs, empty for none.
            device: the adapter that bears it.
            share: whether the device databases have its disks as SHARE=YES.
            is_hpux: whether HP-UX runs in it: it has ``ifconfig`` and ``netstat`` of that, and no ``ip``.
            changes: see ``change`` (``memory``, ``boot``, …) for what HPVM has of it, else
                ``SimulatedCluster.change_guest``.

        Returns:
            The folder that is its disk.
        """
        settings = {key: changes.pop(key) for key in SETTINGS if key in changes}
        if is_hpux:
            changes = {"iproute": "", **changes}
        folder = self.cluster.add_guest(name, address=address, device=device, **changes)
        if is_hpux:
            for tool in HPUX_TOOLS:
                text = executable_text(f"guest-hpux-{tool}", self.cluster.root, platform=INSIDE)
                write_script(folder / "bin" / tool, text)
        with self.cluster.opened() as world:
            for node_name in nodes:
                node = _node(world, node_name)
                state = machines.state_of(node)
                guest = {**machines.new_guest(node, name), **settings}
                guest["devices"] = [machines.storage(number, path) for number, path in enumerate(disks)]
                state["guests"][name] = guest
                for path in disks:
                    entry = machines.new_device(path, share="YES" if share else "NO")
                    state["devices"].setdefault(path, entry)
        return folder

    def change(self, node: str, name: str, **settings: Any) -> None:
        """Change what a node's HPVM has of a guest.

        Args:
            node: its name.
            name: of the guest.
            settings: ``boot``, ``memory``, ``vcpus``, ``label``, ``graceful`` (seconds that ``hpvmstop -g`` waits),
                ``is_runnable``, ``is_modifiable``, ``is_visible``, ``online_migration``, ``switch``; ``word``: what
                ``hpvmstatus`` says in place of On and Off, as ``Invalid``.

        Raises:
            KeyError: there is no such guest, or no such setting.
        """
        with self.cluster.opened() as world:
            guest = machines.state_of(_node(world, node))["guests"][name]
            if unknown := settings.keys() - set(SETTINGS):
                raise KeyError(*sorted(unknown))
            guest.update(settings)

    def forget(self, node: str, name: str) -> None:
        """Remove a guest from a node's HPVM, as ``hpvmremove`` does. Raises KeyError if it is not there."""
        with self.cluster.opened() as world:
            there = _node(world, node)
            life.power_down(there, name)
            del machines.state_of(there)["guests"][name]

    def set_sharing(self, node: str, path: str, *, share: bool | None, names: Sequence[str] = ()) -> None:
        """Write an entry into a node's device database.

        Args:
            node: its name.
            path: the device's special file.
            share: whether guests may share it; None takes the entry away.
            names: further special files of the same device.
        """
        with self.cluster.opened() as world:
            devices = machines.state_of(_node(world, node))["devices"]
            devices.pop(path, None)
            if share is not None:
                devices[path] = machines.new_device(path, share="YES" if share else "NO", names=list(names))

    def restrict(self, node: str, path: str) -> None:
        """Make a device one that no guest may use (``rdev``)."""
        with self.cluster.opened() as world:
            machines.state_of(_node(world, node))["devices"][path] = machines.new_device(path, kind="rdev")

    def start_automatic(self, node: str) -> None:
        """What the node's start-up does: guests of boot policy Auto start, if they can."""
        with self.cluster.opened() as world:
            there = _node(world, node)
            for guest in machines.state_of(there)["guests"].values():
                ready = machines.is_registered(guest) and not machines.device_problems(world, there, guest)
                if guest["boot"] == "Auto" and ready and not machines.power_of(there, guest):
                    machines.start(str(self.cluster.root), world, there, guest)

    # -- what is seen -----------------------------------------------------------------------------------------------

    def state_of(self, node: str, name: str) -> str:
        """``On (OS)``, ``On (EFI)``, ``Off``, ``Off (NR)``; empty if that node's HPVM does not know the guest."""
        with self.cluster.opened() as world:
            there = _node(world, node)
            guest = machines.state_of(there)["guests"].get(name)
            return machines.shown_state(world, there, guest) if guest else ""

    def boot_policy(self, node: str, name: str) -> str:
        """``Auto`` or ``Manual``. Raises KeyError if that node's HPVM does not know the guest."""
        with self.cluster.opened() as world:
            return str(machines.state_of(_node(world, node))["guests"][name]["boot"])

    def sharing(self, node: str) -> dict[str, str]:
        """``YES`` or ``NO`` by special file, of the devices that guests of a node may use."""
        with self.cluster.opened() as world:
            devices = machines.state_of(_node(world, node))["devices"]
            return {path: str(entry["share"]) for path, entry in devices.items() if entry["kind"] == "gdev"}


def _node(world: World, name: str) -> Node:
    return world["nodes"].setdefault(name, life.new_node(name, os_name="HP-UX"))
