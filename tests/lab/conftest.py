"""Fixtures of the lab: nodes and a hypervisor for the whole session, cleaned up after every test."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab import requirements
from tests.lab.agent import Osvc
from tests.lab.libvirt import Hypervisor
from tests.lab.lxc import Containers
from tests.lab.nodes import Lab
from tests.lab.sgio.bench import NexusBench
from tests.lab.sgio.nexus import Nexus
from tests.lab.site import Site
from tests.lab.uml.lab import KernelLab

NODES = 2
ON_KERNELS = frozenset({"test_scsi_sg_maps.py"})
"""Files outside `uml/` whose tests run on nodes with their own kernels."""
SCENARIOS = "test_storage_"
"""How the names of files of `uml/` begin that are a share of their own."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder `lab`."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.lab)
            if "cluster" in item.path.parts:
                item.add_marker(pytest.mark.cluster)
            if "uml" in item.path.parts or item.path.name in ON_KERNELS:
                item.add_marker(pytest.mark.kernels)
                if item.path.name.startswith(SCENARIOS):
                    item.add_marker(pytest.mark.storage)


@pytest.fixture(scope="session", autouse=True)
def lab_requirements() -> None:
    """Skip the tests of the lab where it cannot run, saying what is missing."""
    reason = requirements.missing()
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def lab(lab_requirements: None) -> Iterator[Lab]:
    """Nodes, all on: `lab.nodes[0]` is the hypervisor of the session, the others are hosts beside it."""
    with Lab.up(NODES) as up:
        yield up


@pytest.fixture(scope="session")
def hypervisor(lab: Lab) -> Hypervisor:
    """The first node with libvirtd running. Tests take `clean_hypervisor`."""
    hypervisor = Hypervisor(lab.nodes[0], lab.shared, lab.public_key)
    hypervisor.start()
    return hypervisor


@pytest.fixture
def clean_hypervisor(hypervisor: Hypervisor) -> Iterator[Hypervisor]:
    """The hypervisor without a guest, and so again after the test, whatever that did to it."""
    yield hypervisor
    hypervisor.clear()


@pytest.fixture
def containers(lab: Lab) -> Iterator[Containers]:
    """LXC on the first node, without a container, and so again after the test."""
    containers = Containers(lab.nodes[0])
    yield containers
    containers.clear()


@pytest.fixture
def site(clean_hypervisor: Hypervisor, osvc: Osvc) -> Site:
    """The clean hypervisor with the agent on it."""
    return Site(clean_hypervisor, osvc)


@pytest.fixture
def osvc() -> Iterator[Osvc]:
    """`osvc(node, *args)` runs the agent inside a node, with a root folder of this test's own."""
    osvc = Osvc(f"/srv/opensvc-{uuid.uuid4().hex[:8]}")
    yield osvc
    for node in osvc.uses:
        if node.is_on:
            node.exec(["rm", "-rf", osvc.root])


@pytest.fixture(scope="session")
def kernel_requirements() -> None:
    """Skip the tests that need nodes with kernels of their own where there can be none, saying what is missing."""
    reason = requirements.missing(packages=requirements.KERNEL_LAB, files=requirements.KERNEL_LAB_FILES)
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def kernel_lab(kernel_requirements: None) -> Iterator[KernelLab]:
    """Two nodes with kernels of their own and four disks that they share. Tests take `clean_kernel_lab`."""
    with KernelLab.up(2, luns=4) as up:
        yield up


@pytest.fixture
def clean_kernel_lab(kernel_lab: KernelLab) -> Iterator[KernelLab]:
    """The same, on, plugged in, with empty disks that nobody holds; and so again after the test, whatever it did."""
    yield kernel_lab
    kernel_lab.clear()


@pytest.fixture(scope="session")
def nexus_bench(kernel_requirements: None) -> Iterator[NexusBench]:
    """A target of four units and no kernel between it and the tools. Tests take `sg_nexus`."""
    with NexusBench(units=4) as bench:
        yield bench


@pytest.fixture
def sg_nexus(nexus_bench: NexusBench) -> Iterator[Callable[[str], Nexus]]:
    """`sg_nexus(name)` is one more initiator at the target, where nothing is registered, and so after the test."""
    yield nexus_bench.add
    nexus_bench.clear()
