"""ZFS pools of a simulated Solaris: labels on shared disks, and the nodes that have imported them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from opensvc_testkit.executables.solaris import pools
from opensvc_testkit.executables.solaris.places import imported_of, system_of
from opensvc_testkit.executables.solaris.shapes import Pool, PoolDevice, PoolGroup
from opensvc_testkit.executables.solaris.zpool_changes import new_pool
from opensvc_testkit.executables.store import now
from opensvc_testkit.platforms.solaris_facet import SolarisFacet


@frozen
class SimulatedPools(SolarisFacet):
    """Pools. Their disks are those of ``SimulatedDisks``, so that a reservation keeps a pool from being imported."""

    def define_pool(
        self,
        name: str,
        disks: Sequence[str],
        *,
        kind: str = "",
        imported_on: str = "",
        mountpoint: str = "",
        datasets: Mapping[str, str] | None = None,
        multihost: bool = False,
    ) -> None:
        """Write the labels of a pool on disks, as if a node had made it there and exported it.

        Args:
            name: of the pool.
            disks: identities of shared disks.
            kind: ``mirror``, ``raidz1``, or empty: the disks one beside the other.
            imported_on: a node that has it imported; empty for none.
            mountpoint: of its top file system, by default ``/NAME``; ``none``, ``legacy``.
            datasets: further file systems by name without the pool's, and their mount points (empty: inherited).
            multihost: whether a pool that another node has imported is refused even with ``-f``.

        Raises:
            KeyError: there is no such disk.
        """
        with self.cluster.opened() as world:
            members: list[PoolDevice] = [{"disk": world["disks"][each]["wwid"], "fault": ""} for each in disks]
            groups: list[PoolGroup] = (
                [{"kind": kind, "devices": members}] if kind else [{"kind": "", "devices": [each]} for each in members]
            )
            pool = new_pool(name, groups, sum(world["disks"][each]["size"] for each in disks))
            pool["datasets"][0]["mountpoint"] = mountpoint
            for dataset, point in (datasets or {}).items():
                pool["datasets"].append({"name": dataset, "mountpoint": point, "canmount": "on"})
            pool["properties"] = {"multihost": "on"} if multihost else {}
            if imported_on:
                node = self._node(world, imported_on)
                pool.update({"is_exported": False, "hostid": system_of(node)["hostid"], "hostname": imported_on})
                pool["accessed_at"] = now(world)
                imported_of(node)[name] = made = pools.new_import(name, pool["guid"])
                made["mounted"] = [
                    each["name"] for each in pool["datasets"] if pools.mountpoint_of(made, pool, each).startswith("/")
                ]
            for each in disks:
                world["disks"][each]["label"][pools.LABEL] = pools.copy_of(pool)

    # -- what happens -----------------------------------------------------------------------------------------------

    def fail_device(self, name: str, disk: str, state: str = pools.FAULTED) -> None:
        """Set the state of a pool's device: ``FAULTED``, ``DEGRADED``, ``OFFLINE``, ``REMOVED``; empty heals it."""
        with self.cluster.opened() as world:
            for each in world["disks"].values():
                label: Pool | None = each["label"].get(pools.LABEL)
                for group in label["groups"] if label is not None and label["name"] == name else ():
                    for device in group["devices"]:
                        if device["disk"] == disk:
                            device["fault"] = state

    def set_busy(self, node: str, name: str, *points: str) -> None:
        """Let processes use mount points of a pool on a node; none given: nobody does. Raises KeyError."""
        with self.cluster.opened() as world:
            imported_of(world["nodes"][node])[name]["busy"] = list(points)

    def suspend_pool(self, node: str, name: str) -> None:
        """Stop a pool's input and output on a node, as when its last path is gone. Raises KeyError."""
        with self.cluster.opened() as world:
            imported_of(world["nodes"][node])[name]["is_suspended"] = True

    # -- what is seen -----------------------------------------------------------------------------------------------

    def pool_health(self, node: str, name: str) -> str:
        """Health of a pool that a node has imported; empty if it has not."""
        with self.cluster.opened() as world:
            there = self._node(world, node)
            imported = imported_of(there).get(name)
            return pools.health(world, there, imported) if imported else ""

    def imported_on(self, name: str) -> tuple[str, ...]:
        """Nodes that have a pool of this name imported: two of one pool are what a cluster must prevent."""
        with self.cluster.opened() as world:
            return tuple(sorted(node["name"] for node in world["nodes"].values() if name in imported_of(node)))

    def mounts_of(self, node: str) -> dict[str, str]:
        """What of ZFS is mounted on a node: mount point by name of the file system."""
        with self.cluster.opened() as world:
            return pools.mounts(world, self._node(world, node))
