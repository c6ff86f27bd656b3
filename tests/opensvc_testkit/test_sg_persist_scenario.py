"""The scenario that the lab also plays on the real sg_persist, on the simulated one alone and against captures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opensvc_testkit.simulated import SimulatedCluster
from tests.opensvc_testkit.several_nodes import read_steps
from tests.opensvc_testkit.sg_persist_stage import simulated_stage

pytestmark = pytest.mark.simulated

CAPTURES = Path(__file__).parents[1] / "fixtures" / "scsi"
STEPS = read_steps("sg_persist_scenario.toml")


@pytest.mark.parametrize("target", ["tgt", "lio"])
def test_the_simulated_sg_persist_answers_as_it_was_captured(
    simulated_cluster: SimulatedCluster, tmp_path: Path, target: str
) -> None:
    index = json.loads((CAPTURES / "index.json").read_text())
    answered = simulated_stage(simulated_cluster, tmp_path, target).play(STEPS)
    for step, answer in zip(STEPS, answered, strict=True):
        if "capture" in step.more:
            name = f"{target}-{step.more['capture']}"
            texts = [_text(f"{name}{kind}.txt") for kind in ("", ".stderr")]
            assert [_portless(answer.stdout), answer.stderr] == texts, step.run
            assert answer.status == index[name]["status"] == step.more.get(target, step.status)
        if target == "tgt":
            assert (step.on, step.run, step.status) == (answer.on, answer.run, answer.status), answer
    assert sum("capture" in step.more for step in STEPS) > 40


def _portless(text: str) -> str:
    """Names of initiators are those of whoever has the disk."""
    return text.replace("iqn.2010-01.simulated:", "iqn.2010-01.lab.opensvc:")


def _text(name: str) -> str:
    path = CAPTURES / name
    return path.read_text() if path.exists() else ""
