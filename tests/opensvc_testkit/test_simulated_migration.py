"""The simulated `virsh migrate`: what was captured of the real one, between nodes of one world and over a socket."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from opensvc_testkit.platforms.libvirt import SimulatedLibvirtd
from opensvc_testkit.simulated import Libvirtd, SimulatedCluster
from opensvc_testkit.simulated_node import SimulatedNode

pytestmark = pytest.mark.simulated
THERE = "qemu+ssh://node2/system"
TOLD_TO_END = "error: operation aborted: job 'migration out' canceled by client\n"
BROKEN = "error: operation failed: job 'migration out' failed: Unable to write to socket: Bad file descriptor\n"


@pytest.fixture
def nodes(simulated_cluster: SimulatedCluster, tmp_path: Path) -> tuple[SimulatedNode, SimulatedNode]:
    """Two nodes of which the first has a guest, with an application in it."""
    first, second = (
        SimulatedNode.make(simulated_cluster, name, tmp_path / name / "root", tmp_path / name / "bin")
        for name in ("node1", "node2")
    )
    simulated_cluster.define_guest("vm1", nodes=["node1"])
    simulated_cluster.set_launcher("vm1", "S10db")
    assert first.run("virsh", "start", "vm1").returncode == 0
    return first, second


@pytest.fixture
def libvirtd(nodes: tuple[SimulatedNode, SimulatedNode], tmp_path: Path) -> Iterator[SimulatedLibvirtd]:
    """The second node's, behind a socket."""
    made = SimulatedLibvirtd.start(nodes[0].cluster, "node2", tmp_path / "run")
    yield made
    made.close()


def migrate(node: SimulatedNode, *words: str, to: str = THERE) -> CompletedProcess[str]:
    return node.run("virsh", "migrate", *words, "vm1", to)


def uuid_of(node: SimulatedNode) -> str:
    return node.run("virsh", "domuuid", "vm1").stdout.strip()


def states(cluster: SimulatedCluster) -> tuple[str, str]:
    return cluster.state_of("node1", "vm1"), cluster.state_of("node2", "vm1")


def by_socket(libvirtd: SimulatedLibvirtd, folder: Path) -> list[str]:
    return [
        *("virsh", "migrate", "--live", "--persistent", "vm1"),
        *("--desturi", f"qemu+unix:///system?socket={libvirtd.socket}", "--migrateuri", f"unix://{folder / 'memory'}"),
    ]


def test_a_guest_goes_over_with_what_runs_in_it(nodes: tuple[SimulatedNode, SimulatedNode]) -> None:
    first, second = nodes
    cluster = first.cluster
    done = migrate(first, "--live", "--persistent")
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")
    assert states(cluster) == ("shut off (migrated)", "running (migrated)")
    assert "state.state=5\n  state.reason=4" in first.run("virsh", "domstats", "--state", "vm1").stdout
    assert "state.state=1\n  state.reason=2" in second.run("virsh", "domstats", "--state", "vm1").stdout
    assert cluster.running_on("vm1") == ("node2",)
    assert "Persistent:     yes" in second.run("virsh", "dominfo", "vm1").stdout
    assert migrate(second, "--live", "--undefinesource", to="qemu+ssh://node1/system").returncode == 0
    assert states(cluster) == ("running (migrated)", "")


@pytest.mark.parametrize(
    ("words", "to", "said"),
    [
        ((), "qemu+ssh://nosuch/system", "Could not resolve hostname nosuch"),
        ((), "qemu+unix:///system?socket=/nonexistent", "Failed to connect socket to '/nonexistent': No such file or"),
        ((), "qemu:///system", "internal error: Attempt to migrate guest to the same host "),
    ],
)
def test_what_leads_nowhere_leaves_it_running(
    nodes: tuple[SimulatedNode, SimulatedNode], words: tuple[str, ...], to: str, said: str
) -> None:
    done = migrate(nodes[0], "--live", "--migrateuri", "unix:///nonexistent", *words, to=to)
    assert (done.returncode, done.stdout) == (1, "\n")
    assert said in done.stderr
    assert nodes[0].cluster.state_of("node1", "vm1") == "running (booted)"


def test_refusals_are_those_of_the_real_one(nodes: tuple[SimulatedNode, SimulatedNode]) -> None:
    first, second = nodes
    cluster = first.cluster
    first.run("virsh", "destroy", "vm1")
    not_running = "error: Requested operation is not valid: domain is not running\n"
    assert migrate(first, "--live").stderr == not_running
    assert first.run("virsh", "domjobabort", "vm1").stderr == not_running
    first.run("virsh", "start", "vm1")
    no_job = "error: Requested operation is not valid: no job is active on the domain\n"
    assert first.run("virsh", "domjobabort", "vm1").stderr == no_job
    assert first.run("virsh", "migrate", "vm1").stderr == "error: command 'migrate' requires <desturi> option\n"
    cluster.change_guest("vm1", has_shared_images=False)
    unsafe = "error: Unsafe migration: Migration without shared storage is unsafe\n"
    assert migrate(first, "--live").stderr == unsafe
    cluster.change_guest("vm1", has_shared_images=True)
    other = "11111111-1e57-5252-92d9-0bcdebe7a3c9"
    xml = cluster.root / "other.xml"
    xml.write_text((cluster.root / "vm1.xml").read_text().replace(uuid_of(first), other))
    assert second.run("virsh", "define", str(xml)).returncode == 0
    assert migrate(first, "--live").stderr == (
        f"error: operation failed: domain 'vm1' already exists with uuid {other}\n"
    )
    second.run("virsh", "undefine", "vm1")
    assert migrate(first, "--live", "--persistent").returncode == 0
    first.run("virsh", "start", "vm1")
    assert migrate(first, "--live").stderr == (
        "error: Requested operation is not valid: domain 'vm1' is already active\n"
    )
    assert first.run("virsh", "migrate", "--p2p", "vm1", THERE).returncode == 70


def test_while_it_goes_it_runs_here_and_is_paused_there(nodes: tuple[SimulatedNode, SimulatedNode]) -> None:
    first, second = nodes
    cluster = first.cluster
    cluster.change_guest("vm1", migration_time=None)
    with first.popen("virsh", "migrate", "--live", "vm1", THERE) as under_way:
        wait_for(cluster, "paused (migrating)")
        assert states(cluster) == ("running (booted)", "paused (migrating)")
        assert cluster.running_on("vm1") == ("node1",)
        busy = "error: Requested operation is not valid: another migration job is already running for domain 'vm1'\n"
        assert migrate(first, "--live").stderr == busy
        assert first.run("virsh", "domjobabort", "vm1").returncode == 0
        assert under_way.communicate(timeout=10)[1] == TOLD_TO_END
    assert states(cluster) == ("running (migration canceled)", "")
    with first.popen("virsh", "migrate", "--live", "vm1", THERE) as under_way:
        wait_for(cluster, "paused (migrating)")
        second.run("virsh", "destroy", "vm1")
        assert under_way.communicate(timeout=10)[1] == BROKEN
    assert states(cluster) == ("running (migration canceled)", "")
    with first.popen("virsh", "migrate", "--live", "vm1", THERE) as under_way:
        wait_for(cluster, "paused (migrating)")
        first.run("virsh", "destroy", "vm1")
        gone = "error: Requested operation is not valid: domain 'vm1' is not being migrated\n"
        assert under_way.communicate(timeout=10)[1] == gone
    assert states(cluster) == ("shut off (destroyed)", "")


def wait_for(cluster: SimulatedCluster, state: str) -> None:
    """Until the second node's libvirt has the guest in a state."""
    cluster.wait_for_state("node2", "vm1", state)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_client_that_ends_ends_it(nodes: tuple[SimulatedNode, SimulatedNode], number: signal.Signals) -> None:
    first, _ = nodes
    first.cluster.change_guest("vm1", migration_time=None)
    with first.popen("virsh", "migrate", "--live", "vm1", THERE) as under_way:
        wait_for(first.cluster, "paused (migrating)")
        under_way.send_signal(number)
        said = under_way.communicate(timeout=10)[1]
    assert said == (TOLD_TO_END if number is signal.SIGINT else "")
    assert states(first.cluster) == ("running (migration canceled)", "")


def test_a_guest_goes_over_by_sockets(
    nodes: tuple[SimulatedNode, SimulatedNode], libvirtd: SimulatedLibvirtd, tmp_path: Path
) -> None:
    first, _ = nodes
    first.cluster.change_guest("vm1", migration_time=0.1)
    done = first.run(*by_socket(libvirtd, tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")
    assert states(first.cluster) == ("shut off (migrated)", "running (migrated)")


@pytest.mark.parametrize("how", ["client killed", "libvirtd killed", "libvirtd there refuses", "guest there destroyed"])
def test_what_is_cut_on_sockets_runs_on_where_it_was(
    nodes: tuple[SimulatedNode, SimulatedNode], libvirtd: SimulatedLibvirtd, tmp_path: Path, how: str
) -> None:
    first, second = nodes
    cluster = first.cluster
    cluster.change_guest("vm1", migration_time=None)
    with first.popen(*by_socket(libvirtd, tmp_path)) as under_way:
        wait_for(cluster, "paused (migrating)")
        if how == "client killed":
            under_way.kill()
        elif how == "libvirtd killed":
            os.kill(libvirtd.pid, signal.SIGKILL)
        elif how == "libvirtd there refuses":
            cluster.set_libvirtd("node2", Libvirtd.KILLED)
        else:
            second.run("virsh", "destroy", "vm1")
        said = under_way.communicate(timeout=20)[1]
    assert said.startswith("" if how == "client killed" else "error: ")
    cluster.wait_for_state("node2", "vm1", "")
    assert cluster.state_of("node1", "vm1") == "running (migration canceled)"
