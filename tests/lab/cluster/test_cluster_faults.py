"""Faults while an action runs: whatever happens when, a guest runs once, the journals tell it, and it is mended.

`OSVC_SEED`, `OSVC_RUNS` and `OSVC_ROUND` play one round again, as a failure tells.
"""

from __future__ import annotations

import os
import random
import time
import traceback
from collections import Counter
from collections.abc import Iterator

import pytest

from opensvc_core.journal import RunRecord
from tests.figures import Figures
from tests.lab.cluster.cluster import ROOT, Cluster
from tests.lab.cluster.deeds import Deeds
from tests.lab.cluster.faults import Fault, heal, inflict, sessions
from tests.lab.cluster.journals import OPEN, Action, still_open, untruths
from tests.lab.cluster.oracle import Watch
from tests.lab.cluster.rounds import Cell, Round, cells, deal, table
from tests.lab.cluster.scenes import Scene, scenes
from tests.lab.cluster.standstill import NotReachedError, Standstill
from tests.lab.nodes import Node

pytestmark = pytest.mark.timeout(3600)
NAME = "erp"
SHARE = 3
"""Rounds of one run of CI; `make soak-cluster` plays `OSVC_RUNS`."""
ACTION_SECONDS = 90.0
SETTLE_SECONDS = 15.0
"""Longer than `[limits] settle` of the nodes."""
LEAVE_SECONDS = 20.0
"""Longer than an agent of a peer waits for one that is silent, and for what it had begun."""
ASK_AGAIN = 0.3
"""Seconds between two questions to nodes: they have work to do meanwhile."""
UNKNOWN = 6
NOTES = {"interrupted", "unknown_run"}
UNHEARD = frozenset(Fault) - {Fault.DISK_FULL, Fault.PEER_DISK_FULL}
"""Faults after which a peer need not know how a run ended."""


@pytest.fixture
def cluster(trusting: Cluster) -> Iterator[Cluster]:
    """Two nodes with the service, and one more that is asked; after the test nothing stands still or is broken."""
    trusting.give(NAME)
    yield trusting
    for node in trusting.nodes:
        node.on()
        Standstill.clear(node)


def play(cluster: Cluster, scene: Scene, fault: Fault, driver: Node, peer: Node) -> None:
    """One round: the action, the fault, the healing, the truth, the mending."""
    known, deeds = journals(cluster), Deeds(cluster.nodes)
    with Watch(cluster.nodes, NAME) as watch:
        action = act(cluster, scene, fault, driver, peer)
        begun = deeds.read()
        told = {node: runs[: len(runs) - len(known[node])] for node, runs in journals(cluster).items()}
        done = deeds.read()
        lies = untruths(action, begun, told, done)
        assert lies == [], "\n".join([*lies, *map(str, (action, told, done))])
        mend(cluster, driver, told)
    assert watch.twice == []
    assert watch.samples


def act(cluster: Cluster, scene: Scene, fault: Fault, driver: Node, peer: Node) -> Action:
    """Run the action up to the scene, make the fault, let the run end, heal; what it was and what came of it."""
    source, other, _ = roles(cluster, scene, driver)
    before = tuple(cluster.running(NAME))
    destination = ["--to", other.name] if scene.action == "switch" else []
    scene.points[0].arm()
    with cluster.popen(driver, scene.action, NAME, *destination) as process:
        try:
            scene.reach(lambda: process.poll() is not None)
        except NotReachedError as error:
            error.add_note("".join(process.communicate(timeout=ACTION_SECONDS)))
            raise
        try:
            inflict(fault, driver, peer, process)
            cluster.side_by_side(Standstill.clear)
            said = "".join(process.communicate(timeout=ACTION_SECONDS))
        finally:
            process.kill_group()
            heal(fault, driver, peer)
    print(f"    exit status {process.returncode}: {said.strip()[-300:]}", flush=True)  # noqa: T201 - to be read
    assert "Traceback" not in said, said
    assert (process.returncode == -9) == (fault is Fault.KILL_DRIVER), said
    return Action(
        scene.action,
        driver.name,
        {"start": (source.name,), "stop": (), "switch": (other.name,)}[scene.action],
        before,
        tuple(cluster.running(NAME)),
        process.returncode,
        " ".join(said.split()),
        powerless=frozenset({peer.name} if fault is Fault.POWER_OFF else ()),
        full=frozenset({Fault.DISK_FULL: {driver.name}, Fault.PEER_DISK_FULL: {peer.name}}.get(fault, ())),
        unheard=unheard(fault, driver, cluster),
    )


def roles(cluster: Cluster, scene: Scene, driver: Node) -> tuple[Node, Node, Node]:
    """The node that has the service or is to start it, the other one of the action, and the one that is only asked."""
    first, second, third = cluster.nodes
    return (first, second, third) if (driver is first) == scene.is_by_source else (second, first, third)


def unheard(fault: Fault, driver: Node, cluster: Cluster) -> frozenset[str]:
    """The nodes whose agent a fault kills, or which it keeps from knowing how the run ended."""
    if fault not in UNHEARD:
        return frozenset()
    others = {node.name for node in cluster.others(driver)}
    return frozenset(others | {driver.name} if fault is Fault.KILL_DRIVER else others)


def journals(cluster: Cluster) -> dict[str, list[RunRecord]]:
    """By node, all runs in its journal, newest first; nothing runs that could change it."""
    return {node.name: cluster.journal(node, NAME) for node in cluster.nodes}


def mend(cluster: Cluster, driver: Node, told: dict[str, list[RunRecord]]) -> None:
    """What was cut is told, `osvc recover` puts it right from the node that drove; then every node tells the truth."""
    cut = {node for node, runs in told.items() if any(run.outcome in OPEN for run in runs)}
    for node in cluster.nodes:
        if node.name in cut and not sessions(node):
            notes = {note["code"] for note in cluster.status(node, NAME)["notes"]}
            assert notes & NOTES, (node.name, notes, told)
    for node in (driver, *cluster.others(driver)):
        # What only its own journal knows, it alone can put right.
        if (node is driver and cut) or open_there(cluster, node, told):
            recover(cluster, node)
    left = still_open({node: runs[: len(told[node]) + 9] for node, runs in journals(cluster).items()})
    assert left == []
    running = cluster.running(NAME)
    assert len(running) <= 1, running
    for name, status in cluster.side_by_side(lambda node: cluster.status(node, NAME)).items():
        assert status["avail"] == ("up" if name in running else "down"), (name, status)
        assert not NOTES & {note["code"] for note in status["notes"]}, (name, status)
    limit = time.monotonic() + LEAVE_SECONDS
    while any((there := cluster.side_by_side(sessions)).values()) and time.monotonic() < limit:
        time.sleep(ASK_AGAIN)
    assert not any(there.values()), "agents of peers are left"


def open_there(cluster: Cluster, node: Node, told: dict[str, list[RunRecord]]) -> bool:
    """Whether a node's journal has a run that nobody has put right."""
    return bool(still_open({node.name: cluster.journal(node, NAME)[: len(told[node.name]) + 9]}))


def recover(cluster: Cluster, node: Node) -> None:
    """`osvc recover` until it is done: as long as a start that was cut may still take effect, it says unknown."""
    limit = time.monotonic() + SETTLE_SECONDS
    while (done := cluster.osvc(node, "recover", NAME)).returncode == UNKNOWN and time.monotonic() < limit:
        time.sleep(ASK_AGAIN)
    assert done.returncode == 0, f"{node.name}: osvc recover: {done.returncode}\n{done.stdout}{done.stderr}"


class Soak:
    """Plays rounds one after the other; one that fails is told, and the next ones are played all the same."""

    def __init__(self, cluster: Cluster, figures: Figures, rounds: int) -> None:
        """`rounds` of the figures' seed on a cluster."""
        source, other, _ = cluster.nodes
        self.cluster = cluster
        self.figures = figures
        self.found = scenes(source, other)
        self.rounds = deal(self.found, rounds, random.Random(figures.seed))
        self.played: Counter[Cell] = Counter()
        self.failed: dict[str, str] = {}
        self.seconds: list[float] = []

    def play(self, each: Round, first: str = "") -> None:
        """One round, where the service is (or on the node named `first`), which it leaves up or down."""
        cluster = self.cluster
        running = cluster.running(NAME)
        name = first or next(iter(running), cluster.nodes[0].name)
        source, other = sorted(cluster.nodes[:2], key=lambda node: node.name != name)
        scene = scenes(source, other)[each.scene]
        driver, peer = (source, other) if scene.is_by_source else (other, source)
        print(f"{each.number}: {each.fault.value} in {scene}", flush=True)  # noqa: T201 - to be read
        began = time.monotonic()
        try:
            wanted = [] if scene.action == "start" else [source.name]
            for node in cluster.nodes:
                if node.name in running and running != wanted:
                    cluster.told(node, "stop", NAME)
            if wanted and running != wanted:
                cluster.told(source, "start", NAME)
            play(cluster, scene, each.fault, driver, peer)
        except Exception:  # noqa: BLE001 - the other rounds are worth playing; the test fails at its end
            again = f"OSVC_SEED={self.figures.seed} OSVC_RUNS={len(self.rounds)} OSVC_ROUND={each.number}:{source.name}"
            self.failed[f"{each.number}: {each.fault.value} in {scene}; again: {again}"] = traceback.format_exc()
            print(f"    FAILED: {traceback.format_exc()}", flush=True)  # noqa: T201 - to be read
            self.begin_anew()
        self.seconds.append(time.monotonic() - began)
        self.played[scene.moment, each.fault] += 1
        print(f"    {self.seconds[-1]:.1f} s", flush=True)  # noqa: T201 - to be read
        self.tell()

    def begin_anew(self) -> None:
        """Whatever a failed round left: nothing runs, and no journal remembers."""
        for node in self.cluster.nodes:
            node.off()
            node.on()
            Standstill.clear(node)
            node.exec(["sh", "-c", f"rm -rf {ROOT}/fill {ROOT}/var/journal* {ROOT}/var/lock"])

    def tell(self) -> None:
        """Write down the figures so far."""
        empty = sum(not self.played[cell] for cell in cells(self.found))
        each = sum(self.seconds) / len(self.seconds)
        head = f"{len(self.seconds)} rounds, {each:.1f} s each, {len(self.failed)} failed, {empty} possible cells empty"
        lines = [head, table(self.found, self.played), *(f"FAILED {title}" for title in self.failed)]
        self.figures.tell("faults while an action runs", "\n".join(lines))


def test_whatever_happens_a_guest_runs_once_at_most_the_journals_tell_it_and_it_is_mended(
    cluster: Cluster, osvc_runs: int, osvc_figures: Figures
) -> None:
    soak = Soak(cluster, osvc_figures, max(SHARE, osvc_runs))
    number, _, first = os.environ.get("OSVC_ROUND", "").partition(":")
    for each in [soak.rounds[int(number)]] if number else soak.rounds:
        soak.play(each, first)
    assert not soak.failed, "\n".join(f"{title}\n{text}" for title, text in soak.failed.items())
