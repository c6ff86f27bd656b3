"""Drivers whose hooks of a migration are not as they should be."""

from __future__ import annotations

from opensvc_core import api
from tests.opensvc_testkit.conformance.good import GoodLamp


class JoinsForEver(GoodLamp):
    @api.hookimpl
    def join(self, resource: api.Resource, peer: str, context: api.Context) -> api.Outcome:
        raise api.ActionError(f"{peer} has not admitted it", hint="it never does")


class LeavesWhatIsDown(GoodLamp):
    @api.hookimpl
    def join(self, resource: api.Resource, peer: str, context: api.Context) -> api.Outcome:
        raise api.ActionError(f"{peer} has not admitted it", hint="it never does")

    @api.hookimpl
    def leave(self, resource: api.Resource, peer: str, context: api.Context) -> api.Outcome:
        return api.Outcome.changed("left, as if it had been in use")


class LeavesItOn(GoodLamp):
    @api.hookimpl
    def join(self, resource: api.Resource, peer: str, context: api.Context) -> api.Outcome:
        return self.switch_on(resource.text("lamp"), context)

    @api.hookimpl
    def leave(self, resource: api.Resource, peer: str, context: api.Context) -> api.Outcome:
        return api.Outcome.unchanged()


BROKEN = {
    "hooks_of_a_migration_come_with_what_takes_them_back": JoinsForEver,
    "a_leave_of_what_is_down_changes_nothing": LeavesWhatIsDown,
    "a_join_is_refused_or_a_leave_takes_it_back": LeavesItOn,
}
