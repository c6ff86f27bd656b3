"""Disks handed from node to node, step by step as a plan has it; the target tells who holds and who may write."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opensvc_core.graph import build_graph
from opensvc_core.migration_plan import Ends, plan_migration, plan_undo
from opensvc_core.model import Phase, Resource, ResourceId, Service
from opensvc_core.plan import Step
from tests.lab.uml.lab import KernelLab
from tests.lab.uml.node import KernelNode
from tests.lab.uml.oracle import watched
from tests.lab.uml.site import Site

pytestmark = pytest.mark.timeout(300)
SCRIPT = Path(__file__).with_name("hand_over.py")
TEXT = "[default]\nnodes = n1 n2\n\n[disk#1]\ntype = lvm\nvgname = mig\nscsireserv = true\n"
GUEST = frozenset({"migrate", "admit", "join", "leave", "settle", "stay"})
ABILITIES = {
    "container.kvm": GUEST,
    "disk.lvm": frozenset({"admit", "join", "leave", "settle"}),
    "disk.scsireserv": frozenset({"join", "leave", "settle"}),
}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Two nodes with the agent and one shared disk, a volume group with a reservation."""
    with KernelLab.up(2, luns=1) as lab:
        site = Site.make(lab)
        site.make_group(lab.nodes[0], "mig", lab.luns[0], file_system=False)
        site.write_service("mig", TEXT)
        yield site


def ends() -> Ends:
    """What a plan is made of; the guest stands on the disk, and only the disk is there."""
    resources = (
        Resource(ResourceId("mig", "disk#1"), "disk.lvm", phase=Phase.DISK),
        Resource(ResourceId("mig", "disk#1pr"), "disk.scsireserv", phase=Phase.RESERVATION, companion_of="disk#1"),
        Resource(ResourceId("mig", "container#0"), "container.kvm", phase=Phase.CONTAINER),
    )
    graph = build_graph(Service("mig", Path("/nowhere"), resources, nodes=("n1", "n2")))
    return Ends("n1", "n2", graph, graph, ABILITIES, "n1")


def do(site: Site, step: Step) -> None:
    """Do a step of the disk on its node; those of the guest are left out."""
    if step.resource.phase is Phase.CONTAINER:
        return
    node = node_named(site, step.node)
    peer = "n2" if step.node == "n1" else "n1"
    argv = [sys.executable, str(SCRIPT), "mig", step.action, step.resource.rid, peer]
    done = node.exec(argv)
    assert done.returncode == 0, f"{step.id}: {done.stdout}{done.stderr}"


def node_named(site: Site, name: str) -> KernelNode:
    return next(node for node in site.lab.nodes if node.name == name)


def tags(site: Site) -> set[str]:
    return set(site.lab.nodes[0].sh("vgs --noheadings -o vg_tags mig").strip().split(",")) - {""}


def test_a_disk_is_handed_over_without_a_moment_in_which_nobody_holds_it(site: Site) -> None:
    first, second = site.lab.nodes
    lun = site.lab.luns[0]
    site.told(first, "start", "mig")
    here, there = site.keys["n1"], site.keys["n2"]

    # It does not come to it: the destination gives up what it had taken, and the source never let go.
    forward = plan_migration(ends()).steps
    moved = next(index for index, step in enumerate(forward) if step.action == "migrate")
    with watched(site.lab.san, lun) as watch:
        for step in forward[:moved]:
            do(site, step)
        assert site.registered(lun) == {"n1": 1, "n2": 1}
        assert tags(site) == {"n1", "n2"}
        assert site.is_active(first, "mig")
        assert site.is_active(second, "mig")
        assert site.write_error(second, lun) == ""
        for step in plan_undo(ends()).steps:
            do(site, step)
    assert {sighting.holder for sighting in watch.sightings} == {here}
    assert site.registered(lun) == {"n1": 1}
    assert tags(site) == {"n1"}
    assert not site.is_active(second, "mig")
    assert site.write_error(second, lun) != ""

    # It does.
    with watched(site.lab.san, lun) as watch:
        for step in forward:
            do(site, step)
    assert {sighting.holder for sighting in watch.sightings} == {here, there}
    assert watch.holders == [here, there]
    assert (site.holder(lun), site.registered(lun)) == ("n2", {"n2": 1})
    assert tags(site) == {"n2"}
    assert not site.is_active(first, "mig")
    assert site.is_active(second, "mig")
    assert site.write_error(first, lun) != ""
    assert {site.rows(second, "mig")[rid].status for rid in ("disk#1pr", "disk#1")} == {"up"}
    assert {site.rows(first, "mig")[rid].status for rid in ("disk#1pr", "disk#1")} == {"down"}
    site.told(second, "stop", "mig")
    assert site.holder(lun) == ""
