"""Fixtures of the lab: nodes and a hypervisor for the whole session, cleaned up after every test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import requirements
from tests.lab.agent import Osvc
from tests.lab.libvirt import Hypervisor
from tests.lab.nodes import Lab
from tests.lab.site import Site

NODES = 2


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder `lab`."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.lab)


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
