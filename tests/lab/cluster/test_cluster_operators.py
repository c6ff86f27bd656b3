"""Two operators at the same instant, and nodes that cannot reach one another."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.figures import Figures
from tests.lab.cluster.cluster import ROOT, Cluster
from tests.lab.cluster.journals import still_open
from tests.lab.cluster.oracle import Watch
from tests.lab.cluster.verbs import PAIRS, Asked, Meeting, meetings, outcomes
from tests.lab.nodes import Node

pytestmark = pytest.mark.timeout(3600)
NAME = "web"
SHARE = 2
"""Rounds of one run of CI; `make soak-cluster` plays `OSVC_RUNS`."""
VETOED, LOCKED = 4, 5
REFUSALS = {3, VETOED, LOCKED}
"""Exit statuses of who is refused: it makes no plan, it is vetoed, another run holds the lock."""
OUT_OF_REACH = ("cannot be reached", "says nothing")
"""Said of a node that does not even say hello, by who cannot make a plan without it."""
TOLD = ("runs on", "up on", "lock", "does not run on")


@pytest.fixture
def cluster(trusting: Cluster) -> Iterator[Cluster]:
    """Three nodes; the service may run on each, and is down before a test and after it."""
    trusting.give(NAME)
    yield trusting
    bring_down(trusting)


def bring_down(cluster: Cluster) -> None:
    """Stop the service wherever it runs."""
    for node in cluster.nodes:
        if node.name in cluster.running(NAME):
            cluster.told(node, "stop", NAME)


def meet(cluster: Cluster, meeting: Meeting) -> str:
    """Play one round; who succeeded."""
    nodes = {node.name: node for node in cluster.nodes}
    wanted = [meeting.before] if meeting.before else []
    if cluster.running(NAME) != wanted:
        bring_down(cluster)
        for name in wanted:
            cluster.told(nodes[name], "start", NAME)
    known = {name: len(cluster.journal(node, NAME)) for name, node in nodes.items()}
    with Watch(cluster.nodes, NAME) as watch:
        running = []
        for asked, is_patient in zip(meeting.asked, meeting.has_patience, strict=True):
            wait = [] if is_patient else ["--wait", "0"]
            running.append(cluster.popen(nodes[asked.node], asked.verb, NAME, *asked.words, *wait))
            time.sleep(meeting.delay if len(running) == 1 else 0)  # the instant is what chance has dealt
        said = ["".join(process.communicate(timeout=120)) for process in running]
    statuses = [process.returncode for process in running]
    assert watch.twice == [], said
    judge(meeting, statuses, said, cluster.running(NAME))
    runs = {name: cluster.journal(node, NAME) for name, node in nodes.items()}
    told = {name: each[: len(each) - known[name]] for name, each in runs.items()}
    assert still_open(told) == [], (meeting, said)
    return " and ".join(asked.verb for asked, status in zip(meeting.asked, statuses, strict=True) if status == 0)


def judge(meeting: Meeting, statuses: list[int], said: list[str], running: list[str]) -> None:
    """One at least succeeded, and it runs where some order leads; the other was told why it was refused."""
    ends = "\n".join(map(str, (meeting, statuses, *said, running)))
    # One that does not wait may meet the lock of one that is to be refused for what it asks.
    is_hopeless = any(asked.after(meeting.before) is None for asked in meeting.asked)
    assert min(statuses) == 0 or (is_hopeless and LOCKED in statuses), ends
    places = outcomes(meeting.asked, [status == 0 for status in statuses], meeting.before)
    assert len(running) <= 1, ends
    assert [*running, ""][0] in places, f"{ends}\nand not on {places}"
    for status, text in zip(statuses, said, strict=True):
        assert "Traceback" not in text, ends
        assert "several nodes" not in text, ends
        if status:
            assert status in REFUSALS, ends
            assert any(word in text for word in TOLD), ends


def test_of_two_operators_at_the_same_instant_one_wins_and_the_other_is_told(
    cluster: Cluster, osvc_runs: int, osvc_random: random.Random, osvc_figures: Figures
) -> None:
    rounds = meetings([node.name for node in cluster.nodes], max(SHARE, osvc_runs), osvc_random)
    won: Counter[tuple[str, str]] = Counter()
    for number, meeting in enumerate(rounds):
        print(f"{number}: {meeting}", flush=True)  # noqa: T201 - to be read
        winner = meet(cluster, meeting)
        print(f"    {winner} succeeded", flush=True)  # noqa: T201 - to be read
        won[meeting.pair, winner] += 1
        lines = [f"{pair:28}{name} succeeded: {count}" for (pair, name), count in sorted(won.items())]
        osvc_figures.tell("two operators at the same instant", "\n".join([f"{number + 1} rounds", *lines]))
    assert {meeting.pair for meeting in rounds} == set(PAIRS) or len(rounds) < len(PAIRS)


def refused_at_once(cluster: Cluster, missed: dict[Asked, list[str]]) -> None:
    """What is asked for on several nodes at once is refused on all of them, naming who cannot be asked."""
    nodes = {node.name: node for node in cluster.nodes}
    with Watch(cluster.nodes, NAME) as watch:
        running = [cluster.popen(nodes[each.node], each.verb, NAME, *each.words) for each in missed]
        ends = [(" ".join("".join(each.communicate(timeout=120)).split()), each.returncode) for each in running]
    assert watch.twice == []
    for (asked, names), (text, status) in zip(missed.items(), ends, strict=True):
        assert "Traceback" not in text, ends
        if asked.verb == "start":
            assert (status, "peer_unknown" in text) == (VETOED, True), ends
        else:
            # Without a node that it is about no plan is made at all.
            assert status in REFUSALS or (status == 1 and any(words in text for words in OUT_OF_REACH)), ends
        assert all(name in text for name in names), (names, ends)


@pytest.mark.parametrize("way", ["cut", "deaf", "mute"])
def test_a_node_without_its_peers_starts_nothing(cluster: Cluster, way: str) -> None:
    first, second, third = cluster.nodes
    is_up = way == "mute"
    if is_up:
        cluster.told(first, "start", NAME)
    be_impatient(cluster)
    isolate(way, second, cluster)
    try:
        # Those who reach each other miss one who may have it.
        other = Asked("switch", first.name, third.name) if is_up else Asked("start", first.name)
        alone = Asked("takeover" if way == "deaf" else "start", second.name)
        # A takeover ends at the first node that it cannot ask.
        missed = [first.name] if way == "deaf" else [first.name, third.name]
        refused_at_once(cluster, {alone: missed, other: [second.name]})
    finally:
        isolate(way, second, cluster, is_over=True)
        cluster.be_quick()
    assert cluster.running(NAME) == ([first.name] if is_up else [])


def be_impatient(cluster: Cluster) -> None:
    """Have no node wait for others, as none will answer; `Cluster.be_quick` undoes it."""
    for node in cluster.nodes:
        node.exec(["sed", "-i", "s/^peer = .*/peer = 6/", f"{ROOT}/etc/node.conf"], check=True)


def isolate(way: str, node: Node, cluster: Cluster, *, is_over: bool = False) -> None:
    """Part a node from all others: both ways, or so that it hears nobody, or so that nobody hears it."""
    if way == "cut":
        node.plug() if is_over else node.cut()
        return
    for other in cluster.others(node):
        hearer, speaker = (node, other) if way == "deaf" else (other, node)
        hearer.hear(speaker) if is_over else hearer.lose(speaker)


def test_the_operators_word_counts_against_no_node_that_shows_life(cluster: Cluster) -> None:
    first, second, _ = cluster.nodes
    # An agent that cannot be asked is not a dead node.
    be_impatient(cluster)
    second.freeze_sshd()
    try:
        assert "peer_unknown" in cluster.refused(first, "start", NAME)
        assert "is not dead" in cluster.refused(first, "start", NAME, "--declare-dead", second.name)
    finally:
        second.thaw_sshd()
        cluster.be_quick()
    # One without power is, when the operator says so.
    second.off()
    try:
        cluster.told(first, "start", NAME, "--declare-dead", second.name)
    finally:
        second.on()
    assert cluster.running(NAME) == [first.name]
    assert f"runs on {first.name}" in cluster.refused(second, "start", NAME)
