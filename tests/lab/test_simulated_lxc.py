"""The simulated LXC against the real one: every step of a scenario must have the same answer, status and effect."""

from __future__ import annotations

from pathlib import Path

from opensvc_testkit.guest_disk import launcher_text
from opensvc_testkit.platforms.lxc import PLATFORMS
from opensvc_testkit.simulated import SimulatedCluster
from opensvc_testkit.simulated_node import SimulatedNode
from tests.lab.lxc import LAUNCHERS, Containers
from tests.opensvc_testkit.lxc_scenario import FILES, GROUPS, LAUNCHER, WRONG, lxc_player, simulated_player, steps


def test_the_simulated_lxc_answers_as_the_real_one(
    containers: Containers, simulated_cluster: SimulatedCluster, tmp_path: Path
) -> None:
    containers.define("c1")
    containers.define("stubborn", listens=False, more=GROUPS)
    containers.define("rootless")
    containers.node.exec(["rm", "-r", "/var/lib/lxc/rootless/rootfs"], check=True)
    containers.define("wrong")
    containers.node.write("/var/lib/lxc/wrong/config", WRONG)
    containers.define("c4", path=FILES)
    launcher = launcher_text("db", {}, {}, ()).replace('"$SIMULATED_BOOT"', "/run")
    containers.write("c1", f"/{LAUNCHERS}/{LAUNCHER}", launcher)

    def wait_state(name: str, state: str) -> None:
        assert state == "STOPPED"
        containers.wait_stopped(name)

    real = lxc_player(containers.run, containers.wait_booted, wait_state)
    try:
        wanted = real.play(steps())
    finally:
        containers.clear(FILES)
    assert simulated_cluster.calls() == (), "the real one was asked"
    assert [(each.run, each.status) for each in wanted] == [(each.run, each.status) for each in steps()]
    node = SimulatedNode.make(simulated_cluster, "node1", tmp_path / "root", tmp_path / "bin", platforms=PLATFORMS)
    for got, want in zip(simulated_player(node).play(steps()), wanted, strict=True):
        assert got == want
