"""The simulated side of ``mpathpersist_scenario.toml``: a map of two paths on one node, a single path on another."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from opensvc_testkit.platforms.disks import SimulatedDisks
from opensvc_testkit.simulated import SimulatedCluster
from opensvc_testkit.simulated_node import SimulatedNode
from tests.opensvc_testkit.several_nodes import Stage
from tests.opensvc_testkit.sg_persist_stage import LUN, state_of

PATHS = {"n1": ["/dev/sda", "/dev/sdc"], "n2": ["/dev/sda"]}
MAP = "/dev/mapper/mpatha"
PLACES = {"MAP": MAP, "DISK": "/dev/sda", "NOWHERE": "/dev/nosuch"}
WWID = re.compile(r"\b3600[0-9a-f]{29}\b")
STAMP = re.compile(r"(?m)^\d+\.\d+ \| ")


def shown(text: str) -> str:
    """Without stamps, the disk's WWID, and in names of initiators that of whoever has the disk."""
    text = WWID.sub("WWID", STAMP.sub("T | ", text))
    return re.sub(r"iqn\.2010-01\.[a-z.]+:", "iqn.2010-01:", text)


def simulated_stage(cluster: SimulatedCluster, folder: Path, target: str, generation: int = 0) -> Stage:
    """Two simulated nodes with a LUN of that target, whose count of changes stands at a number."""
    shared = SimulatedDisks(cluster)
    shared.add(LUN, PATHS, target=target)
    shared.add_map("n1", "mpatha", LUN)
    with cluster.opened() as world:
        world["disks"][LUN]["generation"] = generation
    nodes = {
        name: SimulatedNode.make(cluster, name, folder / name, folder / f"{name}-bin", platforms=["scsi"])
        for name in PATHS
    }

    def run(on: str, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return nodes[on].run(*(PLACES.get(word, word) for word in words))

    def state() -> str:
        held = shared.holder_of(LUN)
        return state_of(shared.keys(LUN), (held.key, held.type) if held else None, shared.generation(LUN))

    return Stage(run, state, shown)
