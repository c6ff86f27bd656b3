"""Two simulated HP-UX nodes, two shared disks of two paths each, and how the tests run their executables."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen

from opensvc_testkit.platforms.hpux import TERMINFO, SimulatedHpux
from opensvc_testkit.simulated import SimulatedCluster
from opensvc_testkit.simulated_node import SimulatedNode

NODES = ("node109", "node110")
DISK = "/dev/rdisk/disk18"
OTHER = "/dev/rdisk/disk19"
LEGS = ("/dev/rdsk/c2t0d6", "/dev/rdsk/c5t0d6")
OTHER_LEGS = ("/dev/rdsk/c2t0d7", "/dev/rdsk/c5t0d7")


@frozen
class Site:
    """The cluster, its HP-UX, its nodes by name, and the identities of its two disks."""

    cluster: SimulatedCluster
    hpux: SimulatedHpux
    nodes: Mapping[str, SimulatedNode]
    lun: str
    other: str
    terminfo: Mapping[str, str] = field(factory=lambda: {"TERMINFO": TERMINFO})

    def run(self, *argv: str, node: str = NODES[0], input: str = "") -> subprocess.CompletedProcess[str]:
        """Run an executable on a node, with TERMINFO set."""
        return self.nodes[node].run(*argv, env=self.terminfo, input=input)

    def popen(self, *argv: str, node: str = NODES[0]) -> subprocess.Popen[str]:
        """Start one."""
        return self.nodes[node].popen(*argv, env=self.terminfo)

    def said(self, *argv: str, node: str = NODES[0]) -> str:
        """Standard output of one that must succeed and say nothing on standard error."""
        done = self.run(*argv, node=node)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout


def make_site(cluster: SimulatedCluster, folder: Path) -> Site:
    """Build it."""
    hpux = SimulatedHpux(cluster)
    nodes = {}
    for number, name in enumerate(NODES, 1):
        hpux.define_node(name, f"10.0.0.{number}", serial=f"SGH{number:04d}XYZ")
        executables = hpux.install(folder / f"bin-{name}", node=name)
        nodes[name] = SimulatedNode(cluster, name, folder / f"opensvc-{name}", executables)
    lun = hpux.add_disk(18, dict.fromkeys(NODES, LEGS), vendor="HP", model="HSV210", size=1 << 30)
    other = hpux.add_disk(19, dict.fromkeys(NODES, OTHER_LEGS), vendor="HP", model="HSV210", size=1 << 30)
    return Site(cluster, hpux, nodes, lun, other)
