"""The simulated libvirtd of a node, as a process: guests come to it that a simulated ``virsh migrate`` brings."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from opensvc_testkit.executables.libvirtd import SOCKET
from opensvc_testkit.simulated import SimulatedCluster

LIMIT = 10.0
"""Seconds that it may take to listen."""


@frozen
class SimulatedLibvirtd:
    """Listens until it is closed, killed, or its cluster is.

    Attributes:
        socket: what ``qemu+unix:///system?socket=PATH`` names.
        pid: of its process.
    """

    socket: Path
    pid: int

    @classmethod
    def start(cls, cluster: SimulatedCluster, node: str, folder: Path) -> SimulatedLibvirtd:
        """Start the one of a node; it keeps its files in a folder, which is made. Raises CalledProcessError."""
        folder.mkdir(parents=True, exist_ok=True)
        cluster.install(folder, commands=("libvirtd",), node=node)
        (folder / "libvirtd.conf").write_text(f'unix_sock_dir = "{folder}"\n')
        line = [str(folder / "libvirtd"), "-d", "-f", str(folder / "libvirtd.conf"), "-p", str(folder / "pid")]
        environment = {**os.environ, "OSVC_NODE": node, "OSVC_SIMULATED": str(cluster.root)}
        subprocess.run(line, env=environment, check=True, timeout=LIMIT, stdin=subprocess.DEVNULL)
        return cls(folder / SOCKET, int((folder / "pid").read_text()))

    def close(self) -> None:
        """End it. Nothing happens if it has ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
