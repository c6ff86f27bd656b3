"""A simulated Solaris node."""

from __future__ import annotations

from opensvc_testkit.platforms.solaris import PLATFORM, SUNOS, SimulatedSolaris
from tests.conformance.simulated import ClusterPlatform


class SolarisPlatform(ClusterPlatform):
    """A node of Solaris with nothing on it."""

    os_name = SUNOS
    platforms = (PLATFORM,)

    @property
    def solaris(self) -> SimulatedSolaris:
        """What is on it."""
        return SimulatedSolaris(self.cluster)

    def define_node(self) -> None:
        self.solaris.define_node(self.node, "10.0.0.1")
