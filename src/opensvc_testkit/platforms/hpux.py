"""HP-UX on a simulated cluster: nodes, their special files of shared disks, and the way to guests and volume groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from opensvc_testkit.executables import life
from opensvc_testkit.executables.hpux import lun_table, machines
from opensvc_testkit.executables.shapes import Node, World
from opensvc_testkit.platforms.disks import SimulatedDisks
from opensvc_testkit.platforms.hpux_groups import SimulatedGroups
from opensvc_testkit.platforms.hpvm import SimulatedHpvm
from opensvc_testkit.simulated import SimulatedCluster

PLATFORMS = ("hpux", "scu", "hpvm")
"""Platforms whose executables an HP-UX node has."""
MISSING = ("ip", "arp", "getent")
"""Executables that an HP-UX node does not have, or not as Linux has them: they are not found."""
TERMINFO = "/usr/share/lib/terminfo"
"""What ``$TERMINFO`` must be set to, after the cookbook: without it each executable prints garbage first."""
OS_NAME = "HP-UX"
WORLDWIDE = "naa.60060e80{:024x}"


@frozen
class SimulatedHpux:
    """The HP-UX nodes of a simulated cluster.

    Attributes:
        cluster: they belong to.
    """

    cluster: SimulatedCluster

    @property
    def guests(self) -> SimulatedHpvm:
        """HP Integrity VM of the nodes."""
        return SimulatedHpvm(self.cluster)

    @property
    def groups(self) -> SimulatedGroups:
        """Volume groups of the nodes."""
        return SimulatedGroups(self.cluster)

    @property
    def disks(self) -> SimulatedDisks:
        """Who reserved and who may write the shared disks."""
        return SimulatedDisks(self.cluster)

    def install(self, folder: Path, node: str = "") -> Path:
        """Write the executables of an HP-UX node into a folder."""
        self.cluster.install(folder, node=node, platforms=PLATFORMS)
        for command in MISSING:
            self.cluster.remove_command(folder, command)
        return folder

    # -- what there is ----------------------------------------------------------------------------------------------

    def define_node(self, name: str, address: str = "", **settings: Any) -> None:
        """Add a node, or change one.

        Args:
            name: of the node.
            address: IPv4 address, empty for none.
            settings: ``serial`` (``getconf MACHINE_SERIAL``), ``model``, ``release`` (``B.11.31``; before, there is no
                agile view), ``leg_mpath_enable`` (``true``, ``false``), ``memory`` in MiB for guests, ``version`` of
                HPVM (``4.2``; from ``6`` on it says so that there are no guests).

        Raises:
            KeyError: there is no such setting.
        """
        self.cluster.define_node(name, address, os_name=OS_NAME)
        with self.cluster.opened() as world:
            node = _node(world, name)
            own, hypervisor = lun_table.state_of(node), machines.state_of(node)
            for key, value in settings.items():
                if key in ("memory", "version"):
                    hypervisor[key] = value
                elif key in ("serial", "model", "release", "leg_mpath_enable"):
                    own[key] = value
                else:
                    raise KeyError(key)

    def add_disk(
        self,
        instance: int,
        paths: Mapping[str, Sequence[str]],
        *,
        identity: str = "",
        instances: Mapping[str, int] | None = None,
        **more: Any,
    ) -> str:
        """Present a disk to nodes, with its persistent special files ``/dev/[r]disk/diskN``.

        Args:
            instance: N, the same on all nodes but those in ``instances``.
            paths: by node its legacy special files, ``/dev/rdsk/c2t0d6``, one a path.
            identity: WWID as the kernel of Linux writes it; by default one that follows from the instance.
            instances: N by node where it is another one.
            more: see ``SimulatedDisks.add``.

        Returns:
            Its identity.
        """
        identity = identity or WORLDWIDE.format(instance)
        self.disks.add(identity, paths, **more)
        with self.cluster.opened() as world:
            for name in paths:
                lun_table.add_lun(_node(world, name), identity, (instances or {}).get(name, instance))
        return identity

    def special_files(self, node: str, identity: str) -> tuple[str, ...]:
        """Persistent special files of a disk on a node. Raises KeyError if the node does not see it."""
        with self.cluster.opened() as world:
            there = _node(world, node)
            found = [lun for disk, lun in lun_table.luns_of(world, there) if disk["wwid"] == identity]
            if not found:
                raise KeyError(node, identity)
            return tuple(found[0]["files"])

    def remove_special_files(self, node: str, identity: str) -> None:
        """Remove a disk's persistent special files from a node, as if it were a new one. Raises KeyError."""
        with self.cluster.opened() as world:
            lun_table.state_of(_node(world, node))["luns"][identity]["files"].clear()

    def define_guest(self, name: str, **settings: Any) -> Path:
        """See ``SimulatedHpvm.define_guest``."""
        return self.guests.define_guest(name, **settings)

    def define_group(self, name: str, identities: Sequence[str], **settings: Any) -> str:
        """See ``SimulatedGroups.define``."""
        return self.groups.define(name, identities, **settings)

    def state_of(self, node: str, name: str) -> str:
        """State of a guest on a node; see ``SimulatedHpvm.state_of``."""
        return self.guests.state_of(node, name)

    # -- what happens -----------------------------------------------------------------------------------------------

    def reboot_node(self, node: str, *, activates_groups: bool = False) -> None:
        """A node has been off and is back: its guests are off but those of boot policy Auto, its groups not active.

        Args:
            node: its name.
            activates_groups: whether its start-up activates every group that is no cluster's, as ``/etc/lvmrc`` of a
                fresh system has it.
        """
        self.disks.reboot_node(node)
        with self.cluster.opened() as world:
            there = _node(world, node)
            for name in list(there["powered"]):
                life.power_down(there, name)
        self.groups.reboot_node(node, activates=activates_groups)
        self.guests.start_automatic(node)


def _node(world: World, name: str) -> Node:
    return world["nodes"].setdefault(name, life.new_node(name, os_name=OS_NAME))
