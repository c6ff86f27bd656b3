"""Fixtures of the Solaris drivers' tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_testkit.simulated import SimulatedCluster
from tests.opensvc_drivers_solaris.world import Site


@pytest.fixture
def site(simulated_cluster: SimulatedCluster, tmp_path: Path) -> Site:
    """Two simulated nodes of Solaris."""
    return Site(simulated_cluster, tmp_path)
