"""A node of a simulated cluster as a platform of the suite."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

from opensvc_testkit.conformance import Platform
from opensvc_testkit.simulated import SimulatedCluster

PLATFORMS = ("libvirt", "network")


class ClusterPlatform(Platform):
    """Node ``node1`` of a simulated cluster, with nothing but simulated executables on its path.

    Args:
        cluster: the cluster, without nodes.
        folder: of the test.
    """

    platforms: Sequence[str] = PLATFORMS

    def __init__(self, cluster: SimulatedCluster, folder: Path) -> None:
        self.cluster = cluster
        self.folder = folder
        self.added: set[str] = set()
        cluster.define_node(self.node, os_name=self.os_name)
        self.executables = cluster.install(folder / "bin", node=self.node, platforms=self.platforms)

    @abstractmethod
    def add(self, name: str) -> None:
        """Make a thing that is down."""

    def known(self, name: str) -> str:
        """The name of a thing that is there, made when it is first asked for."""
        if name not in self.added:
            self.added.add(name)
            self.add(name)
        return name

    @property
    def root(self) -> Path:
        return self.folder / "opensvc"

    @property
    def path(self) -> str:
        return str(self.executables)

    def advance(self, seconds: float) -> None:
        self.cluster.advance(seconds)

    def state(self) -> object:
        return {name: self.cluster.state_of(self.node, name) for name in sorted(self.added)}
