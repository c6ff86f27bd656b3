"""A node of a simulated cluster as a platform of the suite."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from opensvc_testkit.conformance import DriverContract, Platform
from opensvc_testkit.simulated import SimulatedCluster

SYSTEM = "/usr/bin:/bin"
TAKES: dict[str, Any] = {"boot_time": 0.1, "shutdown_time": 0.1}
"""Seconds of the cluster's clock: long enough to be waited for, once."""


class ClusterPlatform(Platform):
    """Node ``node1`` of a simulated cluster, with the simulated executables of a platform first on its path.

    Args:
        cluster: the cluster, without nodes.
        folder: of the test.
    """

    platforms: Sequence[str] = ("libvirt", "network")

    def __init__(self, cluster: SimulatedCluster, folder: Path) -> None:
        self.cluster = cluster
        self.folder = folder
        self.added: set[str] = set()
        self.define_node()
        self.executables = self.install(folder / "bin")

    def define_node(self) -> None:
        """Make the node."""
        self.cluster.define_node(self.node, os_name=self.os_name)

    def install(self, folder: Path) -> Path:
        """Write its executables."""
        return self.cluster.install(folder, node=self.node, platforms=self.platforms)

    @abstractmethod
    def add(self, name: str) -> None:
        """Make a thing that is down."""

    def known(self, name: str) -> str:
        """The name of a thing that is there, made when it is first asked for."""
        if name not in self.added:
            self.added.add(name)
            self.add(name)
        return name

    def options(self, number: int) -> dict[str, Any]:
        return {"name": self.known(f"vm{number}"), "start_timeout": "60s", "stop_timeout": "30s"}

    def unknown(self) -> dict[str, Any]:
        return {"name": "nosuch"}

    @property
    def root(self) -> Path:
        return self.folder / "opensvc"

    @property
    def path(self) -> str:
        return f"{self.executables}:{SYSTEM}"

    def advance(self, seconds: float) -> None:
        self.cluster.advance(seconds)

    @abstractmethod
    def state_of(self, name: str) -> object:
        """State of a thing."""

    def state(self) -> object:
        """States of all things that were made."""
        return {name: self.state_of(name) for name in sorted(self.added)}


class ClusterContract(DriverContract):
    """The contract on such a platform."""

    on: type[ClusterPlatform]

    @pytest.fixture
    def platform(self, simulated_cluster: SimulatedCluster, tmp_path: Path) -> ClusterPlatform:
        return self.on(simulated_cluster, tmp_path)
