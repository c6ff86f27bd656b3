"""The hook `migrate`, on simulated libvirts of two nodes, with the destination's sieve between them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from opensvc_core.api import ActionError, Context, Phase, Resource, ResourceId
from opensvc_core.host.local import LocalHost
from opensvc_drivers_kvm.driver import KvmContainer
from opensvc_testkit.platforms.libvirt import SimulatedLibvirtd
from opensvc_testkit.simulated import FaultKind, SimulatedCluster
from tests.opensvc_drivers_kvm.sieved_channels import SievedChannels
from tests.opensvc_drivers_kvm.stand_ins import DEFAULTS, context_on

pytestmark = pytest.mark.simulated


class Moving:
    """A guest that runs on the first of two nodes, and a channel to the second."""

    def __init__(self, cluster: SimulatedCluster, folder: Path, libvirtd: SimulatedLibvirtd) -> None:
        self.cluster = cluster
        self.driver = KvmContainer()
        self.channels = SievedChannels(libvirtd.socket)
        for node in ("node1", "node2"):
            cluster.install(folder / node, node=node, commands=("virsh",))
        config = cluster.define_guest("vm1", nodes=["node1"], boot_time=0, shutdown_time=0)
        self.folder = folder
        options = {**DEFAULTS, "config": str(config), "shell": False}
        self.resource = Resource(ResourceId("vm1", "container#0"), "container.kvm", options, phase=Phase.CONTAINER)
        self.driver.start(self.resource, self.on("node1"))

    def on(self, node: str) -> Context:
        context = context_on(LocalHost(node, str(self.folder / node)), self.resource, limit=30.0)
        context.run_id, context.peer, context.channels = "abc123", "node2", self.channels
        return context

    def migrate(self) -> str:
        return self.driver.migrate(self.resource, "node2", self.on("node1")).text

    @property
    def states(self) -> tuple[str, str]:
        return self.cluster.state_of("node1", "vm1"), self.cluster.state_of("node2", "vm1")


@pytest.fixture
def moving(simulated_cluster: SimulatedCluster, tmp_path: Path) -> Iterator[Moving]:
    libvirtd = SimulatedLibvirtd.start(simulated_cluster, "node2", tmp_path / "run")
    yield Moving(simulated_cluster, tmp_path, libvirtd)
    libvirtd.close()


def test_it_goes_over_and_both_nodes_verify_it(moving: Moving) -> None:
    assert moving.migrate() == "vm1 migrated to node2"
    assert moving.states == ("shut off (migrated)", "running (migrated)")
    assert moving.channels.refused == []
    assert moving.driver.settle(moving.resource, "node1", moving.on("node2")).is_changed
    with pytest.raises(ActionError, match="not here any more"):
        moving.driver.stay(moving.resource, "node2", moving.on("node1"))


def test_a_libvirt_that_does_not_answer_at_once_is_asked_again_where_the_guest_has_come(moving: Moving) -> None:
    moving.migrate()
    moving.cluster.set_fault("virsh", FaultKind.FAIL, words=["dominfo"], node="node2", text="error: busy\n", times=1)
    assert moving.driver.settle(moving.resource, "node1", moving.on("node2")).text == "vm1 runs here"


def test_what_does_not_go_says_why_and_runs_on(moving: Moving) -> None:
    moving.cluster.change_guest("vm1", has_shared_images=False)
    with pytest.raises(ActionError, match="Migration without shared storage is unsafe") as refused:
        moving.migrate()
    assert refused.value.code == "not_migrated"
    assert moving.states == ("running (booted)", "")
    assert not moving.driver.leave(moving.resource, "node1", moving.on("node2")).is_changed


def test_one_that_is_under_way_is_ended_by_whoever_takes_it_back(moving: Moving) -> None:
    moving.cluster.change_guest("vm1", migration_time=None)
    said: list[str] = []

    def go() -> None:
        with pytest.raises(ActionError) as refused:
            moving.migrate()
        said.append(refused.value.message)

    thread = threading.Thread(target=go)
    thread.start()
    moving.cluster.wait_for_state("node2", "vm1", "paused (migrating)")
    assert not moving.driver.stay(moving.resource, "node2", moving.on("node1")).is_changed
    thread.join(30)
    assert "canceled by client" in said[0]
    assert moving.states == ("running (migration canceled)", "")


@pytest.mark.parametrize("node", ["node1", "node2"])
def test_a_guest_that_a_migration_left_paused_goes_on_where_it_is(moving: Moving, node: str) -> None:
    if node == "node2":
        moving.migrate()
    context = moving.on(node)
    context.run("virsh", "suspend", "vm1")
    assert moving.states[node == "node2"].startswith("paused")
    if node == "node1":
        kept = moving.driver.stay(moving.resource, "node2", context)
        assert (kept.is_changed, kept.text) == (False, "vm1 is here, and paused")
        assert moving.states[0].startswith("paused")  # the other node is still to say that it is off there
    assert moving.driver.settle(moving.resource, "node1", context).text == "vm1 runs here"
    assert moving.states[node == "node2"].startswith("running")
