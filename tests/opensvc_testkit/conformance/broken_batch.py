"""Drivers that are asked, and answer in the wrong way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opensvc_core import api
from tests.opensvc_testkit.conformance.good import GoodLamp

Answers = Iterator[tuple[api.ResourceId, api.StatusReport]]


class Refreshing(GoodLamp):
    @api.hookimpl
    def status(self, resources: Sequence[api.Resource], context: api.Context) -> Answers:
        context.run("lamp", "note")
        yield from super().status(resources, context)


class AllTheSame(GoodLamp):
    @api.hookimpl
    def status(self, resources: Sequence[api.Resource], context: api.Context) -> Answers:
        first = self.look(context).get(resources[0].text("lamp"), "off")
        for resource in resources:
            yield resource.id, self.report(first)


class OneByOne(GoodLamp):
    @api.hookimpl
    @api.one_by_one
    def status(self, resource: api.Resource, context: api.Context) -> api.StatusReport:
        name = resource.text("lamp")
        said = context.query("lamp", "show", name).stdout
        state = said.removeprefix(f"{name} is ").removesuffix(".\n")
        if said != f"{name} is {state}.\n" or state not in {"on", "off", "new", "wired"}:
            raise api.ActionError(f"lamp show said {said!r}", code="lamp_unreadable")
        return self.report(state)


class WordyDevices(GoodLamp):
    @api.hookimpl
    def list_devices(self, resource: api.Resource, context: api.Context) -> Sequence[object]:
        return ["/dev/lamp"]


class Echoing(GoodLamp):
    @api.hookimpl
    def status(self, resources: Sequence[api.Resource], context: api.Context) -> Answers:
        yield from super().status(resources, context)
        yield from super().status(resources[:1], context)


class ChangingDevices(GoodLamp):
    @api.hookimpl
    def list_devices(self, resource: api.Resource, context: api.Context) -> Sequence[api.Device]:
        context.run("lamp", "note")
        return ()


class AskedInVain(GoodLamp):
    @api.hookimpl
    def preflight(self, resource: api.Resource, action: str, context: api.Context) -> object:
        return "no"


ALSO = [
    ("one_status_answers_for_many", Echoing),
    ("the_other_hooks_only_read", ChangingDevices),
    ("the_other_hooks_only_read", AskedInVain),
]
BROKEN = {
    "a_status_changes_nothing": Refreshing,
    "one_status_answers_for_many": AllTheSame,
    "the_commands_of_a_status_do_not_grow": OneByOne,
    "the_other_hooks_only_read": WordyDevices,
}
