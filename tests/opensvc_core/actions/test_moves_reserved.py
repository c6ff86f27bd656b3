"""Services whose disks are reserved go from node to node: who holds them, and what a silent node cannot hinder."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from attrs import evolve

from opensvc_core.actions.agent import Agent
from opensvc_core.api import OpenSVCError, Vetoed
from opensvc_core.run import Run, RunOutcome
from tests.opensvc_core.cluster.loopback import Cluster
from tests.opensvc_core.spc_model import ModelBackends, Target

KEYS = {"n1": 0x1111, "n2": 0x2222, "n3": 0x3333}
DISK = """[default]
nodes = n1 n2 n3
[disk#1]
type = file
scsireserv = true
"""
GUEST = DISK + "[container#0]\ntype = file\n"


class Site:
    """Three nodes that share disks; the first may have the service up."""

    def __init__(self, folder: Path, text: str) -> None:
        self.cluster = Cluster.of(folder, text, *KEYS)
        self.targets = {f"svc.{rid}": Target() for rid in ("disk#1", "container#0")}
        machine = Path("/etc/machine-id").read_text().strip() if Path("/etc/machine-id").exists() else ""
        for name, key in KEYS.items():
            (folder / name / "var").mkdir(exist_ok=True)
            document = {"key": hex(key), "node": name, "machine_id": machine}
            (folder / name / "var/prkey").write_text(json.dumps(document))

    def agent(self, name: str) -> Agent:
        """Of a process that has just begun, as all others."""
        for each in KEYS:
            agent = self.cluster.open(each)
            agent.reservations = ModelBackends(each, self.targets)
            others = {other: hex(key) for other, key in KEYS.items() if other != each}
            agent.node = evolve(agent.node, settings={"prkeys": others}, boot_id="boot-1")
        return self.cluster.agents[name]

    def start(self, name: str) -> None:
        agent = self.agent(name)
        assert agent.run(agent.plan("start", [agent.load("svc")])).exit_status == 0

    @property
    def holder(self) -> int | None:
        """Key of who holds the first disk."""
        target = self.targets["svc.disk#1"]
        return None if target.holder is None else target.registered[target.holder]


def test_a_switch_gives_the_reservation_up_and_takes_it_there(tmp_path: Path) -> None:
    site = Site(tmp_path, GUEST)
    site.start("n1")
    assert site.holder == KEYS["n1"]
    agent = site.agent("n1")
    run = agent.run(agent.plan_move("switch", [agent.load("svc")], "n2"))
    assert run.outcomes == {"svc": RunOutcome.DONE}, run
    assert site.holder == KEYS["n2"]
    assert [step.step.id for step in run.results] == [
        "stop svc/container#0",
        "stop svc/disk#1",
        "stop svc/disk#1pr",
        "start svc/disk#1pr on n2",
        "start svc/disk#1 on n2",
        "start svc/container#0 on n2",
    ]


def test_a_third_nodes_reservation_forbids_a_switch_before_its_first_step(tmp_path: Path) -> None:
    site = Site(tmp_path, GUEST)
    agent = site.agent("n1")
    other = site.targets["svc.disk#1"]
    other.register(("n3", "a"), KEYS["n3"])
    other.reserve(("n3", "a"), KEYS["n3"])
    with pytest.raises(Vetoed, match="reserved_elsewhere"):
        agent.run(agent.plan_move("switch", [agent.load("svc")], "n2"))


@pytest.mark.parametrize("verb", ["start", "switch"])
def test_a_run_that_reserves_every_disk_goes_on_though_a_node_is_silent(tmp_path: Path, verb: str) -> None:
    site = Site(tmp_path, DISK)
    agent = site.agent("n1")
    site.cluster.silent.add("n3")
    service = agent.load("svc")
    plan = agent.plan("start", [service]) if verb == "start" else agent.plan_move("switch", [service], "n2")
    run = agent.run(plan)
    assert run.outcomes == {"svc": RunOutcome.DONE}
    (note,) = [note for note in run.notes if note.code == "peer_unknown"]
    assert "this run reserves all of its disks" in note.text


def test_of_two_sides_of_a_partition_that_start_at_once_who_has_the_disk_has_the_service(
    tmp_path: Path, osvc_runs: int, osvc_random: random.Random
) -> None:
    for number in range(max(5, osvc_runs)):
        site = Site(tmp_path / str(number), DISK)
        site.agent("n1")
        site.cluster.silent.add("n1")  # n2 and n3 reach each other
        ends = _start_at_once(site, {name: osvc_random.uniform(0.0, 0.1) for name in ("n1", "n2")})
        won = [name for name, end in ends.items() if isinstance(end, Run) and end.exit_status == 0]
        assert len(won) == 1, ends
        assert {name for name in KEYS if site.cluster.up(name)} == set(won)
        assert site.holder == KEYS[won[0]]
        (lost,) = set(ends) - set(won)
        assert "reserved" in str(ends[lost]), ends


def _start_at_once(site: Site, delays: Mapping[str, float]) -> dict[str, Run | OpenSVCError]:
    """Start the service on several nodes, each so many seconds after one instant; how it ended there."""
    ends: dict[str, Run | OpenSVCError] = {}
    begun = threading.Barrier(len(delays))

    def start(name: str) -> None:
        agent = site.cluster.agents[name]
        plan = agent.plan("start", [agent.load("svc")])
        begun.wait()
        time.sleep(delays[name])  # the instant is what chance has dealt
        try:
            ends[name] = agent.run(plan)
        except OpenSVCError as error:
            ends[name] = error

    sides = [threading.Thread(target=start, args=(name,)) for name in delays]
    for side in sides:
        side.start()
    for side in sides:
        side.join()
    return ends


@pytest.mark.parametrize("verb", ["start", "switch"])
def test_one_disk_that_is_not_reserved_is_enough_to_forbid_it(tmp_path: Path, verb: str) -> None:
    site = Site(tmp_path, GUEST)  # the guest writes to a file of its own, which nobody reserves
    agent = site.agent("n1")
    site.cluster.silent.add("n3")
    service = agent.load("svc")
    plan = agent.plan("start", [service]) if verb == "start" else agent.plan_move("switch", [service], "n2")
    with pytest.raises(Vetoed) as caught:
        agent.run(plan, permits={"peer_unknown"})
    assert {veto.code for veto in caught.value.vetoes} == {"peer_unknown"}
