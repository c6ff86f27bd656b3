"""Drivers whose class is not as it should be."""

from __future__ import annotations

from typing import ClassVar

from opensvc_core import api
from tests.opensvc_testkit.conformance.good import GoodLamp, VersionlessLamp


class FromTheFuture(GoodLamp):
    api_version: ClassVar[int] = 99


class Silent(VersionlessLamp):
    pass


class Misspelt(GoodLamp):
    @api.hookimpl
    def strat(self, resource: api.Resource, context: api.Context) -> None: ...


class Remembering(GoodLamp):
    def __init__(self) -> None:
        self.mine: set[str] = set()

    @api.hookimpl
    def start(self, resource: api.Resource, context: api.Context) -> api.Outcome:
        outcome = super().start(resource, context)
        self.mine.add(resource.text("lamp"))
        return outcome

    def report(self, state: str) -> api.StatusReport:
        said = super().report(state)
        return said if self.mine or said.status is not api.Status.UP else api.StatusReport(api.Status.DOWN)


class Undeclared(GoodLamp):
    commands: ClassVar[tuple[str, ...]] = ("candle",)


BROKEN = {
    "it_is_installed_and_loads": FromTheFuture,
    "it_says_which_api_it_is_for": Silent,
    "its_hooks_are_those_of_the_core": Misspelt,
    "it_keeps_no_state": Remembering,
    "its_commands_are_declared": Undeclared,
}
