"""The simulated side of ``lvm_scenario.toml``: four nodes that share three disks."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from opensvc_testkit.platforms.disks import SimulatedDisks
from opensvc_testkit.platforms.lvm import SimulatedLvm
from opensvc_testkit.simulated import SimulatedCluster
from opensvc_testkit.simulated_node import SimulatedNode
from tests.opensvc_testkit.several_nodes import Stage

SIZE = 64 << 20
NODES = {"n1": "ABC", "n2": "AC", "n3": "ABC", "n4": "ABC"}
"""Which disks each node sees."""
UUID = re.compile(r"\b\w{6}(?:-\w{4}){5}-\w{6}\b")
PLACE = re.compile(r"at \d+ length \d+")
STATE = (
    ("vgs", "--foreign", "--reportformat", "json", "--units", "b", "-o",
     "vg_name,vg_attr,vg_tags,vg_systemid,vg_size,vg_free,vg_seqno,lv_count,pv_name,pv_missing"),
    ("lvs", "--foreign", "--reportformat", "json", "--units", "b", "-o", "vg_name,lv_name,lv_attr,lv_size,lv_tags"),
    ("pvs", "--reportformat", "json", "--units", "b", "-o", "pv_name,vg_name,pv_size,pv_free"),
)  # fmt: skip


def masked(text: str) -> str:
    """A text with UUIDs named by the order in which they come, and without places on disks."""
    text = PLACE.sub("at N length N", text)
    found = list(dict.fromkeys(UUID.findall(text)))
    return UUID.sub(lambda match: f"UUID{found.index(match[0])}", text)


def lvm_stage(
    run: Callable[[str, Sequence[str]], subprocess.CompletedProcess[str]],
    add_volumes: Callable[[str], None],
    disks: Sequence[str],
) -> Stage:
    """A stage of whatever runs LVM's commands; ``disks`` are the special files of A, B and C."""
    places = {**dict(zip("ABC", disks, strict=True)), "NOWHERE": "/dev/nosuch"}

    last = [""]

    def act(on: str, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        last[0] = words[0]
        if words[0] == "volumes":
            add_volumes(words[1])
            return subprocess.CompletedProcess(words, 0, "", "")
        return run(on, [places.get(word, word) for word in words])

    def state() -> str:
        # A report changes at most the count of writes.
        asked = STATE[:1] if last[0] in ("vgs", "lvs", "pvs", "lvmconfig") else STATE
        return "".join(run("n1", words).stdout for words in asked)

    return Stage(act, state, masked)


def simulated_stage(cluster: SimulatedCluster, folder: Path, files: Sequence[str]) -> Stage:
    """Four simulated nodes, which call the disks by these names; there is no device-mapper, and no backup."""
    shared, lvm = SimulatedDisks(cluster), SimulatedLvm(cluster)
    for letter, file in zip("ABC", files, strict=True):
        seeing = {node: [file] for node, letters in NODES.items() if letter in letters}
        shared.add(f"naa.{letter}", seeing, size=SIZE)
    nodes = {}
    for name in NODES:
        nodes[name] = SimulatedNode.make(cluster, name, folder / name, folder / f"{name}-bin", platforms=["lvm"])
        lvm.configure(name, has_mapper=False, backs_up=False)
    lvm.configure("n3", system_id="n3")
    lvm.configure("n4", volume_list=["@n4"])

    def add_volumes(group: str) -> None:
        lvm.add_volume(group, "lv1", 2, disk=0)
        lvm.add_volume(group, "lv2", 3, disk=1)
        lvm.change_group(group, seqno=lvm.group(group)["seqno"] + 1)

    return lvm_stage(lambda on, words: nodes[on].run(*words), add_volumes, files)
