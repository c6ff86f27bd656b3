"""The scenario that the lab also plays on the real LVM, on the simulated one alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_testkit.simulated import SimulatedCluster
from tests.opensvc_testkit.lvm_stage import simulated_stage
from tests.opensvc_testkit.several_nodes import read_steps

pytestmark = pytest.mark.simulated


def test_the_simulated_lvm_ends_each_step_as_the_scenario_says(
    simulated_cluster: SimulatedCluster, tmp_path: Path
) -> None:
    steps = read_steps("lvm_scenario.toml")
    stage = simulated_stage(simulated_cluster, tmp_path, ("/dev/loop0", "/dev/loop1", "/dev/loop2"))
    answered = stage.without_state().play(steps)
    ends = [(step.on, step.run, step.status) for step in steps]
    assert [(each.on, each.run, each.status) for each in answered] == ends
