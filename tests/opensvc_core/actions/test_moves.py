"""Services that go from one node to another: two agents in one process, each with its own root, journal and lock."""

from __future__ import annotations

from pathlib import Path

from opensvc_core.run import RunOutcome
from tests.opensvc_core.cluster.loopback import Cluster

TEXT = """[default]
nodes = n1 n2
autostart_node = n1
[disk#1]
type = file
[container#0]
type = file
"""
ALL = {"svc.disk#1", "svc.container#0"}


def test_a_switch_stops_here_and_starts_there(tmp_path: Path) -> None:
    cluster = Cluster.of(tmp_path, TEXT, "n1", "n2")
    agent = cluster.agents["n1"]
    service = agent.load("svc")
    agent.run(agent.plan("start", [service]))
    agent = cluster.open("n1")
    plan = agent.plan_move("switch", [service], "n2")
    assert [step.id for step in plan.steps] == [
        "stop svc/container#0",
        "stop svc/disk#1",
        "start svc/disk#1 on n2",
        "start svc/container#0 on n2",
    ]
    run = agent.run(plan)
    assert run.outcomes == {"svc": RunOutcome.DONE}
    assert (cluster.up("n1"), cluster.up("n2")) == (set(), ALL)
    there = cluster.agents["n2"].history("svc")[0]
    assert (there.id, there.outcome, there.action) == (run.id, "done", "switch")
