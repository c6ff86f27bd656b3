"""The simulated mpathpersist on the scenario of which every step was captured from the real one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opensvc_testkit.platforms.disks import SimulatedDisks
from opensvc_testkit.simulated import SimulatedCluster
from opensvc_testkit.simulated_node import SimulatedNode
from tests.opensvc_testkit.mpathpersist_stage import shown, simulated_stage
from tests.opensvc_testkit.several_nodes import read_steps
from tests.opensvc_testkit.sg_persist_stage import LUN

pytestmark = pytest.mark.simulated

CAPTURES = Path(__file__).parents[1] / "fixtures" / "scsi"
GENERATION = 0x16
"""Where the count stood when the captures began."""


def test_the_simulated_mpathpersist_answers_as_it_was_captured(
    simulated_cluster: SimulatedCluster, tmp_path: Path
) -> None:
    index = json.loads((CAPTURES / "index.json").read_text())
    steps = read_steps("mpathpersist_scenario.toml")
    answered = simulated_stage(simulated_cluster, tmp_path, "lio", GENERATION).play(steps)
    for step, answer in zip(steps, answered, strict=True):
        assert (step.run, answer.status) == (step.run, step.status), answer
        if "capture" in step.more:
            name = f"map-{step.more['capture']}"
            wanted = [shown(_text(f"{name}{kind}.txt")) for kind in ("", ".stderr")]
            assert [answer.stdout, answer.stderr] == wanted, step.run
            assert answer.status == index[name]["status"]
    assert sum("capture" in step.more for step in steps) > 40


def test_the_topology_of_a_map_is_told_as_it_was_captured(simulated_cluster: SimulatedCluster, tmp_path: Path) -> None:
    disks = SimulatedDisks(simulated_cluster)
    node = SimulatedNode.make(simulated_cluster, "n1", tmp_path / "n1", tmp_path / "bin", platforms=["scsi"])
    disks.add(LUN, {"n1": ["/dev/sda", "/dev/sdc"]}, size=64 << 20, vendor="LIO-ORG", model="IBLOCK")
    disks.add_map("n1", "mpatha", LUN)
    # Whether a path group counts as active hangs on what was read from the map before.
    wanted = _text("map-ll.txt").partition("mpathb")[0]
    assert node.run("multipath", "-ll").stdout == wanted
    disks.lose_path("n1", "/dev/sda")
    wanted = _text("map-path-lost-ll.txt").partition("mpathb")[0].replace("status=active", "status=enabled")
    assert node.run("multipath", "-ll", "mpatha").stdout == wanted
    assert node.run("multipath", "-F").returncode == 70


def _text(name: str) -> str:
    path = CAPTURES / name
    return path.read_text() if path.exists() else ""
