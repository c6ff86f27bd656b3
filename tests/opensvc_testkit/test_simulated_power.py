"""Guests of any platform: power, network, shell, and what a platform hears of them, on a simulated cluster."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from opensvc_testkit.executables import life, platforms
from opensvc_testkit.executables.shapes import Node, Power, World
from opensvc_testkit.executables.store import now
from opensvc_testkit.simulated import PLATFORMS, SimulatedCluster
from opensvc_testkit.simulated_node import SimulatedNode

pytestmark = pytest.mark.simulated

ADDRESS = "192.0.2.9"


def power_up(cluster: SimulatedCluster, node: str, guest: str, *, platform: str = "none", paused: bool = False) -> None:
    with cluster.opened() as world:
        there = world["nodes"].setdefault(node, life.new_node(node))
        life.power_up(str(cluster.root), world, there, platform, guest, now(world), paused=paused)


def ask_shutdown(cluster: SimulatedCluster, node: str, guest: str, ending: str = life.SHUTDOWN_DONE) -> None:
    with cluster.opened() as world:
        life.ask_shutdown(world["nodes"][node]["powered"][guest], world["guests"][guest], now(world), ending)


def test_it_answers_when_it_has_booted_and_its_shell_a_little_later(simulated_node: SimulatedNode) -> None:
    cluster = simulated_node.cluster
    cluster.add_guest("g1", address=ADDRESS, boot_time=600.0, shell_delay=600.0)
    power_up(cluster, "node1", "g1")
    assert cluster.running_on("g1") == ("node1",)
    ping = ("ping", "-c", "1", "g1")
    assert simulated_node.run(*ping).returncode == 1
    cluster.advance(601)
    assert simulated_node.run(*ping).returncode == 0
    assert "Connection refused" in simulated_node.run("ssh", "g1", "true").stderr
    cluster.advance(600)
    assert simulated_node.run("ssh", "g1", "hostname").stdout == "g1\n"


def test_one_that_is_paused_or_frozen_does_not_answer(simulated_node: SimulatedNode) -> None:
    cluster = simulated_node.cluster
    cluster.add_guest("g1", address=ADDRESS)
    ping = ("ping", "-c", "1", "g1")
    power_up(cluster, "node1", "g1", paused=True)
    assert simulated_node.run(*ping).returncode == 1
    power_up(cluster, "node1", "g1")
    assert simulated_node.run(*ping).returncode == 0
    cluster.freeze_guest("node1", "g1")
    assert simulated_node.run(*ping).returncode == 1


def test_applications_end_with_the_power_and_go_along_with_a_move(simulated_node: SimulatedNode) -> None:
    cluster = simulated_node.cluster
    cluster.add_guest("g1", address=ADDRESS)
    cluster.set_launcher("g1", "S10db")
    power_up(cluster, "node1", "g1")
    assert simulated_node.run("ssh", "g1", "/svc/etc/init.d/S10db start").returncode == 0
    with cluster.opened() as world:
        target = world["nodes"].setdefault("node2", life.new_node("node2"))
        life.move(world["nodes"]["node1"], target, "g1")
    assert cluster.running_on("g1") == ("node2",)
    assert cluster.is_application_up("g1", "db")
    power_up(cluster, "node2", "g1")
    assert not cluster.is_application_up("g1", "db"), "a boot starts from nothing"


def test_poweroff_in_the_guest_ends_it(simulated_node: SimulatedNode) -> None:
    cluster = simulated_node.cluster
    cluster.add_guest("g1", address=ADDRESS)
    power_up(cluster, "node1", "g1")
    assert simulated_node.run("ssh", "g1", "poweroff").returncode == 0
    assert cluster.running_on("g1") == ()


@pytest.mark.parametrize("ending", [life.SHUTDOWN_DONE, life.REBOOTED])
def test_its_platform_hears_how_it_went_off(
    simulated_cluster: SimulatedCluster, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    heard = _hearing_platform(monkeypatch)
    simulated_cluster.add_guest("g1", shutdown_time=5.0)
    power_up(simulated_cluster, "node1", "g1", platform="hearing")
    ask_shutdown(simulated_cluster, "node1", "g1", ending)
    simulated_cluster.advance(4)
    assert heard == []
    simulated_cluster.advance(2)
    assert heard == [f"node1 g1 {ending}"]
    assert simulated_cluster.running_on("g1") == ()


def test_its_platform_hears_of_a_crash(simulated_cluster: SimulatedCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = _hearing_platform(monkeypatch)
    simulated_cluster.add_guest("g1", crashes_after=5.0)
    simulated_cluster.add_guest("g2")
    for guest in ("g1", "g2"):
        power_up(simulated_cluster, "node1", guest, platform="hearing")
    simulated_cluster.advance(6)
    simulated_cluster.crash_guest("node1", "g2")
    assert heard == ["node1 g1 crash", "node1 g2 crash"]


def test_one_that_ignores_the_power_button_stays(simulated_cluster: SimulatedCluster) -> None:
    simulated_cluster.add_guest("g1", shutdown_time=None)
    power_up(simulated_cluster, "node1", "g1")
    ask_shutdown(simulated_cluster, "node1", "g1")
    simulated_cluster.advance(1e6)
    assert simulated_cluster.running_on("g1") == ("node1",)


@pytest.mark.parametrize(
    ("os_name", "words", "answer"),
    [
        ("Linux", ("-s",), "Linux\n"),
        ("HP-UX", ("-s",), "HP-UX\n"),
        ("HP-UX", ("-sr",), "HP-UX B.11.31\n"),
        ("SunOS", (), "SunOS\n"),
        ("SunOS", ("-n",), "node1\n"),
    ],
)
def test_the_node_says_its_operating_system(
    simulated_cluster: SimulatedCluster, tmp_path: Path, os_name: str, words: tuple[str, ...], answer: str
) -> None:
    node = SimulatedNode.make(
        simulated_cluster, "node1", tmp_path / "root", tmp_path / "bin", os_name=os_name, platforms=["system"]
    )
    assert node.run("uname", *words).stdout == answer
    assert node.variables["OSVC_OS"] == os_name


@pytest.mark.parametrize(("os_name", "said"), [("SunOS", "g1 is alive\n"), ("HP-UX", "PING g1: 64 byte packets\n")])
def test_each_system_has_its_own_ping(
    simulated_cluster: SimulatedCluster, tmp_path: Path, os_name: str, said: str
) -> None:
    node = SimulatedNode.make(simulated_cluster, "node1", tmp_path / "root", tmp_path / "bin", os_name=os_name)
    simulated_cluster.add_guest("g1", address=ADDRESS)
    words = ["ping", "g1", *(["-n", "1"] if os_name == "HP-UX" else ["1"])]
    if os_name == "SunOS":
        assert (node.run(*words).returncode, node.run(*words).stdout) == (1, "no answer from g1\n")
    waiting = node.popen(*words)
    simulated_cluster.wait_for_call("ping", "g1")
    power_up(simulated_cluster, "node1", "g1")
    if os_name == "HP-UX":
        assert waiting.communicate(timeout=30)[0].startswith(said), "it waits for a reply, however long"
    waiting.communicate(timeout=30)
    assert node.run(*words).stdout.startswith(said)


def test_the_executables_of_chosen_platforms_are_written(simulated_cluster: SimulatedCluster, tmp_path: Path) -> None:
    assert {"libvirt", "network", "system"} <= set(PLATFORMS)
    folder = simulated_cluster.install(tmp_path / "bin", platforms=["system", "libvirt"])
    assert {path.name for path in folder.iterdir()} == {"uname", "virsh", "libvirtd"}
    with pytest.raises(KeyError, match="nosuch"):
        simulated_cluster.install(tmp_path / "bin", platforms=["nosuch"])


def _hearing_platform(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a platform hears that the table of platforms names."""
    heard: list[str] = []

    def power_ended(_folder: str, _world: World, node: Node, power: Power, how: str, _at: float) -> None:
        assert power["guest"] not in node["powered"]
        heard.append(f"{node['name']} {power['guest']} {how}")

    module = ModuleType("hearing")
    vars(module)["power_ended"] = power_ended
    monkeypatch.setitem(sys.modules, "opensvc_testkit.executables.hearing", module)
    monkeypatch.setitem(platforms.MODULES, "hearing", "hearing")
    return heard
