"""The simulated side of ``shared_storage_scenario.toml``: two nodes that share two disks, with device-mapper."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from opensvc_testkit.platforms.disks import SimulatedDisks
from opensvc_testkit.platforms.lvm import SimulatedLvm
from opensvc_testkit.simulated import SimulatedCluster
from opensvc_testkit.simulated_node import SimulatedNode
from tests.opensvc_testkit.lvm_stage import masked
from tests.opensvc_testkit.several_nodes import Stage

SIZE = 64 << 20
NODES = ("n1", "n2")
PLACES = {"A": "/dev/sda", "B": "/dev/sdb"}
COLUMNS = "vg_name,vg_attr,vg_tags,vg_free,vg_seqno,lv_name,lv_attr,lv_size,lv_tags,lv_kernel_minor"
STATE = ("lvs", "--reportformat", "json", "-o", COLUMNS)
READS = ("vgs", "lvs", "pvs", "lvscan", "lvmconfig", "sg_persist")
"""Commands after which LVM is not asked for its state: all in all it takes a minute in the lab as it is."""


def storage_stage(
    run: Callable[[str, Sequence[str]], subprocess.CompletedProcess[str]], hold: Callable[[str, str, bool], None]
) -> Stage:
    """A stage of whatever runs the commands; ``hold`` opens a volume on a node, or closes it."""
    last = [""]

    def act(on: str, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        last[0] = words[0]
        if words[0] in ("hold", "release"):
            hold(on, words[1], words[0] == "hold")
            return subprocess.CompletedProcess(words, 0, "", "")
        return run(on, [PLACES.get(word, word) for word in words])

    def state() -> str:
        return "" if last[0] in READS else "".join(run(node, STATE).stdout for node in NODES)

    return Stage(act, state, masked)


def simulated_stage(cluster: SimulatedCluster, folder: Path) -> Stage:
    """Two simulated nodes; metadata is not backed up."""
    shared, lvm = SimulatedDisks(cluster), SimulatedLvm(cluster)
    for path in PLACES.values():
        shared.add(f"naa.{path[-1]}", {node: [path] for node in NODES}, size=SIZE, target="tgt")
    nodes = {}
    for name in NODES:
        nodes[name] = SimulatedNode.make(
            cluster, name, folder / name, folder / f"{name}-bin", platforms=["lvm", "scsi"]
        )
        lvm.configure(name, volume_list=[f"@{name}"], host_tags=[name], backs_up=False)

    def hold(on: str, volume: str, is_open: bool) -> None:
        lvm.change_active(on, *volume.split("/"), open=-1 if is_open else 0)

    return storage_stage(lambda on, words: nodes[on].run(*words), hold)
