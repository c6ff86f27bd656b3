"""A driver that sleeps."""

from __future__ import annotations

from time import sleep

from tests.opensvc_testkit.conformance.good import GoodLamp


class Sleeping(GoodLamp):
    def rest(self) -> None:
        sleep(1)


BROKEN = {"it_waits_through_the_context_only": Sleeping}
