"""Simulated LVM and reservations against the real ones on two nodes with device-mapper: same answers, same effects."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from opensvc_testkit.simulated import SimulatedCluster
from tests.lab.uml.lab import KernelLab
from tests.opensvc_testkit.several_nodes import differences, read_steps
from tests.opensvc_testkit.shared_storage_stage import simulated_stage, storage_stage

pytestmark = pytest.mark.timeout(300)


def test_simulated_storage_answers_as_the_real_one(
    lab_requirements: None, simulated_cluster: SimulatedCluster, tmp_path: Path
) -> None:
    steps = read_steps("shared_storage_scenario.toml")
    with KernelLab.up(2, luns=2) as lab:
        nodes = {node.name: node for node in lab.nodes}

        def run(on: str, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
            return nodes[on].exec(words, env={"LVM_SUPPRESS_FD_WARNINGS": "1"})

        def hold(on: str, volume: str, is_open: bool) -> None:
            script = f"sleep 1000 < /dev/{volume} > /dev/null 2>&1 & echo $! > /run/holder"
            nodes[on].sh(script if is_open else "kill $(cat /run/holder); while kill -0 $(cat /run/holder); do :; done")

        wanted = storage_stage(run, hold).play(steps)
    assert simulated_cluster.calls() == (), "the real one was asked"
    got = simulated_stage(simulated_cluster, tmp_path).play(steps)
    assert differences(got, wanted) == ""
    assert [each.status for each in wanted] == [step.status for step in steps]
