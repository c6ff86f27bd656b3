"""Two simulated HP-UX nodes with two shared disks, a guest, a volume group, and a service of mode hpvm on all of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from opensvc_testkit.platforms.hpux import SimulatedHpux
from opensvc_testkit.simulated import SimulatedCluster

SERVICE = """\
[default]
vm_name = vm188
app = ERP
mode = hpvm
service_type = DEV
nodes = node109 node110
autostart_node = node109
scsireserv = true

[container#0]
type = hpvm
start_timeout = 20s
stop_timeout = 20s

[ip#1]
ipname = vm188
ipdev = lan0

[vg#1]
vgname = vg188

[vmdg]

[app#0]
"""
ADDRESS = "10.188.0.1"
NODES = ("node109", "node110")
CALL_SECONDS = 60


@frozen
class HpuxCluster:
    """The cluster.

    Attributes:
        hpux: its HP-UX nodes.
        folder: of the test.
        osvc: the ``osvc`` that runs on the nodes.
        disk: identity of the guest's own disk, instance 18 on every node.
        group_disk: identity of the disk of ``vg188``.
    """

    hpux: SimulatedHpux
    folder: Path
    osvc: Path
    disk: str
    group_disk: str

    @classmethod
    def make(cls, cluster: SimulatedCluster, folder: Path, osvc: Path | None = None) -> HpuxCluster:
        """Lay it out. The group is imported on ``node109`` only, and nothing is up."""
        hpux = SimulatedHpux(cluster)
        for number, name in enumerate(NODES, 9):
            hpux.define_node(name, f"10.0.0.{number}", leg_mpath_enable="true")
            hpux.install(folder / name / "bin", node=name)
        disk = hpux.add_disk(18, {name: ["/dev/rdsk/c2t0d1", "/dev/rdsk/c5t0d1"] for name in NODES})
        group_disk = hpux.add_disk(19, {name: ["/dev/rdsk/c2t0d2", "/dev/rdsk/c5t0d2"] for name in NODES})
        hpux.define_group("vg188", [group_disk], nodes=["node109"])
        hpux.define_guest(
            "vm188",
            nodes=NODES,
            disks=["/dev/rdisk/disk18", "/dev/vg188/rlvol1"],
            address=ADDRESS,
            boot_time=0.2,
            shutdown_time=0.2,
            graceful=5,
        )
        hpux.guests.set_sharing("node109", "/dev/rdisk/disk18", share=True)
        for letter in "SKC":
            cluster.set_launcher("vm188", f"{letter}10erp", application="erp")
        made = cls(hpux, folder, osvc or Path(sys.executable).with_name("osvc"), disk, group_disk)
        for name in NODES:
            cluster.prepare_root(made.root(name))
            (made.root(name) / "etc/vm188.env").write_text(SERVICE)
        return made

    def root(self, node: str) -> Path:
        """``$OSVC_ROOT`` of a node."""
        return self.folder / node / "root"

    def environment(self, node: str) -> Mapping[str, str]:
        """Variables of a process on a node, and no others: nothing of this clone is told."""
        return {
            "PATH": f"{self.folder / node / 'bin'}:/usr/bin:/bin",
            "HOME": os.environ.get("HOME", "/"),
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
            "OSVC_ROOT": str(self.root(node)),
            "OSVC_NODE": node,
            "OSVC_OS": "HP-UX",
        }

    def run(self, node: str, *words: str) -> subprocess.CompletedProcess[str]:
        """An ``osvc`` command on a node."""
        return subprocess.run(
            [str(self.osvc), *words],
            env=dict(self.environment(node)),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CALL_SECONDS,
            check=False,
        )

    def bring_files(self, source: str, target: str) -> None:
        """What replication does with files below ``var``: maps, special files, who may share them."""
        (self.root(target) / "var").mkdir(parents=True, exist_ok=True)
        for path in (self.root(source) / "var").glob("vg_*"):
            (self.root(target) / "var" / path.name).write_bytes(path.read_bytes())
