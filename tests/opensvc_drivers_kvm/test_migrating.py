"""What surrounds a migration, on a simulated libvirt: who is asked, what is left alone, what is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_core.api import ActionError, Context, Phase, Resource, ResourceId
from opensvc_core.host.local import LocalHost
from opensvc_drivers_kvm.driver import KvmContainer
from opensvc_testkit.definitions import domain_xml
from opensvc_testkit.simulated import SimulatedCluster
from tests.opensvc_drivers_kvm.stand_ins import context_on

pytestmark = pytest.mark.simulated
DEFAULTS = {keyword.name: keyword.default for keyword in KvmContainer.keywords}
PEER = "node2"


class Guest:
    """A guest on a simulated node, whose image lies in a folder of the test."""

    def __init__(self, cluster: SimulatedCluster, folder: Path) -> None:
        self.cluster = cluster
        self.driver = KvmContainer()
        self.images = folder / "images"
        self.images.mkdir()
        self.config = folder / "vm1.xml"
        cluster.install(folder / "bin", node="node1", commands=("virsh",))
        cluster.define_guest("vm1", nodes=["node1"], boot_time=0, shutdown_time=0)
        self.config.write_text(domain_xml("vm1").replace("/var/lib/libvirt/images", str(self.images)))
        self.path = str(folder / "bin")
        options = {**DEFAULTS, "config": str(self.config), "shell": False}
        self.resource = Resource(ResourceId("vm1", "container#0"), "container.kvm", options, phase=Phase.CONTAINER)

    @property
    def context(self) -> Context:
        context = context_on(LocalHost("node1", self.path), self.resource, limit=20.0)
        context.run_id, context.peer = "abc123", PEER
        return context

    def start(self) -> None:
        self.driver.start(self.resource, self.context)


@pytest.fixture
def guest(simulated_cluster: SimulatedCluster, tmp_path: Path) -> Guest:
    return Guest(simulated_cluster, tmp_path)


def test_a_guest_that_is_down_is_not_migrated_and_one_that_is_up_is_not_received(guest: Guest) -> None:
    veto = guest.driver.preflight(guest.resource, "migrate", guest.context)
    assert veto is not None
    assert veto.code == "guest_not_up"
    guest.start()
    assert guest.driver.preflight(guest.resource, "migrate", guest.context) is None
    with pytest.raises(ActionError, match="is not down here"):
        guest.driver.join(guest.resource, PEER, guest.context)


def test_images_are_proven_shared_by_a_mark_of_this_run(guest: Guest) -> None:
    with pytest.raises(ActionError) as refused:
        guest.driver.join(guest.resource, PEER, guest.context)
    assert refused.value.code == "disk_not_shared"
    assert guest.driver.admit(guest.resource, PEER, guest.context).is_changed
    assert guest.driver.join(guest.resource, PEER, guest.context).is_changed
    guest.start()
    guest.driver.settle(guest.resource, PEER, guest.context)
    assert list(guest.images.iterdir()) == []


def test_a_run_s_name_is_no_path(guest: Guest) -> None:
    context = guest.context
    context.run_id = "../../etc/passwd"
    with pytest.raises(ActionError) as refused:
        guest.driver.join(guest.resource, PEER, context)
    assert refused.value.code == "bad_run"


def test_nothing_is_undone_while_the_guest_may_run_where_it_should_not(guest: Guest) -> None:
    assert not guest.driver.leave(guest.resource, PEER, guest.context).is_changed
    with pytest.raises(ActionError, match="not here any more"):
        guest.driver.stay(guest.resource, PEER, guest.context)
    with pytest.raises(ActionError, match="not verified running"):
        guest.driver.settle(guest.resource, PEER, guest.context)
    guest.start()
    assert not guest.driver.stay(guest.resource, PEER, guest.context).is_changed
    with pytest.raises(ActionError, match="not verified off"):
        guest.driver.leave(guest.resource, PEER, guest.context)
    assert guest.cluster.running_on("vm1") == ("node1",)


def test_a_disk_of_the_node_that_nobody_hands_over_is_a_veto(guest: Guest) -> None:
    guest.config.write_text(domain_xml("vm1", disks=["/dev/sdb"]))
    guest.start()
    veto = guest.driver.preflight(guest.resource, "migrate", guest.context)
    assert veto is not None
    assert veto.code == "disk_not_shared"
    assert "/dev/sdb" in veto.reason
