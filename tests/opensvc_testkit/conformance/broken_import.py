"""A driver that goes past the door of the core."""

from __future__ import annotations

from opensvc_core.model import Status
from tests.opensvc_testkit.conformance.good import GoodLamp


class Reaching(GoodLamp):
    reached = Status


BROKEN = {"it_imports_nothing_of_the_core_but_its_api": Reaching}
