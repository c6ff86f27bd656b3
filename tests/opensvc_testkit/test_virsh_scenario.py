"""The scenario that the lab also plays on the real virsh, on the simulated one alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_testkit.simulated import domain_xml
from opensvc_testkit.simulated_node import SimulatedNode
from tests.opensvc_testkit.virsh_scenario import simulated_player, steps

pytestmark = pytest.mark.simulated


def test_the_simulated_virsh_ends_each_step_as_the_scenario_says(simulated_node: SimulatedNode, tmp_path: Path) -> None:
    for name in ("vm1", "vm2"):
        (tmp_path / f"{name}.xml").write_text(domain_xml(name))
    (tmp_path / "bad.xml").write_text("no definition\n")
    answered = simulated_player(simulated_node, tmp_path).without_states().play(steps())
    assert [(each.run, each.status) for each in answered] == [(each.run, each.status) for each in steps()]
