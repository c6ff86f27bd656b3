"""The simulated LXC beyond the scenario that it shares with the real one: time, nodes, faults, numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_testkit.executables import life, lxc_state
from opensvc_testkit.executables.store import now
from opensvc_testkit.platforms.lxc import DISK_FULL, PLATFORMS, SimulatedLxc
from opensvc_testkit.simulated import FaultKind, SimulatedCluster
from opensvc_testkit.simulated_node import SimulatedNode

pytestmark = pytest.mark.simulated

START = ("lxc-start", "-d", "-n", "c1")


@pytest.fixture
def node(simulated_cluster: SimulatedCluster, tmp_path: Path) -> SimulatedNode:
    return SimulatedNode.make(simulated_cluster, "node1", tmp_path / "root", tmp_path / "bin", platforms=PLATFORMS)


@pytest.fixture
def lxc(node: SimulatedNode) -> SimulatedLxc:
    lxc = SimulatedLxc(node.cluster)
    lxc.define_guest("c1", nodes=["node1", "node2"], address="192.0.2.9")
    return lxc


def ask(node: SimulatedNode, *words: str) -> tuple[int, str, str]:
    done = node.run(*words)
    return done.returncode, done.stdout, done.stderr


def test_a_container_answers_when_it_has_booted_and_has_its_address_at_once(
    node: SimulatedNode, lxc: SimulatedLxc
) -> None:
    node.cluster.change_guest("c1", boot_time=60.0)
    assert ask(node, *START) == (0, "", "")
    assert lxc.state_of("node1", "c1") == "RUNNING"
    assert ask(node, "lxc-info", "-n", "c1", "-iH")[1] == "192.0.2.9\n"
    assert ask(node, "ping", "-c", "1", "c1")[0] == 1
    assert ask(node, "lxc-attach", "-n", "c1", "--", "true")[0] == 0, "a shell needs no boot"
    node.cluster.advance(61)
    assert ask(node, "ping", "-c", "1", "c1")[0] == 0


def test_applications_run_in_it_and_end_with_it(node: SimulatedNode, lxc: SimulatedLxc) -> None:
    node.cluster.set_launcher("c1", "S10db")
    ask(node, *START)
    assert ask(node, "lxc-attach", "-n", "c1", "--", "/svc/etc/init.d/S10db", "start")[0] == 0
    assert node.cluster.is_application_up("c1", "db")
    assert ask(node, "lxc-stop", "-n", "c1")[0] == 0
    assert not node.cluster.is_application_up("c1", "db")


def test_a_stop_waits_and_kills_one_that_ignores_it_after_its_timeout(node: SimulatedNode, lxc: SimulatedLxc) -> None:
    node.cluster.change_guest("c1", shutdown_time=None)
    ask(node, *START)
    stopping = node.popen("lxc-stop", "-n", "c1", "-t", "600")
    node.cluster.wait_for_call("lxc-stop")
    assert lxc.state_of("node1", "c1") == "RUNNING"
    while stopping.poll() is None:
        node.cluster.advance(300)
    assert stopping.communicate() == ("", "")
    assert stopping.returncode == 0
    assert lxc.state_of("node1", "c1") == "STOPPED"


def test_a_reboot_is_another_boot(node: SimulatedNode, lxc: SimulatedLxc) -> None:
    node.cluster.set_launcher("c1", "S10db")
    ask(node, *START)
    ask(node, "lxc-attach", "-n", "c1", "--", "/svc/etc/init.d/S10db", "start")
    first = ask(node, "lxc-info", "-n", "c1", "-pH")[1]
    assert ask(node, "lxc-stop", "-r", "-n", "c1")[0] == 0
    assert lxc.state_of("node1", "c1") == "RUNNING"
    assert ask(node, "lxc-info", "-n", "c1", "-pH")[1] != first
    assert not node.cluster.is_application_up("c1", "db")


def test_one_that_ends_by_itself_is_stopped(node: SimulatedNode, lxc: SimulatedLxc) -> None:
    ask(node, *START)
    assert ask(node, "lxc-attach", "-n", "c1", "--", "poweroff")[0] == 0
    assert lxc.state_of("node1", "c1") == "STOPPED"
    ask(node, *START)
    node.cluster.crash_guest("node1", "c1")
    assert lxc.state_of("node1", "c1") == "STOPPED"


def test_nothing_keeps_it_from_running_on_two_nodes(node: SimulatedNode, lxc: SimulatedLxc) -> None:
    assert ask(node, *START)[0] == 0
    assert node.run(*START, env={"OSVC_NODE": "node2"}).returncode == 0
    assert node.cluster.running_on("c1") == ("node1", "node2")
    assert (lxc.state_of("node1", "c1"), lxc.state_of("node3", "c1")) == ("RUNNING", "")


def test_another_folder_of_containers_may_be_one_of_this_machine(
    node: SimulatedNode, lxc: SimulatedLxc, tmp_path: Path
) -> None:
    folder = str(tmp_path / "containers")
    lxc.define_guest("c5", nodes=["node1"], path=folder)
    assert (tmp_path / "containers" / "c5" / "config").exists()
    assert ask(node, "lxc-start", "-P", folder, "-n", "c5")[0] == 0
    assert ask(node, "lxc-ls", "-P", folder, "-1", "--running")[1] == "c5\n"
    assert ask(node, "lxc-ls", "-1", "--running")[1] == ""
    assert lxc.state_of("node1", "c5", folder) == "RUNNING"


def test_one_that_runs_without_being_defined_is_still_seen(node: SimulatedNode, lxc: SimulatedLxc) -> None:
    ask(node, *START)
    lxc.undefine_guest("node1", "c1")
    assert ask(node, "lxc-info", "-n", "c1", "-sH")[1] == "RUNNING\n"
    assert ask(node, "lxc-ls", "-1", "--active")[1] == "c1\n"


def test_faults_strike(node: SimulatedNode, lxc: SimulatedLxc) -> None:
    cluster = node.cluster
    cluster.set_fault("lxc-start", FaultKind.FAIL, text=DISK_FULL, times=1)
    assert ask(node, *START) == (1, "", DISK_FULL)
    cluster.set_fault("lxc-start", FaultKind.CRASH, times=1)
    assert node.run(*START).returncode == -9
    assert lxc.state_of("node1", "c1") == "RUNNING"
    cluster.set_fault("lxc-info", FaultKind.PARTIAL, times=1)
    whole = "State:          RUNNING\n"
    assert ask(node, "lxc-info", "-n", "c1", "-s") == (0, whole[: len(whole) // 2], "")
    cluster.set_fault("lxc-attach", FaultKind.HANG)
    hanging = node.popen("lxc-attach", "-n", "c1", "--", "hostname")
    cluster.wait_for_call("lxc-attach")
    assert hanging.poll() is None
    cluster.clear_faults()
    assert hanging.communicate(timeout=30)[0] == "c1\n"
    cluster.remove_command(node.executables, "lxc-info")
    with pytest.raises(FileNotFoundError):
        node.run("lxc-info", "-n", "c1")


def test_five_hundred_containers_are_one_call(node: SimulatedNode, lxc: SimulatedLxc) -> None:
    folder = lxc.folder_of("node1")
    for number in range(500):
        (folder / f"g{number:03}").mkdir()
        (folder / f"g{number:03}" / "config").write_text(f"lxc.uts.name = g{number:03}\n")
    with node.cluster.opened() as world:
        there = world["nodes"].setdefault("node1", life.new_node("node1"))
        for number in range(250):
            store = str(node.cluster.root)
            lxc_state.start(store, world, there, lxc_state.LIBRARY, f"g{number:03}", now(world))
    rows = ask(node, "lxc-ls", "-f", "-F", "NAME,STATE")[1].splitlines()
    assert len(rows) == 502
    assert sum("RUNNING" in row for row in rows) == 250
