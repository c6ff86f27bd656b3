"""Drivers whose starts and stops are not as they should be."""

from __future__ import annotations

from opensvc_core import api
from tests.opensvc_testkit.conformance.good import GoodLamp


class Shy(GoodLamp):
    def report(self, state: str) -> api.StatusReport:
        return api.StatusReport.warn("it is new") if state == "new" else super().report(state)


class ModestStart(GoodLamp):
    def switch_on(self, name: str, context: api.Context) -> api.Outcome:
        super().switch_on(name, context)
        return api.Outcome.unchanged()


class StartsAgain(GoodLamp):
    @api.hookimpl
    def start(self, resource: api.Resource, context: api.Context) -> api.Outcome:
        self.look(context)
        return self.switch_on(resource.text("lamp"), context)


class ModestStop(GoodLamp):
    def switch_off(self, name: str, context: api.Context) -> api.Outcome:
        super().switch_off(name, context)
        return api.Outcome.unchanged()


class StopsAgain(GoodLamp):
    @api.hookimpl
    def stop(self, resource: api.Resource, context: api.Context) -> api.Outcome:
        if resource.text("lamp") not in self.look(context):
            return api.Outcome.unchanged()
        return self.switch_off(resource.text("lamp"), context)


class StopsOnlyWhatItKnows(GoodLamp):
    @api.hookimpl
    def stop(self, resource: api.Resource, context: api.Context) -> api.Outcome:
        if resource.text("lamp") not in self.look(context):
            raise api.ActionError("there is no such lamp", hint="look for it")
        return super().stop(resource, context)


class TrustingStart(GoodLamp):
    def verify(self, name: str, due: str, context: api.Context, made: api.CommandResult) -> None:
        if due != "on":
            super().verify(name, due, context, made)


class TrustingStop(GoodLamp):
    def verify(self, name: str, due: str, context: api.Context, made: api.CommandResult) -> None:
        if due != "off":
            super().verify(name, due, context, made)


BROKEN = {
    "what_is_down_is_told_down": Shy,
    "a_start_brings_it_up": ModestStart,
    "a_second_start_changes_nothing": StartsAgain,
    "a_stop_brings_it_down": ModestStop,
    "a_stop_of_what_is_down_changes_nothing": StopsAgain,
    "a_stop_of_the_unknown_changes_nothing": StopsOnlyWhatItKnows,
    "a_start_without_effect_fails": TrustingStart,
    "a_stop_without_effect_fails": TrustingStop,
}
