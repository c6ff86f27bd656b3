"""A node is drained: nothing new starts there, what runs there goes elsewhere, what cannot go is told."""

from __future__ import annotations

from pathlib import Path

from opensvc_core.actions.drain import drain
from opensvc_core.actions.execute import RunOptions
from opensvc_core.actions.freeze import is_drained, unmark_drained
from opensvc_core.run import RunOutcome
from tests.opensvc_core.actions.files_platform import knob, write_service
from tests.opensvc_core.cluster.loopback import Cluster

THREE = "[default]\nnodes = n1 n2 n3\n[container#0]\ntype = file\n"
LONELY = "[default]\nnodes = n1\n[container#0]\ntype = file\n"


def _running(tmp_path: Path) -> Cluster:
    """A cluster of three whose first node runs a service."""
    cluster = Cluster.of(tmp_path, THREE, "n1", "n2", "n3")
    knob(cluster.agents["n1"].node.folders.root, "svc.container#0")
    return cluster


def test_what_runs_goes_to_another_node_and_nothing_starts_until_undrained(tmp_path: Path) -> None:
    cluster = _running(tmp_path)
    agent = cluster.agents["n1"]
    rounds = drain(agent, RunOptions())
    assert rounds.exit_status == 0
    assert (cluster.up("n1"), cluster.up("n2")) == (set(), {"svc.container#0"})
    assert is_drained(agent.node)
    back = cluster.agents["n2"]
    refused = drain(back, RunOptions(), to="n1").refused
    assert "node_drained" in str(refused["svc"])
    assert cluster.up("n2") == {"svc.container#0"}
    unmark_drained(agent.node)
    assert drain(cluster.open("n2"), RunOptions(), to="n1").refused == {}
    assert cluster.up("n1") == {"svc.container#0"}


def test_a_node_that_refuses_is_passed_over(tmp_path: Path) -> None:
    cluster = _running(tmp_path)
    platform = cluster.agents["n2"].node.folders.tmp / "platform"
    (platform / "svc.container#0.veto-start").write_text("never")
    assert drain(cluster.agents["n1"], RunOptions()).exit_status == 0
    assert (cluster.up("n2"), cluster.up("n3")) == (set(), {"svc.container#0"})


def test_a_service_that_fails_there_is_started_here_again_and_the_next_node_is_tried(tmp_path: Path) -> None:
    cluster = _running(tmp_path)
    knob(cluster.agents["n2"].node.folders.root, "svc.container#0.start", "ls", "/no/such/place")
    rounds = drain(cluster.agents["n1"], RunOptions())
    assert [run.outcomes["svc"] for run in rounds.runs] == [RunOutcome.FAILED, RunOutcome.DONE]
    assert (cluster.up("n1"), cluster.up("n3")) == (set(), {"svc.container#0"})


def test_what_has_nowhere_to_go_is_left_running_and_told(tmp_path: Path) -> None:
    cluster = _running(tmp_path)
    root = cluster.agents["n1"].node.folders.root
    write_service(root, "own", LONELY)
    knob(root, "own.container#0")
    rounds = drain(cluster.agents["n1"], RunOptions())
    assert {name: error.code for name, error in rounds.refused.items()} == {"own": "no_destination"}
    assert rounds.exit_status != 0
    assert (cluster.up("n1"), cluster.up("n2")) == ({"own.container#0"}, {"svc.container#0"})


def test_they_can_be_stopped_instead(tmp_path: Path) -> None:
    cluster = _running(tmp_path)
    assert drain(cluster.agents["n1"], RunOptions(), is_stop=True).exit_status == 0
    assert (cluster.up("n1"), cluster.up("n2")) == (set(), set())
