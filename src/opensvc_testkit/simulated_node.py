"""One node of a simulated cluster, from which commands are run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from attrs import frozen

from opensvc_testkit.simulated import SimulatedCluster

LIMIT = 30.0
"""Seconds after which a command of a test counts as stuck."""


@frozen
class SimulatedNode:
    """A node with a root folder of OpenSVC and simulated executables.

    Attributes:
        cluster: it belongs to.
        name: of the node.
        root: ``$OSVC_ROOT`` on it.
        executables: folder of the simulated executables, first on its ``PATH``.
    """

    cluster: SimulatedCluster
    name: str
    root: Path
    executables: Path

    @classmethod
    def make(
        cls,
        cluster: SimulatedCluster,
        name: str,
        root: Path,
        executables: Path,
        *,
        os_name: str = "Linux",
        platforms: Iterable[str] = (),
    ) -> SimulatedNode:
        """Declare the node, write its executables and prepare its root folder.

        Args:
            cluster: it belongs to.
            name: of the node.
            root: ``$OSVC_ROOT`` on it; made.
            executables: folder for the simulated executables; made.
            os_name: its operating system as ``uname -s`` prints it.
            platforms: whose executables it has; see ``SimulatedCluster.install``.
        """
        cluster.define_node(name, os_name=os_name)
        cluster.install(executables, node=name, platforms=platforms)
        cluster.prepare_root(root)
        return cls(cluster, name, root, executables)

    @property
    def variables(self) -> dict[str, str]:
        """What makes a process run on this node."""
        path = os.environ.get("PATH", os.defpath).removeprefix(f"{self.executables}{os.pathsep}")
        return {**self.cluster.environment(self.name, self.executables, path), "OSVC_ROOT": str(self.root)}

    def popen(self, *argv: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a command on this node, in a session of its own, with its output kept."""
        return subprocess.Popen(
            [self._path(argv[0]), *argv[1:]],
            env={**os.environ, "LC_ALL": "C", **self.variables, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="surrogateescape",
            start_new_session=True,
        )

    def run(
        self, *argv: str, input: str = "", timeout: float = LIMIT, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on this node to its end.

        Raises:
            FileNotFoundError: there is no such command.
            subprocess.TimeoutExpired: it takes longer than ``timeout`` seconds; it was killed.
        """
        return subprocess.run(
            [self._path(argv[0]), *argv[1:]],
            env={**os.environ, "LC_ALL": "C", **self.variables, **(env or {})},
            input=input,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=timeout,
            check=False,
        )

    def _path(self, command: str) -> str:
        """A simulated executable by its path: this process may search another ``PATH``, and find a real one."""
        simulated = self.executables / command
        return str(simulated) if simulated.exists() else command
