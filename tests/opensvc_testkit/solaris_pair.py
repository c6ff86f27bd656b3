"""Two simulated nodes with Solaris that see the same disk: what the tests of that platform start from."""

from __future__ import annotations

import subprocess
from pathlib import Path

from attrs import frozen

from opensvc_testkit.platforms.disks import SimulatedDisks
from opensvc_testkit.platforms.solaris import PLATFORM, SUNOS, SimulatedSolaris
from opensvc_testkit.simulated import SimulatedCluster
from opensvc_testkit.simulated_node import SimulatedNode

FIRST, SECOND = "sol1", "sol2"
DISK, OTHER_DISK = "naa.600a1", "naa.600a2"


@frozen
class Pair:
    """Nodes ``sol1`` and ``sol2``; both see the disks ``c0t1d0`` and ``c0t2d0``."""

    cluster: SimulatedCluster
    solaris: SimulatedSolaris
    disks: SimulatedDisks
    first: SimulatedNode
    second: SimulatedNode

    @classmethod
    def make(cls, cluster: SimulatedCluster, folder: Path, release: str = "11.4") -> Pair:
        """Declare both and write their executables."""
        solaris, disks = SimulatedSolaris(cluster), SimulatedDisks(cluster)
        nodes = []
        for number, name in enumerate((FIRST, SECOND), start=1):
            nodes.append(
                SimulatedNode.make(
                    cluster, name, folder / name, folder / f"{name}-bin", os_name=SUNOS, platforms=(PLATFORM,)
                )
            )
            solaris.define_node(name, f"192.168.1.{number}", release=release)
        disks.add(DISK, {name: ["/dev/rdsk/c0t1d0s2"] for name in (FIRST, SECOND)})
        disks.add(OTHER_DISK, {name: ["/dev/rdsk/c0t2d0s2"] for name in (FIRST, SECOND)})
        return cls(cluster, solaris, disks, *nodes)


def said(done: subprocess.CompletedProcess[str]) -> tuple[int, str, str]:
    """Exit status, standard output, standard error."""
    return done.returncode, done.stdout, done.stderr


def ok(done: subprocess.CompletedProcess[str]) -> str:
    """Standard output of a command that must succeed, and say nothing on standard error."""
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
