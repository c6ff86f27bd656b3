"""The cluster as a whole: several processes at once, what it keeps, what a call costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from opensvc_testkit.simulated import SimulatedCluster
from opensvc_testkit.simulated_node import SimulatedNode

pytestmark = pytest.mark.simulated

AT_ONCE = 12
HEAVY = {"attrs", "argparse", "collections", "contextlib", "enum", "inspect", "json", "pathlib", "re", "subprocess",
         "tempfile", "typing"}  # fmt: skip


def test_of_many_starts_at_once_one_succeeds(
    simulated_cluster: SimulatedCluster, simulated_node: SimulatedNode
) -> None:
    simulated_cluster.define_guest("vm1", nodes=[simulated_node.name])
    processes = [simulated_node.popen("virsh", "start", "vm1") for _ in range(AT_ONCE)]
    for process in processes:
        process.communicate(timeout=30)
    assert sorted(process.returncode for process in processes) == [0] + [1] * (AT_ONCE - 1)
    calls = simulated_cluster.calls("virsh", "start")
    assert len(calls) == AT_ONCE
    assert {call.pid for call in calls} == {process.pid for process in processes}
    assert sorted(call.status or 0 for call in calls) == [0] + [1] * (AT_ONCE - 1)


def test_no_change_is_lost_among_processes_at_once(
    simulated_cluster: SimulatedCluster, simulated_node: SimulatedNode
) -> None:
    names = [f"vm{number}" for number in range(AT_ONCE)]
    files = [simulated_cluster.define_guest(name) for name in names]
    processes = [simulated_node.popen("virsh", f"define {path}; start {path.stem}") for path in files]
    for process in processes:
        assert process.communicate(timeout=30)[1] == ""
    assert all(simulated_cluster.running_on(name) == (simulated_node.name,) for name in names)
    ids = {simulated_node.run("virsh", "-q", "domid", name).stdout for name in names}
    assert len(ids) == AT_ONCE


def test_calls_are_recorded_with_node_words_and_end(
    simulated_cluster: SimulatedCluster, simulated_node: SimulatedNode
) -> None:
    words = ["domstate nosuch; list --all", "é\n'\""]
    simulated_node.run("virsh", words[0], env={"OSVC_NODE": "node7"})
    simulated_node.run("ping", "-c1", words[1])
    virsh, ping = simulated_cluster.calls()
    assert (virsh.command, virsh.arguments, virsh.node, virsh.status) == ("virsh", (words[0],), "node7", 0)
    assert (ping.command, ping.arguments, ping.node, ping.status) == ("ping", ("-c1", words[1]), "node1", 2)
    assert virsh.ended is not None
    assert virsh.began <= virsh.ended <= ping.began
    assert simulated_cluster.calls("virsh", "list", "nosuch") == (virsh,)
    assert simulated_cluster.calls("virsh", "start") == ()
    simulated_cluster.clear_calls()
    assert simulated_cluster.calls() == ()


def test_a_cluster_that_is_opened_again_goes_on(
    simulated_cluster: SimulatedCluster, simulated_node: SimulatedNode
) -> None:
    simulated_cluster.define_guest("vm1", nodes=[simulated_node.name])
    simulated_node.run("virsh", "start", "vm1")
    assert SimulatedCluster(simulated_cluster.root).running_on("vm1") == (simulated_node.name,)


def test_executables_without_their_cluster_say_so(tmp_path: Path) -> None:
    cluster = SimulatedCluster(tmp_path / "cluster")
    folder = cluster.install(tmp_path / "bin")
    cluster.close()
    done = subprocess.run([folder / "virsh", "list"], capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout) == (70, "")
    assert done.stderr == f"simulated virsh: no simulated cluster in {cluster.root}\n"


def test_executables_name_themselves_simulated(simulated_node: SimulatedNode) -> None:
    for path in simulated_node.executables.iterdir():
        assert path.read_text().splitlines()[1].startswith(f"# SIMULATED {path.name}: nothing here is real")


def test_a_long_way_to_the_interpreter_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("a folder with blanks " + "x" * 120)
    long.mkdir()
    python = long / "python"
    real = Path(sys.executable).resolve()
    python.write_text(f'#!/bin/sh\nexec {real} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    cluster = SimulatedCluster(tmp_path / "cluster")
    folder = cluster.install(tmp_path / "bin")
    done = subprocess.run([folder / "virsh", "-q", "uri"], capture_output=True, text=True, check=False, timeout=30)
    assert (done.stdout, done.stderr) == ("qemu:///system\n", "")


def test_a_call_imports_little(simulated_cluster: SimulatedCluster, simulated_node: SimulatedNode) -> None:
    """What makes a call cost 10 ms: the modules, as time depends on the machine."""
    simulated_cluster.define_guest("vm1", nodes=[simulated_node.name])
    script = simulated_node.executables / "virsh"
    argv = [sys.executable, "-ISE", "-X", "importtime", str(script), "domstats --state; list --all --autostart --name"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30)
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert "opensvc_testkit" in imported
    assert imported & HEAVY == set()
