"""Guests of simulated platforms go from one node to another by one plan: `osvc migrate` without a line of ssh."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_core.api import Run, RunOutcome, Vetoed
from opensvc_testkit.platforms.hpux import SimulatedHpux
from opensvc_testkit.platforms.xen import SimulatedXen
from opensvc_testkit.simulated import SimulatedCluster
from tests.platforms.migrating import SimulatedAgents

pytestmark = pytest.mark.simulated
XEN = """[default]
nodes = node1 node2
[container#0]
type = xen
config = {config}
shell = false
"""
HPVM = """[default]
nodes = node1 node2
[vmdg]
scsireserv = true
[container#0]
type = hpvm
shell = false
"""


def run(agents: SimulatedAgents, node: str, verb: str, to: str = "") -> Run:
    agent = agents.agent(node)
    services = [agent.load("vm1")]
    return agent.run(agent.plan_move(verb, services, to) if to else agent.plan(verb, services))


def test_a_xen_guest_goes_over_and_back(simulated_cluster: SimulatedCluster, tmp_path: Path) -> None:
    xen = SimulatedXen(simulated_cluster)
    commands = {node: tmp_path / node / "bin" for node in ("node1", "node2")}
    for node, path in commands.items():
        simulated_cluster.install(path, node=node, platforms=["xen"])
    config = Path(xen.define_guest("vm1", nodes=tuple(commands), boot_time=0, shutdown_time=0))
    images = tmp_path / "images"
    images.mkdir()
    config.write_text(config.read_text().replace("/var/lib/xen/images", str(images)))
    agents = SimulatedAgents.on(tmp_path, commands, "vm1", XEN.format(config=config), "Linux")
    assert run(agents, "node1", "start").outcomes == {"vm1": RunOutcome.DONE}
    assert run(agents, "node1", "migrate", "node2").outcomes == {"vm1": RunOutcome.DONE}
    assert simulated_cluster.running_on("vm1") == ("node2",)
    with pytest.raises(Vetoed):
        run(agents, "node1", "migrate", "node2")
    assert run(agents, "node2", "migrate", "node1").outcomes == {"vm1": RunOutcome.DONE}
    assert simulated_cluster.running_on("vm1") == ("node1",)
    assert list(images.iterdir()) == []


def test_an_hpvm_guest_goes_over_with_the_reservation_of_its_disk(
    simulated_cluster: SimulatedCluster, tmp_path: Path
) -> None:
    hpux = SimulatedHpux(simulated_cluster)
    commands = {node: tmp_path / node / "bin" for node in ("node1", "node2")}
    for number, (node, path) in enumerate(commands.items(), 9):
        hpux.define_node(node, f"10.0.0.{number}", leg_mpath_enable="true")
        hpux.install(path, node=node)
    disk = hpux.add_disk(18, {node: ["/dev/rdsk/c2t0d1", "/dev/rdsk/c5t0d1"] for node in commands})
    hpux.define_guest(
        "vm1", nodes=tuple(commands), disks=["/dev/rdisk/disk18"], boot_time=0.1, shutdown_time=0.1, graceful=5
    )
    for node in commands:
        hpux.guests.set_sharing(node, "/dev/rdisk/disk18", share=True)
        simulated_cluster.prepare_root(tmp_path / node / "root")
    agents = SimulatedAgents.on(tmp_path, commands, "vm1", HPVM, "HP-UX")
    assert run(agents, "node1", "start").outcomes == {"vm1": RunOutcome.DONE}
    assert hpux.disks.writers(disk) == ("node1",)
    migrated = run(agents, "node1", "migrate", "node2")
    assert migrated.outcomes == {"vm1": RunOutcome.DONE}, [result.text for result in migrated.results]
    assert hpux.cluster.running_on("vm1") == ("node2",)
    assert hpux.disks.writers(disk) == ("node2",)
    assert len(hpux.disks.keys_of(disk, "node2")) == 2, "both paths are registered"
