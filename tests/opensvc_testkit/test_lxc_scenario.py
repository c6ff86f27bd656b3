"""The scenario that the lab also plays on the real LXC, on the simulated one alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_testkit.platforms.lxc import PLATFORMS
from opensvc_testkit.simulated import SimulatedCluster
from opensvc_testkit.simulated_node import SimulatedNode
from tests.opensvc_testkit.lxc_scenario import simulated_player, steps

pytestmark = pytest.mark.simulated


def test_the_simulated_lxc_ends_each_step_as_the_scenario_says(
    simulated_cluster: SimulatedCluster, tmp_path: Path
) -> None:
    node = SimulatedNode.make(simulated_cluster, "node1", tmp_path / "root", tmp_path / "bin", platforms=PLATFORMS)
    answered = simulated_player(node).without_states().play(steps())
    assert [(each.run, each.status) for each in answered] == [(each.run, each.status) for each in steps()]
