"""`container.zone`, its companion `zone.ready`, and `ip.zone`, on simulated zones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

from opensvc_core.api import Phase, Resource, ResourceId, Status, StatusReport
from opensvc_drivers_solaris.zone import ZoneContainer
from tests.conformance.simulated import TAKES, ClusterContract
from tests.conformance.solaris import SolarisPlatform

pytestmark = pytest.mark.simulated


class Zones(SolarisPlatform):
    """Zones that are installed here."""

    def add(self, name: str) -> None:
        self.solaris.define_zone(name, [self.node], installed_on=self.node, **TAKES)

    def state_of(self, name: str) -> object:
        return self.solaris.state_of(self.node, name)


class TestZone(ClusterContract):
    driver = "container.zone"
    on = Zones


class Places(Zones):
    """Zones that are configured here, and not attached."""

    rid = "container#0ready"
    keywords = ZoneContainer.keywords

    def add(self, name: str) -> None:
        self.solaris.define_zone(name, [self.node, "other"], installed_on="other", **TAKES)


class TestZoneReady(ClusterContract):
    driver = "zone.ready"
    on = Places


class Addresses(Zones):
    """Zones that are ready, whose addresses are not plumbed."""

    container = "container#0"

    def add(self, name: str) -> None:
        super().add(name)
        self.solaris.set_zone_state(self.node, name, "ready")

    def options(self, number: int) -> dict[str, Any]:
        self.known(f"svc{number}")
        return {"ipname": f"10.0.0.{50 + number}", "ipdev": "net0", "netmask": "24"}

    def unknown(self) -> dict[str, Any]:
        return {"ipname": "10.0.9.9", "ipdev": "net7"}

    def companions(self, service: str) -> Sequence[Resource]:
        values = {keyword.name: keyword.default for keyword in ZoneContainer.keywords}
        return (Resource(ResourceId(service, self.container), "container.zone", values, phase=Phase.CONTAINER),)

    def statuses(self, service: str) -> Mapping[ResourceId, StatusReport]:
        return {ResourceId(service, self.container): StatusReport(Status.DOWN)}

    def state(self) -> object:
        return self.solaris.addresses_of(self.node), super().state()


class TestZoneAddress(ClusterContract):
    driver = "ip.zone"
    on = Addresses
    lines_stand_alone: ClassVar = {"ifconfig": "its list of interfaces ends where it ends [R]"}
