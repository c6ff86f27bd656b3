"""The simulated mpathpersist against the real one with a real map on tgtd: each step has the same answer and effect."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from opensvc_testkit.simulated import SimulatedCluster
from tests.lab import multipathed
from tests.lab.uml.lab import KernelLab
from tests.opensvc_testkit.mpathpersist_stage import PLACES, shown, simulated_stage
from tests.opensvc_testkit.several_nodes import Stage, differences, read_steps
from tests.opensvc_testkit.sg_persist_stage import state_of


def test_the_simulated_mpathpersist_answers_as_the_real_one(
    lab_requirements: None, simulated_cluster: SimulatedCluster, tmp_path: Path
) -> None:
    steps = read_steps("mpathpersist_scenario.toml")
    with KernelLab.up(2, luns=1, paths=2) as lab:
        multipathed.start(lab.nodes[0], maps=1)
        nodes, (lun,) = {node.name: node for node in lab.nodes}, lab.luns

        def run(on: str, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
            return nodes[on].exec([PLACES.get(word, word) for word in words])

        def state() -> str:
            told = lab.san.reservations(lun)
            return state_of(told.keys, (told.holder.key, told.holder.type) if told.holder else None, told.generation)

        wanted = Stage(run, state, shown).play(steps)
    assert simulated_cluster.calls() == (), "the real one was asked"
    got = simulated_stage(simulated_cluster, tmp_path, "tgt").play(steps)
    assert differences(got, wanted) == ""
    assert [each.status for each in wanted] == [step.more.get("tgt", step.status) for step in steps]
