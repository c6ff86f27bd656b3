"""LVM2 of simulated Linux nodes: groups on the disks that they share, and what is active where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen

from opensvc_testkit.executables import life, sys_tree
from opensvc_testkit.executables.lvm import metadata, systems
from opensvc_testkit.executables.lvm.allocation import allocate
from opensvc_testkit.executables.lvm.shapes import Group, LogicalVolume
from opensvc_testkit.executables.shapes import Node, World
from opensvc_testkit.simulated import SimulatedCluster


@frozen
class SimulatedLvm:
    """The volume groups of a simulated cluster; disks are added with ``SimulatedDisks``.

    Attributes:
        cluster: it belongs to.
    """

    cluster: SimulatedCluster

    # -- groups -----------------------------------------------------------------------------------------------------

    def create_group(
        self,
        name: str,
        disks: Sequence[str],
        *,
        tags: Iterable[str] = (),
        volumes: Mapping[str, int] | None = None,
        devices: Sequence[str] = (),
    ) -> str:
        """Write a group on disks, as if another system had made it; its UUID.

        Args:
            name: of the group; another one may have it too.
            disks: their identities, in the order in which volumes are put on them.
            tags: of the group.
            volumes: extents (of 4 MiB) by name.
            devices: what the disks are called in the metadata; by default as the first node that sees them calls them.

        Raises:
            KeyError: there is no such disk.
        """
        with self.cluster.opened() as world:
            found = [world["disks"][each] for each in disks]
            called = devices or [next(iter(disk["paths"].values()))[0] for disk in found]
            group: Group = {
                "name": name,
                "uuid": metadata.new_uuid(),
                "seqno": 1,
                "tags": sorted(tags),
                "system_id": "",
                "exported": False,
                "extent": metadata.EXTENT,
                "disks": [
                    {
                        "uuid": metadata.new_uuid(),
                        "device": device,
                        "size": max((disk["size"] - metadata.START) // metadata.EXTENT, 0),
                        "missing": False,
                    }
                    for disk, device in zip(found, called, strict=True)
                ],
                "volumes": [],
            }
            for volume, extents in (volumes or {}).items():
                _add_volume(group, volume, extents)
            for disk, physical in zip(found, group["disks"], strict=True):
                disk["label"][metadata.LABEL] = {"uuid": physical["uuid"], "group": metadata.copied(group)}
            return group["uuid"]

    def add_volume(self, name: str, volume: str, extents: int, *, disk: int | None = None) -> None:
        """Put a volume into a group, on its disk with this number or where there is room.

        Raises:
            KeyError: there is no such group.
            NoSpaceError: there is no room.
        """
        with self.cluster.opened() as world:
            group = _newest(world, name)
            _add_volume(group, volume, extents, [] if disk is None else [group["disks"][disk]["uuid"]])
            _store(world, group)

    def change_group(self, name: str, **values: Any) -> None:
        """Change what is written of a group on all of its disks: ``tags``, ``exported``, ``system_id``, ``volumes``.

        Raises:
            KeyError: there is no such group, or no such property.
        """
        with self.cluster.opened() as world:
            group: Any = _newest(world, name)
            if unknown := values.keys() - group.keys():
                raise KeyError(*sorted(unknown))
            group.update(values)
            _store(world, group)

    def change_volume(self, name: str, volume: str, **values: Any) -> None:
        """Change what is written of a volume: ``skip``, ``tags``. Raises KeyError."""
        with self.cluster.opened() as world:
            group = _newest(world, name)
            found: Any = _volume(group, volume)
            if unknown := values.keys() - found.keys():
                raise KeyError(*sorted(unknown))
            found.update(values)
            _store(world, group)

    def group(self, name: str) -> Group:
        """The newest version of a group on any disk. Raises KeyError if there is none."""
        with self.cluster.opened() as world:
            return _newest(world, name)

    def tags(self, name: str) -> set[str]:
        """Tags of a group. Raises KeyError if there is none."""
        return set(self.group(name)["tags"])

    # -- nodes ------------------------------------------------------------------------------------------------------

    def configure(self, node: str, **values: Any) -> None:
        """Change the LVM of a node.

        Args:
            node: its name.
            values: ``volume_list`` (None: everything may be activated), ``host_tags``, ``system_id``,
                ``uses_devices_file``, ``has_mapper`` (device-mapper in its kernel), ``backs_up``.

        Raises:
            KeyError: there is no such setting.
        """
        with self.cluster.opened() as world:
            system: Any = systems.system_of(_node(world, node))
            if unknown := values.keys() - system.keys():
                raise KeyError(*sorted(unknown))
            system.update(values)
            self._refresh(world)

    def activate(self, node: str, name: str, *volumes: str) -> None:
        """Volumes of a group, or all, come up on a node without anybody asking. Raises KeyError."""
        with self.cluster.opened() as world:
            group = _newest(world, name)
            for volume in [_volume(group, each) for each in volumes] or group["volumes"]:
                systems.bring_up(_node(world, node), group, volume)
            self._refresh(world)

    def change_active(self, node: str, name: str, volume: str, **values: Any) -> None:
        """Change an active volume as the kernel of a node knows it.

        Args:
            node: its name.
            name: of the group.
            volume: its name.
            values: ``open`` (openers, each of which goes at a refused deactivation; -1 for one that stays),
                ``suspended``, ``health`` (a letter of ``lv_attr``), ``full`` (per cent, as text).

        Raises:
            KeyError: it is not there, or not active.
        """
        with self.cluster.opened() as world:
            found = _volume(_newest(world, name), volume)
            active: Any = systems.system_of(_node(world, node))["active"][found["uuid"]]
            if unknown := values.keys() - active.keys():
                raise KeyError(*sorted(unknown))
            active.update(values)

    def forget_active(self, node: str) -> None:
        """Nothing is active on a node any more."""
        with self.cluster.opened() as world:
            systems.forget_all(_node(world, node))
            self._refresh(world)

    def active(self, node: str, name: str) -> set[str]:
        """Names of a group's volumes that are active on a node. Raises KeyError if there is no such group."""
        with self.cluster.opened() as world:
            there = _node(world, node)
            return {each["name"] for each in _newest(world, name)["volumes"] if systems.active_of(there, each)}

    def nodes_with(self, name: str) -> tuple[str, ...]:
        """Nodes on which a volume of a group is active; more than one may be what a cluster must prevent."""
        with self.cluster.opened() as world:
            volumes = _newest(world, name)["volumes"]
            found = [there["name"] for there in world["nodes"].values()
                     if any(systems.active_of(there, each) for each in volumes)]  # fmt: skip
            return tuple(sorted(found))

    def _refresh(self, world: World) -> None:
        for there in world["nodes"].values():
            sys_tree.refresh(str(self.cluster.root), world, there)


def _node(world: World, name: str) -> Node:
    return world["nodes"].setdefault(name, life.new_node(name))


def _newest(world: World, name: str) -> Group:
    versions = []
    for disk in world["disks"].values():
        label = metadata.label_of(disk)
        if label is not None and label["group"] is not None and label["group"]["name"] == name:
            versions.append(label["group"])
    if not versions:
        raise KeyError(name)
    return metadata.copied(max(versions, key=lambda group: group["seqno"]))


def _store(world: World, group: Group) -> None:
    """Write a group on all of its disks, whoever sees them."""
    for disk in world["disks"].values():
        label = metadata.label_of(disk)
        if label is not None and label["group"] is not None and label["group"]["uuid"] == group["uuid"]:
            label["group"] = metadata.copied(group)


def _volume(group: Group, name: str) -> LogicalVolume:
    for volume in group["volumes"]:
        if volume["name"] == name:
            return volume
    raise KeyError(name)


def _add_volume(group: Group, name: str, extents: int, disks: Sequence[str] = ()) -> None:
    parts = allocate(group, extents, list(disks))
    group["volumes"].append({"name": name, "uuid": metadata.new_uuid(), "tags": [], "skip": False, "parts": parts})
