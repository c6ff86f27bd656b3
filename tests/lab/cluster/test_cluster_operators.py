"""Two operators at the same instant, and nodes that cannot reach one another."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest

from tests.lab.cluster.cluster import Cluster, service_text
from tests.lab.cluster.faults import partitioned
from tests.lab.cluster.oracle import Watch
from tests.lab.cluster.trust import trust_by_hand

pytestmark = pytest.mark.timeout(1800)
NAME = "web"
NO_PLAN, VETOED, LOCKED = 3, 4, 5
TOLD = ("runs on", "up on", "lock")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Three nodes that trust each other; the service may run on each, and is down."""
    with Cluster.up(3) as cluster:
        trust_by_hand(cluster)
        cluster.be_quick()
        cluster.define_guest(NAME)
        cluster.write_service(NAME, service_text([node.name for node in cluster.nodes]))
        yield cluster


@pytest.fixture(autouse=True)
def down(cluster: Cluster) -> Iterator[None]:
    """The service is down again after the test."""
    yield
    for node in cluster.nodes:
        if node.name in cluster.running(NAME):
            cluster.told(node, "stop", NAME)


def at_once(cluster: Cluster, *lines: Sequence[str]) -> list[tuple[int, str]]:
    """Run `osvc` on the first nodes at the same instant, one command line each; exit status and what was said."""
    with Watch(cluster.nodes, NAME) as watch:
        running = [cluster.popen(node, *line) for node, line in zip(cluster.nodes, lines, strict=False)]
        said = ["".join(process.communicate(timeout=120)) for process in running]
    assert watch.twice == []
    assert not any("Traceback" in text for text in said), said
    return [(process.returncode, text) for process, text in zip(running, said, strict=True)]


def verify_one_won(cluster: Cluster, ends: list[tuple[int, str]], where: Sequence[str]) -> None:
    """One of two succeeded, and the service runs where that one wanted it; the other was told why it was refused."""
    statuses = [status for status, _ in ends]
    assert min(statuses) == 0, ends
    running = cluster.running(NAME)
    assert running == [where[statuses.index(0)]], ends
    loser, text = max(ends)
    assert loser in {NO_PLAN, VETOED, LOCKED}, ends
    assert any(word in text for word in TOLD), text
    assert "several nodes" not in text, text


def wait_words(chance: random.Random) -> list[str]:
    """An operator in a hurry, or one who waits for the lock."""
    return chance.choice([["--wait", "0"], []])


def test_of_two_who_start_on_two_nodes_at_once_one_wins_and_the_other_is_told(
    cluster: Cluster, osvc_runs: int, osvc_random: random.Random
) -> None:
    first, second, _ = cluster.nodes
    for _ in range(max(2, osvc_runs)):
        lines = [["start", NAME, *wait_words(osvc_random)] for _ in range(2)]
        verify_one_won(cluster, at_once(cluster, *lines), [first.name, second.name])
        (up,) = [node for node in cluster.nodes if node.name in cluster.running(NAME)]
        cluster.told(up, "stop", NAME)


def test_of_two_who_switch_to_two_nodes_at_once_one_wins_and_the_other_is_told(
    cluster: Cluster, osvc_runs: int, osvc_random: random.Random
) -> None:
    up = cluster.nodes[0]
    cluster.told(up, "start", NAME)
    for _ in range(max(1, osvc_runs)):
        wanted = [node for node in cluster.nodes if node is not up]
        lines = [["switch", NAME, "--to", node.name, *wait_words(osvc_random)] for node in wanted]
        ends = at_once(cluster, *lines)
        (up,) = [node for node in cluster.nodes if node.name in cluster.running(NAME)]
        if all(status == 0 for status, _ in ends):
            # One came so late that it found it where the other had brought it, and brought it on from there.
            assert up in wanted
        else:
            verify_one_won(cluster, ends, [node.name for node in wanted])


def test_a_start_beside_a_stop_on_another_node_starts_after_it_or_not_at_all(cluster: Cluster, osvc_runs: int) -> None:
    first, second, _ = cluster.nodes
    for _ in range(max(1, osvc_runs)):
        cluster.told(first, "start", NAME)
        (stopped, text), (started, told) = at_once(cluster, ["stop", NAME], ["start", NAME])
        if stopped == 0 and started == 0:
            assert cluster.running(NAME) == [second.name]
            cluster.told(second, "stop", NAME)
        elif stopped == 0:
            assert (started, cluster.running(NAME)) == (VETOED, []), told
        else:
            assert (stopped, cluster.running(NAME)) == (LOCKED, [first.name]), text
            cluster.told(first, "stop", NAME)


def test_a_node_without_its_peers_starts_nothing_and_takes_no_word_against_a_live_one(cluster: Cluster) -> None:
    first, second, third = cluster.nodes
    with partitioned(second):
        text = cluster.refused(second, "start", NAME)
        assert "peer_unknown" in text
        assert first.name in text
        assert third.name in text
        # Those who reach each other miss one who may have it.
        text = cluster.refused(first, "start", NAME)
        assert "peer_unknown" in text
        assert second.name in text
    assert cluster.running(NAME) == []
    # An agent that cannot be asked is not a dead node.
    second.freeze_sshd()
    try:
        assert "peer_unknown" in cluster.refused(first, "start", NAME)
        assert "is not dead" in cluster.refused(first, "start", NAME, "--declare-dead", second.name)
    finally:
        second.thaw_sshd()
    # One without power is, when the operator says so.
    second.off()
    try:
        cluster.told(first, "start", NAME, "--declare-dead", second.name)
    finally:
        second.on()
    assert cluster.running(NAME) == [first.name]
    assert f"runs on {first.name}" in cluster.refused(second, "start", NAME)
