"""`container.ldom` on a simulated `ldm`."""

from __future__ import annotations

import pytest

from tests.conformance.simulated import TAKES, ClusterContract
from tests.conformance.solaris import SolarisPlatform

pytestmark = pytest.mark.simulated


class Domains(SolarisPlatform):
    """Domains that the node knows, with nothing bound."""

    def add(self, name: str) -> None:
        self.solaris.define_domain(name, [self.node], **TAKES)

    def state_of(self, name: str) -> object:
        return self.solaris.state_of(self.node, name)


class TestLdom(ClusterContract):
    driver = "container.ldom"
    on = Domains
