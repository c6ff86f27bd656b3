"""What the facets of the simulated Solaris share: their cluster, and its nodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attrs import frozen

from opensvc_testkit.executables import life
from opensvc_testkit.executables.shapes import Node, World
from opensvc_testkit.platforms.solaris_guest import make_solaris
from opensvc_testkit.simulated import SimulatedCluster

SUNOS = "SunOS"
PLATFORM = "solaris"
"""Platform whose executables a node of Solaris has: see ``SimulatedCluster.install``."""


@frozen
class SolarisFacet:
    """A part of the simulated Solaris of a cluster.

    Attributes:
        cluster: it belongs to.
    """

    cluster: SimulatedCluster

    def _node(self, world: World, name: str) -> Node:
        """A node; one that nobody declared is made, with Solaris on it."""
        return world["nodes"].setdefault(name, life.new_node(name, os_name=SUNOS))

    def _add_guest(self, name: str, address: str, changes: dict[str, Any]) -> Path:
        disk = self.cluster.add_guest(name, address=address, device="net0", iproute="", **changes)
        make_solaris(disk, self.cluster.root)
        return disk
