"""The simulated side of ``sg_persist_scenario.toml``: a disk that three simulated nodes share."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from opensvc_testkit.executables import disks, news, reservations
from opensvc_testkit.executables.targets import RefusedError
from opensvc_testkit.platforms.disks import SimulatedDisks
from opensvc_testkit.simulated import SimulatedCluster
from opensvc_testkit.simulated_node import SimulatedNode
from tests.opensvc_testkit.several_nodes import Stage

LUN = "naa.6001405ab01000000000000000000000"
PATHS = {"n1": ["/dev/sda", "/dev/sdc"], "n2": ["/dev/sda"], "n3": ["/dev/sda"]}


def state_of(keys: Sequence[int], holder: tuple[int, int] | None, generation: int) -> str:
    """The state of a LUN, as both sides tell it."""
    return f"keys {[f'{key:#x}' for key in sorted(keys)]}, holder {holder}, generation {generation}"


def simulated_stage(cluster: SimulatedCluster, folder: Path, target: str) -> Stage:
    """Three simulated nodes with a LUN of that target."""
    shared = SimulatedDisks(cluster)
    shared.add(LUN, PATHS, target=target, vendor="LAB", model="DISK")
    nodes = {
        name: SimulatedNode.make(cluster, name, folder / name, folder / f"{name}-bin", platforms=["scsi"])
        for name in PATHS
    }
    (folder / "file").write_text("no disk\n")

    def run(on: str, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        paths = PATHS[on]
        places = {"DISK": paths[0], "OTHER": paths[-1], "FILE": str(folder / "file"), "NOWHERE": "/dev/nowhere"}
        argv = [places.get(word, word) for word in words]
        return _write(cluster, on, argv) if argv[0] == "write" else nodes[on].run(*argv)

    def state() -> str:
        held = shared.holder_of(LUN)
        return state_of(shared.keys(LUN), (held.key, held.type) if held else None, shared.generation(LUN))

    def shown(text: str) -> str:
        for word, place in (("OTHER", "/dev/sdc"), ("DISK", "/dev/sda"), ("FILE", str(folder / "file"))):
            text = text.replace(place, word)
        return text.replace("/dev/nowhere", "NOWHERE")

    return Stage(run, state, shown)


def _write(cluster: SimulatedCluster, on: str, argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    with cluster.opened() as world:
        disk = disks.find_disk(world, on, argv[1])
        assert disk is not None
        try:
            news.hear(disk, (on, argv[1]))
            status = 0 if reservations.may_write(disk, (on, argv[1])) else 24
        except RefusedError:
            status = 6
    return subprocess.CompletedProcess(argv, status, "", "")
