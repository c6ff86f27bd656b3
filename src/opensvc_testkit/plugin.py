"""The pytest plugin of the testkit: a simulated cluster, and a node of it as the test's environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from opensvc_testkit.simulated import SimulatedCluster
    from opensvc_testkit.simulated_node import SimulatedNode

NODE = "node1"
"""The node that ``simulated_node`` is."""


@pytest.fixture
def simulated_cluster(tmp_path: Path) -> Iterator[SimulatedCluster]:
    """A simulated cluster without nodes and guests; what hangs in it ends with the test."""
    from opensvc_testkit.simulated import SimulatedCluster  # every pytest run in this environment loads this module

    cluster = SimulatedCluster(tmp_path / "simulated")
    yield cluster
    cluster.close()


@pytest.fixture
def simulated_node(
    simulated_cluster: SimulatedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> SimulatedNode:
    """Its node ``node1`` as this test's environment: ``PATH``, ``OSVC_ROOT``, ``OSVC_NODE``, and nothing but those."""
    from opensvc_testkit.simulated_node import SimulatedNode

    node = SimulatedNode.make(simulated_cluster, NODE, tmp_path / "opensvc", tmp_path / "simulated-bin")
    for name, value in node.variables.items():
        monkeypatch.setenv(name, value)
    return node


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say of each driver that was held against its contract how it did, and what its author exempts."""
    import sys

    # Only then are there reports to tell of.
    if "opensvc_testkit.conformance" in sys.modules:
        from opensvc_testkit.conformance.report import write_report

        write_report(terminalreporter)
