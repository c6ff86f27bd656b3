"""Faults while an action runs: whatever happens when, a guest runs once at most, and what is left is mended."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from tests.lab.cluster.cluster import Cluster, service_text
from tests.lab.cluster.faults import Fault, heal, inflict, sessions
from tests.lab.cluster.oracle import Watch
from tests.lab.cluster.scenes import Moment, Scene, scenes
from tests.lab.cluster.standstill import Standstill
from tests.lab.cluster.trust import trust_by_hand
from tests.lab.nodes import Node

pytestmark = pytest.mark.timeout(3600)
NAME = "erp"
SHARE = 3
"""Rounds of one run of CI; `make soak-cluster` plays `OSVC_RUNS`."""
ENOUGH_ROUNDS = 60
"""From so many rounds on every `kill -9` at every step is among them."""
ACTION_SECONDS = 90.0
NOT_JOURNALLED = "cannot be written"
"""Said by a run whose disk is full: what could be done without a journal was done."""
SETTLE_SECONDS = 15.0
"""Longer than `[limits] settle` of the nodes."""
UNKNOWN = 6
OPEN = {"interrupted", "unknown_run"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Two nodes with the service, and one more that is asked, all trusting each other."""
    with Cluster.up(3) as cluster:
        trust_by_hand(cluster)
        cluster.be_quick()
        cluster.define_guest(NAME)
        cluster.write_service(NAME, service_text([node.name for node in cluster.nodes]))
        yield cluster


@pytest.fixture(autouse=True)
def quiet(cluster: Cluster) -> Iterator[None]:
    """Nothing runs, stands still or is broken before a test and after it."""
    yield
    for node in cluster.nodes:
        node.on()
        Standstill.clear(node)


def play(cluster: Cluster, scene: Scene, fault: Fault) -> None:
    """One round: the service where it belongs, the action, the fault, the healing, the mending."""
    source, other, _ = cluster.nodes
    driver, peer = (source, other) if scene.is_by_source else (other, source)
    if scene.action != "start":
        cluster.told(source, "start", NAME)
    with Watch(cluster.nodes, NAME) as watch:
        status, said = act(cluster, scene, fault, driver, peer)
        verify_truth(cluster, scene, fault, driver, status, said)
        mend(cluster, driver)
    assert watch.twice == []
    assert watch.samples
    bring_down(cluster)


def act(cluster: Cluster, scene: Scene, fault: Fault, driver: Node, peer: Node) -> tuple[int, str]:
    """Run the action up to the scene, make the fault, let the run end, heal; how `osvc` ended and what it said."""
    destination = ["--to", cluster.nodes[1].name] if scene.action == "switch" else []
    scene.points[0].arm()
    with cluster.popen(driver, scene.action, NAME, *destination) as action:
        scene.reach(lambda: action.poll() is not None)
        try:
            inflict(fault, driver, peer, action)
            for node in cluster.nodes:
                Standstill.clear(node)
            said = "".join(action.communicate(timeout=ACTION_SECONDS))
        finally:
            action.kill_group()
            heal(fault, driver, peer)
    assert "Traceback" not in said, said
    print(f"    exit status {action.returncode}: {said.strip()[-300:]}")  # noqa: T201 - what failed, if it does
    return action.returncode, said


def verify_truth(cluster: Cluster, scene: Scene, fault: Fault, driver: Node, status: int, said: str) -> None:
    """What the driving node tells of the run is so by the word of the hypervisors."""
    wanted = {"start": [cluster.nodes[0].name], "stop": [], "switch": [cluster.nodes[1].name]}[scene.action]
    if fault is Fault.POWER_OFF:
        # What the power took was there.
        wanted = [name for name in wanted if name == driver.name]
    run = cluster.last_run(driver, NAME)
    if status == 0:
        assert cluster.running(NAME) == wanted
        if NOT_JOURNALLED not in said:
            assert run is not None
            assert (run["action"], run["outcome"]) == (scene.action, "done")
    if fault is Fault.KILL_DRIVER:
        assert status == -9
        if run is not None and run["action"] == scene.action and not run["outcome"]:
            codes = {note["code"] for note in cluster.status(driver, NAME)["notes"]}
            assert codes & OPEN, codes


def mend(cluster: Cluster, driver: Node) -> None:
    """`osvc recover` on every node, the driving one first: then nothing is open, and every status tells the truth."""
    for node in (driver, *cluster.others(driver)):
        recover(cluster, node)
    running = cluster.running(NAME)
    assert len(running) <= 1, running
    for node in cluster.nodes:
        status = cluster.status(node, NAME)
        container = status["resources"]["container#0"]["status"]
        assert container == ("up" if node.name in running else "down"), (node.name, status)
        assert not OPEN & {note["code"] for note in status["notes"]}, (node.name, status)


def recover(cluster: Cluster, node: Node) -> None:
    """`osvc recover` until it is done: as long as a start that was cut may still take effect, it says unknown."""
    limit = time.monotonic() + SETTLE_SECONDS
    while (done := cluster.osvc(node, "recover", NAME)).returncode == UNKNOWN and time.monotonic() < limit:
        pass
    assert done.returncode == 0, f"{node.name}: osvc recover: {done.returncode}\n{done.stdout}{done.stderr}"


def bring_down(cluster: Cluster) -> None:
    """Stop the service wherever it runs."""
    for node in cluster.nodes:
        if node.name in cluster.running(NAME):
            cluster.told(node, "stop", NAME)
    assert cluster.running(NAME) == []
    assert all(not sessions(node) for node in cluster.nodes), "agents of peers are left"


def deal(found: list[Scene], rounds: int, chance: random.Random) -> list[tuple[Scene, Fault]]:
    """Scenes with faults: in many rounds every `kill -9` at every step, in few one a side; the rest by chance."""
    cells = [(moment, fault) for moment in moments(found) for fault in Fault if is_possible(moment, fault)]
    kills = [cell for cell in cells if cell[1].is_kill]
    others = [cell for cell in cells if not cell[1].is_kill]
    if rounds < ENOUGH_ROUNDS:
        sides = (Fault.KILL_DRIVER, Fault.KILL_PEER)
        kills = [chance.choice([kill for kill in kills if kill[1] is side]) for side in sides]
    # A switch has most to lose.
    weights = [3 if moment[0] == "switch" else 1 for moment, _ in others]
    chosen = [*kills, *chance.choices(others, weights, k=max(0, rounds - len(kills)))]
    chance.shuffle(chosen)
    return [(chance.choice([scene for scene in found if scene.moment == moment]), fault) for moment, fault in chosen]


def moments(found: list[Scene]) -> list[Moment]:
    """Every step of every action, in order."""
    return list(dict.fromkeys(scene.moment for scene in found))


def is_possible(moment: Moment, fault: Fault) -> bool:
    """Whether a fault can happen then: a stop has no session with a peer."""
    return fault is not Fault.KILL_PEER or moment[0] != "stop"


def table(found: list[Scene], played: Counter[tuple[Moment, Fault]]) -> str:
    """How often each fault happened at each step; a dash where it cannot."""
    lines = [" " * 30 + "".join(f"{fault.value:>16}" for fault in Fault)]
    for moment in moments(found):
        cells = [str(played[moment, fault]) if is_possible(moment, fault) else "-" for fault in Fault]
        lines.append(f"{': '.join(moment):30}" + "".join(f"{cell:>16}" for cell in cells))
    return "\n".join(lines)


def test_whatever_happens_a_guest_runs_once_at_most_and_is_mended(
    cluster: Cluster, osvc_runs: int, osvc_random: random.Random, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds = max(SHARE, osvc_runs)
    source, other, _ = cluster.nodes
    found = scenes(source, other)
    played: Counter[tuple[Moment, Fault]] = Counter()
    # Many rounds are worth watching.
    with capsys.disabled() if rounds >= ENOUGH_ROUNDS else nullcontext():
        for number, (scene, fault) in enumerate(deal(found, rounds, osvc_random)):
            print(f"{number}: {fault.value} in {scene}", flush=True)  # noqa: T201 - what failed, if one does
            began = time.monotonic()
            play(cluster, scene, fault)
            print(f"    {time.monotonic() - began:.1f} s", flush=True)  # noqa: T201 - the same
            played[scene.moment, fault] += 1
    with capsys.disabled():
        print(f"\n{table(found, played)}")  # noqa: T201 - to be read
    if rounds >= ENOUGH_ROUNDS:
        kills = [(moment, fault) for moment in moments(found) for fault in Fault if fault.is_kill]
        assert all(played[kill] for kill in kills if is_possible(*kill))
