"""Shared disks of a simulated cluster: who sees them, who has reserved them, who may write them now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

from opensvc_testkit.executables import disks, life, mapped, multipath_maps, reservations, sys_tree, targets
from opensvc_testkit.executables.lvm import systems
from opensvc_testkit.executables.shapes import SharedDisk, World
from opensvc_testkit.simulated import SimulatedCluster


@frozen
class Held:
    """A reservation as a target tells it.

    Attributes:
        key: of the holder; 0 of a reservation that all registrants hold.
        type: SPC's code, 5 for Write Exclusive, Registrants Only.
        node: of the nexus that holds it; of one that is no more, the node that it belonged to.
    """

    key: int
    type: int
    node: str


@frozen
class SimulatedDisks:
    """The disks that several nodes of a simulated cluster see.

    Attributes:
        cluster: it belongs to.
    """

    cluster: SimulatedCluster

    def add(
        self,
        identity: str,
        paths: Mapping[str, Sequence[str]],
        *,
        size: int = 1 << 30,
        target: str = "array",
        vendor: str = "SIMULATD",
        model: str = "SHARED DISK",
    ) -> None:
        """Present a disk to nodes; one of the same identity is replaced.

        Args:
            identity: its WWID as the kernel writes it: ``naa.6…``.
            paths: by node the special files that lead to it, one a path (each is a nexus of its own).
            size: bytes.
            target: what answers for it: ``array`` (as SPC-4 says), ``lio``, ``tgt``, or ``plain`` (no reservations).
            vendor: up to 8 characters.
            model: up to 16 characters.

        Raises:
            ValueError: there is no such target, or a special file leads to another disk already.
        """
        if target not in targets.TARGETS:
            message = f"no target {target!r}; there are {', '.join(targets.TARGETS)}"
            raise ValueError(message)
        given = {node: list(files) for node, files in paths.items()}
        with self.cluster.opened() as world:
            for node, files in given.items():
                for file in files:
                    other = disks.find_disk(world, node, file)
                    if other is not None and other["wwid"] != identity:
                        message = f"{file} of {node} leads to {other['wwid']} already"
                        raise ValueError(message)
            world["disks"][identity] = disks.new_disk(identity, size, given, vendor=vendor, model=model, target=target)
            self._refresh(world)

    def add_path(self, identity: str, node: str, path: str) -> None:
        """Let a node see a disk by one more special file. Raises KeyError if there is no such disk."""
        with self.cluster.opened() as world:
            files = world["disks"][identity]["paths"].setdefault(node, [])
            if path not in files:
                files.append(path)
            self._refresh(world)

    def remove(self, identity: str) -> None:
        """Take a disk away from everybody. Raises KeyError if there is none."""
        with self.cluster.opened() as world:
            del world["disks"][identity]
            for there in world["nodes"].values():
                multipath_maps.forget_maps(there, identity)
            self._refresh(world)

    def add_map(self, node: str, name: str, identity: str, *, setting: str = "file") -> None:
        """Make a multipath map, ``/dev/mapper/NAME``, of a disk on a Linux node; its multipathd runs.

        Args:
            node: where.
            name: of the map.
            identity: of the disk.
            setting: ``reservation_key`` of this node's ``multipath.conf``: ``file``, a key in hexadecimal, or empty.

        Raises:
            KeyError: there is no such disk, or the node has no path to it.
        """
        with self.cluster.opened() as world:
            if not world["disks"][identity]["paths"].get(node):
                raise KeyError(node)
            there = world["nodes"].setdefault(node, life.new_node(node))
            multipath_maps.state_of(there)["setting"] = setting
            multipath_maps.add_map(there, name, identity)
            self._refresh(world)

    # -- what happens -----------------------------------------------------------------------------------------------

    def lose_path(self, node: str, path: str) -> None:
        """A path of a node goes down. Raises KeyError if it leads to no disk."""
        with self.cluster.opened() as world:
            disks.lose_path(_leads_to(world, node, path), node, path)
            self._refresh(world)

    def return_path(self, node: str, path: str) -> None:
        """A path of a node is up again; what was registered through it still is. Raises KeyError if there is none.

        Where it belongs to a map, multipathd registers this node's key on it if that still stands on the disk.
        """
        with self.cluster.opened() as world:
            disk = _leads_to(world, node, path)
            disks.return_path(disk, node, path)
            multipath_maps.restore_registration(world["nodes"].setdefault(node, life.new_node(node)), disk, path)
            self._refresh(world)

    def lose_all_paths(self, node: str) -> None:
        """A node sees no shared disk any more."""
        with self.cluster.opened() as world:
            for disk in disks.disks_of(world, node):
                for path in disk["paths"][node]:
                    disks.lose_path(disk, node, path)
            self._refresh(world)

    def set_multipathd(self, node: str, *, is_running: bool) -> None:
        """Start or stop a node's multipathd; without it ``mpathpersist`` registers nothing."""
        with self.cluster.opened() as world:
            multipath_maps.state_of(world["nodes"].setdefault(node, life.new_node(node)))["daemon"] = is_running

    def reboot_node(self, node: str, *, new_nexus: bool = False) -> None:
        """A node has been off and is back on all its paths, with no volume active. Its guests are no business of this.

        Args:
            node: its name.
            new_nexus: whether the target takes it for another initiator, as tgtd does: its old keys stay listed, and
                nobody can act with them.
        """
        with self.cluster.opened() as world:
            there = world["nodes"].setdefault(node, life.new_node(node))
            for disk in disks.disks_of(world, node):
                disks.reboot_node(disk, node, new_nexus=new_nexus)
                for path in disk["paths"][node]:
                    multipath_maps.restore_registration(there, disk, path)
            systems.forget_all(there)
            self._refresh(world)

    def lose_power(self, identity: str) -> None:
        """The target is off for a moment: only registrations made with APTPL are remembered. Raises KeyError."""
        with self.cluster.opened() as world:
            reservations.lose_power(world["disks"][identity])

    # -- what the kernel of a Linux node says ------------------------------------------------------------------------

    def show_sys(self, node: str) -> Path:
        """A folder that is that node's ``/sys`` from now on: disks, paths, maps and active volumes.

        Raises:
            ValueError: a special file is not called as Linux calls disks, ``/dev/sda``.
        """
        with self.cluster.opened() as world:
            there = world["nodes"].setdefault(node, life.new_node(node))
            sys_tree.write(str(self.cluster.root), world, there)
        return Path(sys_tree.place(str(self.cluster.root), node))

    def number_of(self, node: str, path: str) -> tuple[int, int]:
        """Major and minor number of a disk or a map on a node. Raises FileNotFoundError if there is no such file."""
        with self.cluster.opened() as world:
            there = world["nodes"].setdefault(node, life.new_node(node))
            for name, minor in mapped.numbers(there).items():
                if path in (f"/dev/mapper/{name}", f"/dev/dm-{minor}"):
                    return mapped.MAJOR, minor
            if disks.find_disk(world, node, path) is None:
                raise FileNotFoundError(path)
            return sys_tree.disk_number(path)

    def _refresh(self, world: World) -> None:
        for there in world["nodes"].values():
            sys_tree.refresh(str(self.cluster.root), world, there)

    # -- what is seen -----------------------------------------------------------------------------------------------

    def keys(self, identity: str) -> tuple[int, ...]:
        """Every registered key, one a nexus, in the order of registration. Raises KeyError if there is no such disk."""
        return tuple(reservations.keys_of(self.disk(identity)))

    def keys_of(self, identity: str, node: str) -> dict[str, int]:
        """Keys that a node has registered, by path; those of nexuses that it has no more have a path with a ``#``."""
        registrations = self.disk(identity)["registrations"]
        return {each["path"]: each["key"] for each in registrations if each["node"] == node}

    def holder_of(self, identity: str) -> Held | None:
        """Who holds the reservation of a disk; None for nobody. Raises KeyError if there is no such disk."""
        disk = self.disk(identity)
        if disk["holder"] is None:
            return None
        return Held(reservations.holder_key(disk), disk["type"], disk["holder"][0])

    def generation(self, identity: str) -> int:
        """The target's count of changes. Raises KeyError if there is no such disk."""
        return self.disk(identity)["generation"]

    def may_write(self, identity: str, node: str) -> bool:
        """Whether a node may write a disk now, whichever of its paths it takes; False if it has none that is up."""
        return disks.is_writable(self.disk(identity), node)

    def may_read(self, identity: str, node: str) -> bool:
        """Whether a node may read a disk now by some path."""
        return disks.is_readable(self.disk(identity), node)

    def writers(self, identity: str) -> tuple[str, ...]:
        """Nodes that may write a disk now: more than one is what a cluster must prevent."""
        disk = self.disk(identity)
        return tuple(sorted(node for node in disk["paths"] if disks.is_writable(disk, node)))

    def disk(self, identity: str) -> SharedDisk:
        """All of a disk, as it is now; a copy. Raises KeyError if there is no such disk."""
        with self.cluster.opened() as world:
            return world["disks"][identity]


def _leads_to(world: World, node: str, path: str) -> SharedDisk:
    disk = disks.find_disk(world, node, path)
    if disk is None:
        raise KeyError(node, path)
    return disk
