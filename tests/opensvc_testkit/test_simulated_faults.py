"""Each fault strikes as it says, on the call that it is meant for."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from opensvc_testkit.simulated import FaultKind, Libvirtd, SimulatedCluster
from opensvc_testkit.simulated_node import SimulatedNode

pytestmark = pytest.mark.simulated

LIMIT = 20.0


@pytest.fixture
def node(simulated_cluster: SimulatedCluster, simulated_node: SimulatedNode) -> SimulatedNode:
    """A node whose libvirt knows the guests ``vm1`` and ``vm2``."""
    for name in ("vm1", "vm2"):
        simulated_cluster.define_guest(name, nodes=[simulated_node.name])
    return simulated_node


@pytest.fixture
def started(node: SimulatedNode) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes of the test that may hang; those that are left are killed."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def answer(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=LIMIT)
    return process.returncode, out, err


def begin(node: SimulatedNode, started: list[subprocess.Popen[str]], *argv: str) -> subprocess.Popen[str]:
    """Start a command and wait until it is recorded as begun."""
    before = len(node.cluster.calls(argv[0], *argv[1:]))
    process = node.popen(*argv)
    started.append(process)
    node.cluster.wait_for_call(argv[0], *argv[1:], count=before + 1)
    return process


def test_a_hang_does_nothing_until_the_fault_is_cleared(
    simulated_cluster: SimulatedCluster, node: SimulatedNode, started: list[subprocess.Popen[str]]
) -> None:
    simulated_cluster.set_fault("virsh", FaultKind.HANG, words=["start"])
    process = begin(node, started, "virsh", "start", "vm1")
    assert node.run("virsh", "-q", "domstate", "vm1").stdout == "shut off\n"
    assert process.poll() is None
    simulated_cluster.clear_faults()
    assert answer(process) == (0, "Domain 'vm1' started\n\n", "")
    assert simulated_cluster.running_on("vm1") == (node.name,)


def test_a_hang_after_the_work_has_its_effect_at_once(
    simulated_cluster: SimulatedCluster, node: SimulatedNode, started: list[subprocess.Popen[str]]
) -> None:
    simulated_cluster.set_fault("virsh", FaultKind.HANG, words=["start"], after=True, times=1)
    process = begin(node, started, "virsh", "start", "vm1")
    while simulated_cluster.state_of(node.name, "vm1") != "running (booted)":
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(LIMIT)
    assert simulated_cluster.calls("virsh", "start")[0].status is None
    assert simulated_cluster.running_on("vm1") == (node.name,)


def test_a_late_start_takes_effect_though_its_client_is_killed(
    simulated_cluster: SimulatedCluster, node: SimulatedNode, started: list[subprocess.Popen[str]]
) -> None:
    simulated_cluster.set_fault("virsh", FaultKind.LATE, words=["start", "vm1"], seconds=3600, times=1)
    process = begin(node, started, "virsh", "start", "vm1")
    while not simulated_cluster.is_starting(node.name, "vm1"):
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(LIMIT)
    assert simulated_cluster.state_of(node.name, "vm1") == "shut off (unknown)"
    simulated_cluster.advance(3601)
    assert simulated_cluster.state_of(node.name, "vm1") == "running (booted)"


def test_while_a_start_is_late_listings_wait_and_other_domains_answer(
    simulated_cluster: SimulatedCluster, node: SimulatedNode, started: list[subprocess.Popen[str]]
) -> None:
    simulated_cluster.set_fault("virsh", FaultKind.LATE, words=["start", "vm1"], seconds=3600)
    start = begin(node, started, "virsh", "start", "vm1")
    while not simulated_cluster.is_starting(node.name, "vm1"):
        assert start.poll() is None
    # As captured: domstats-start-in-hook, list-start-in-hook, domstats-other-start-in-hook.
    waiting = [
        begin(node, started, "virsh", *argv)
        for argv in (["-q", "domstats", "--state"], ["-q", "list", "--all"], ["-q", "domstate", "vm1"])
    ]
    assert node.run("virsh", "-q", "domstats", "--state", "vm2").stdout.startswith("Domain: 'vm2'\n")
    assert [process.poll() for process in waiting] == [None, None, None]
    simulated_cluster.advance(3601)
    assert answer(start) == (0, "Domain 'vm1' started\n\n", "")
    assert "state.state=1" in answer(waiting[0])[1]
    assert "running" in answer(waiting[1])[1]
    assert answer(waiting[2]) == (0, "running\n", "")


def test_of_two_starts_at_once_one_is_refused(
    simulated_cluster: SimulatedCluster, node: SimulatedNode, started: list[subprocess.Popen[str]]
) -> None:
    simulated_cluster.set_fault("virsh", FaultKind.LATE, words=["start"], seconds=3600)
    first = begin(node, started, "virsh", "start", "vm1")
    while not simulated_cluster.is_starting(node.name, "vm1"):
        assert first.poll() is None
    second = begin(node, started, "virsh", "-q", "start", "vm1")
    simulated_cluster.wait_until_waiting(second.pid)
    simulated_cluster.advance(3601)
    assert answer(first)[0] == 0
    assert answer(second) == (
        1,
        "",
        "error: Failed to start domain 'vm1'\nerror: Requested operation is not valid: domain is already running\n",
    )


def test_a_late_start_is_lost_when_libvirtd_dies(
    simulated_cluster: SimulatedCluster, node: SimulatedNode, started: list[subprocess.Popen[str]]
) -> None:
    simulated_cluster.set_fault("virsh", FaultKind.LATE, words=["start"], seconds=3600)
    process = begin(node, started, "virsh", "start", "vm1")
    while not simulated_cluster.is_starting(node.name, "vm1"):
        assert process.poll() is None
    simulated_cluster.set_libvirtd(node.name, Libvirtd.KILLED)
    simulated_cluster.set_libvirtd(node.name, Libvirtd.RUNNING)
    simulated_cluster.advance(3601)
    assert simulated_cluster.state_of(node.name, "vm1") == "shut off (unknown)"


def test_a_crash_does_its_work_and_dies_by_a_signal(simulated_cluster: SimulatedCluster, node: SimulatedNode) -> None:
    simulated_cluster.set_fault("virsh", FaultKind.CRASH, words=["start"], times=1)
    done = node.run("virsh", "start", "vm1")
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "Domain 'vm1")
    assert simulated_cluster.running_on("vm1") == (node.name,)
    assert node.run("virsh", "start", "vm2").returncode == 0


def test_slow_begins_later_and_ends_well(
    simulated_cluster: SimulatedCluster, node: SimulatedNode, started: list[subprocess.Popen[str]]
) -> None:
    simulated_cluster.set_fault("virsh", FaultKind.SLOW, words=["domstate"], seconds=0.3)
    process = begin(node, started, "virsh", "-q", "domstate", "vm1")
    assert answer(process) == (0, "shut off\n", "")
    call = simulated_cluster.calls("virsh", "domstate")[0]
    assert call.ended is not None
    assert call.ended - call.began >= 0.3


def test_garbage_is_no_answer(simulated_cluster: SimulatedCluster, node: SimulatedNode) -> None:
    simulated_cluster.set_fault("virsh", FaultKind.GARBAGE, words=["domstats"])
    done = node.run("virsh", "-c", "qemu:///system", "domstats --state; list --all --autostart --name")
    assert done.returncode == 0
    assert "\0" in done.stdout
    assert "vm1" not in done.stdout
    simulated_cluster.clear_faults()
    simulated_cluster.set_fault("virsh", FaultKind.GARBAGE, text="Segmentation fault\n", status=139)
    done = node.run("virsh", "list")
    assert (done.returncode, done.stdout) == (139, "Segmentation fault\n")


def test_a_partial_answer_is_its_first_half(simulated_cluster: SimulatedCluster, node: SimulatedNode) -> None:
    whole = node.run("virsh", "dominfo", "vm1").stdout
    simulated_cluster.set_fault("virsh", FaultKind.PARTIAL, words=["dominfo"])
    done = node.run("virsh", "dominfo", "vm1")
    assert (done.returncode, done.stdout) == (0, whole[: len(whole) // 2])


def test_a_failure_does_nothing_or_everything(simulated_cluster: SimulatedCluster, node: SimulatedNode) -> None:
    text = "error: Failed to start domain 'vm1'\nerror: Cannot access storage file '/x': No such file or directory\n"
    simulated_cluster.set_fault("virsh", FaultKind.FAIL, words=["start"], text=text, times=1)
    done = node.run("virsh", "start", "vm1")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", text)
    assert simulated_cluster.running_on("vm1") == ()
    simulated_cluster.set_fault("virsh", FaultKind.FAIL, words=["start"], text=text, status=7, after=True)
    assert node.run("virsh", "start", "vm1").returncode == 7
    assert simulated_cluster.running_on("vm1") == (node.name,)


def test_a_fault_strikes_only_what_it_is_meant_for(simulated_cluster: SimulatedCluster, node: SimulatedNode) -> None:
    simulated_cluster.set_fault("virsh", FaultKind.FAIL, words=["start", "vm1"], times=2)
    simulated_cluster.set_fault("virsh", FaultKind.FAIL, words=["start"], node="node2")
    assert node.run("virsh", "start", "vm2").returncode == 0
    assert node.run("virsh", "domstate", "vm1").returncode == 0
    statuses = [node.run("virsh", "start", "vm1").returncode for _ in range(4)]
    assert statuses == [1, 1, 0, 1], "twice by the fault, then a start, then it is active"
    assert node.run("virsh", "start", "vm2", env={"OSVC_NODE": "node2"}).stderr == ""


def test_a_hung_libvirtd_lets_its_clients_go_on_when_it_does(
    simulated_cluster: SimulatedCluster, node: SimulatedNode, started: list[subprocess.Popen[str]]
) -> None:
    simulated_cluster.set_libvirtd(node.name, Libvirtd.HUNG)
    process = begin(node, started, "virsh", "-q", "-c", "qemu:///system", "domstate", "vm1")
    assert node.run("virsh", "--version").stdout == "9.0.0\n"
    assert process.poll() is None
    simulated_cluster.set_libvirtd(node.name, Libvirtd.RUNNING)
    assert answer(process) == (0, "shut off\n", "")


def test_libvirtd_forgets_why_a_guest_is_off(simulated_cluster: SimulatedCluster, node: SimulatedNode) -> None:
    node.run("virsh", "start", "vm1; destroy vm1")
    node.run("virsh", "start vm2; destroy vm2")
    assert simulated_cluster.state_of(node.name, "vm2") == "shut off (destroyed)"
    simulated_cluster.set_libvirtd(node.name, Libvirtd.ABSENT)
    simulated_cluster.set_libvirtd(node.name, Libvirtd.RUNNING)
    assert simulated_cluster.state_of(node.name, "vm2") == "shut off (unknown)"


def test_a_removed_command_is_not_found(simulated_cluster: SimulatedCluster, node: SimulatedNode) -> None:
    simulated_cluster.remove_command(node.executables, "virsh")
    with pytest.raises(FileNotFoundError):
        node.run("virsh", "list")
    simulated_cluster.install(node.executables, ["virsh"])
    assert node.run("virsh", "list").returncode == 0


def test_a_guest_that_ignores_the_power_button_must_be_destroyed(
    simulated_cluster: SimulatedCluster, node: SimulatedNode
) -> None:
    simulated_cluster.change_guest("vm1", shutdown_time=None)
    node.run("virsh", "start", "vm1")
    assert node.run("virsh", "shutdown", "vm1").returncode == 0
    simulated_cluster.advance(10**6)
    assert simulated_cluster.running_on("vm1") == (node.name,)
    assert node.run("virsh", "destroy", "vm1").returncode == 0
    assert simulated_cluster.state_of(node.name, "vm1") == "shut off (destroyed)"


def test_a_guest_that_still_boots_does_not_hear_the_power_button(
    simulated_cluster: SimulatedCluster, node: SimulatedNode
) -> None:
    simulated_cluster.change_guest("vm1", boot_time=60)
    node.run("virsh", "start", "vm1")
    node.run("virsh", "shutdown", "vm1")
    simulated_cluster.advance(61)
    assert simulated_cluster.running_on("vm1") == (node.name,)
    node.run("virsh", "shutdown", "vm1")
    assert simulated_cluster.running_on("vm1") == ()


def test_a_frozen_guest_lets_shutdown_wait(
    simulated_cluster: SimulatedCluster, node: SimulatedNode, started: list[subprocess.Popen[str]]
) -> None:
    node.run("virsh", "start", "vm1")
    simulated_cluster.freeze_guest(node.name, "vm1")
    process = begin(node, started, "virsh", "-q", "shutdown", "vm1")
    assert node.run("virsh", "-q", "domstate", "vm1").stdout == "running\n"
    assert process.poll() is None
    simulated_cluster.freeze_guest(node.name, "vm1", is_frozen=False)
    assert answer(process)[0] == 0
    assert simulated_cluster.running_on("vm1") == ()


def test_a_guest_that_crashes_while_it_boots(simulated_cluster: SimulatedCluster, node: SimulatedNode) -> None:
    simulated_cluster.change_guest("vm1", boot_time=60, crashes_after=30)
    assert node.run("virsh", "start", "vm1").returncode == 0
    assert simulated_cluster.state_of(node.name, "vm1") == "running (booted)"
    simulated_cluster.advance(31)
    assert simulated_cluster.state_of(node.name, "vm1") == "shut off (crashed)"


@pytest.mark.parametrize("change", [{"shutdown_tim": 1}, {"guest": "x"}])
def test_a_misspelt_property_is_an_error(
    simulated_cluster: SimulatedCluster, node: SimulatedNode, change: dict[str, object]
) -> None:
    with pytest.raises(KeyError):
        simulated_cluster.change_guest("vm1", **change)
