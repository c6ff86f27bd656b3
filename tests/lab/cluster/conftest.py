"""Fixtures of clusters: the nodes that several files use, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.cluster.cluster import Cluster
from tests.lab.cluster.trust import trust_by_hand


@pytest.fixture(scope="package")
def trusting() -> Iterator[Cluster]:
    """Three nodes that trust each other and wait for nobody long; every file gives them a service of its own name."""
    with Cluster.up(3) as cluster:
        trust_by_hand(cluster)
        cluster.be_quick()
        yield cluster
