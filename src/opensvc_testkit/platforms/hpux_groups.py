"""Volume groups of HP-UX LVM on a simulated cluster's shared disks, and what each node knows of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen

from opensvc_testkit.executables import life
from opensvc_testkit.executables.hpux import group_table, lun_table
from opensvc_testkit.executables.shapes import Node, World
from opensvc_testkit.simulated import SimulatedCluster

EXTENT = 4
"""MiB."""


@frozen
class SimulatedGroups:
    """The volume groups of HP-UX nodes.

    Attributes:
        cluster: they belong to.
    """

    cluster: SimulatedCluster

    def define(
        self,
        name: str,
        identities: Sequence[str],
        *,
        volumes: Mapping[str, int] | None = None,
        nodes: Iterable[str] = (),
        version: str = "1.0",
        is_clustered: bool = False,
    ) -> str:
        """Write a group on shared disks.

        Args:
            name: ``vg01``.
            identities: its disks, presented before.
            volumes: sizes in extents of 4 MiB by name, in the order of their numbers; by default ``lvol1`` of 16.
            nodes: where it is imported (with persistent special files, where the disk has one), not active.
            version: of the group: ``1.0``, ``2.0``, ``2.1``, ``2.2``.
            is_clustered: whether it is marked as a cluster's, ``vgchange -c y``.

        Returns:
            Its identity, as map files name it.

        Raises:
            KeyError: there is no such disk, or no such version.
        """
        sizes = {"lvol1": 16} if volumes is None else volumes
        if version not in group_table.TABLES:
            raise KeyError(version)
        with self.cluster.opened() as world:
            found = [world["disks"][identity] for identity in identities]
            extents = [disk["size"] // (EXTENT << 20) for disk in found]
            label = group_table.new_label(
                f"{name}@{identities[0]}", extents, list(enumerate(sizes.values(), 1)), extent=EXTENT, version=version
            )
            label["is_clustered"] = is_clustered
            for number, disk in enumerate(found):
                disk["label"] = {**label, "pv": number}
            names = {str(number): volume for number, volume in enumerate(sizes, 1)}
            for node in nodes:
                there = _node(world, node)
                group = group_table.new_group(label, _files(world, there, identities), names)
                group_table.groups_of(there)[group_table.full_name(name)] = group
            return str(label["vgid"])

    # -- what happens -----------------------------------------------------------------------------------------------

    def open_volume(self, node: str, name: str, volume: str, *, is_open: bool = True) -> None:
        """Let something on a node use a volume, or let go of it. Raises KeyError if there is none of that name."""
        with self.cluster.opened() as world:
            group = group_table.groups_of(_node(world, node))[group_table.full_name(name)]
            if volume not in group["names"].values():
                raise KeyError(volume)
            group["open"] = [each for each in group["open"] if each != volume] + ([volume] if is_open else [])

    def leave_group_file(self, node: str, name: str) -> None:
        """Leave ``/dev/vgXX/group`` of an earlier import behind: ``vgimport`` refuses until ``rmsf`` removed it."""
        with self.cluster.opened() as world:
            lun_table.state_of(_node(world, node))["leftovers"].append(f"{group_table.full_name(name)}/group")

    def reboot_node(self, node: str, *, activates: bool = False) -> None:
        """A node has been off: no group but its own is active, or all that are no cluster's and have all disks."""
        with self.cluster.opened() as world:
            there = _node(world, node)
            for name, group in group_table.groups_of(there).items():
                if name == group_table.ROOT_GROUP:
                    continue
                group["mode"], group["open"] = "", []
                _, missing = group_table.attached(world, there, group, for_writing=True)
                if activates and not missing and not group_table.label_of(world, group)["is_clustered"]:
                    group["mode"] = "y"

    # -- what is seen -----------------------------------------------------------------------------------------------

    def imported_on(self, name: str) -> tuple[str, ...]:
        """Nodes whose tables list a group."""
        return tuple(sorted(node for node, group in self._entries(name).items() if group))

    def active_on(self, name: str) -> tuple[str, ...]:
        """Nodes on which a group is active; two are what a cluster must prevent."""
        return tuple(sorted(node for node, group in self._entries(name).items() if group and group["mode"]))

    def mode_of(self, node: str, name: str) -> str:
        """How a group is active on a node: ``y``, ``e``, ``s``, ``r``; empty if it is not."""
        return str(self._entries(name).get(node, {}).get("mode", ""))

    def files_of(self, node: str, name: str) -> tuple[str, ...]:
        """Special files by which a node's table knows the disks of a group; none if it does not list it."""
        return tuple(self._entries(name).get(node, {}).get("files", ()))

    def is_clustered(self, identity: str) -> bool:
        """Whether the group on a disk is marked as a cluster's. Raises KeyError if there is no such disk or group."""
        with self.cluster.opened() as world:
            return bool(world["disks"][identity]["label"]["is_clustered"])

    def _entries(self, name: str) -> dict[str, dict[str, Any]]:
        with self.cluster.opened() as world:
            return {
                node: lun_table.state_of(there)["groups"].get(group_table.full_name(name), {})
                for node, there in world["nodes"].items()
            }


def _node(world: World, name: str) -> Node:
    return world["nodes"].setdefault(name, life.new_node(name, os_name="HP-UX"))


def _files(world: World, node: Node, identities: Sequence[str]) -> list[str]:
    found = {disk["wwid"]: (disk, lun) for disk, lun in lun_table.luns_of(world, node)}
    files = []
    for identity in identities:
        disk, lun = found[identity]
        legacy = [lun_table.block(path) for path in disk["paths"][node["name"]]]
        files += [lun_table.persistent(lun, is_raw=False)] if lun["files"] else legacy
    return files
