"""The scenario that the lab also plays on nodes with kernels of their own, on the simulated ones alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_testkit.simulated import SimulatedCluster
from tests.opensvc_testkit.several_nodes import read_steps
from tests.opensvc_testkit.shared_storage_stage import simulated_stage

pytestmark = pytest.mark.simulated


def test_the_simulated_storage_ends_each_step_as_the_scenario_says(
    simulated_cluster: SimulatedCluster, tmp_path: Path
) -> None:
    steps = read_steps("shared_storage_scenario.toml")
    answered = simulated_stage(simulated_cluster, tmp_path).without_state().play(steps)
    ends = [(step.on, step.run, step.status) for step in steps]
    assert [(each.on, each.run, each.status) for each in answered] == ends
