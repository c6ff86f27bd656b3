"""Drivers that take what they cannot tell for something else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opensvc_core import api
from tests.opensvc_testkit.conformance.good import GoodLamp, States, parse

Answers = Iterator[tuple[api.ResourceId, api.StatusReport]]


def down_after(error: type[api.ActionError]) -> type[GoodLamp]:
    """A driver that takes an error for down."""

    class Hasty(GoodLamp):
        @api.hookimpl
        def status(self, resources: Sequence[api.Resource], context: api.Context) -> Answers:
            try:
                states = self.look(context)
            except error:
                states = {}
            for resource in resources:
                yield resource.id, self.report(states.get(resource.text("lamp"), "off"))

    Hasty.__name__ = f"DownAfter{error.__name__}"
    return Hasty


Impatient = down_after(api.CommandTimeout)
Uninstalled = down_after(api.CommandNotFound)
Careless = down_after(api.CommandFailed)


class Lenient(GoodLamp):
    def report(self, state: str) -> api.StatusReport:
        return super().report(state)

    @api.hookimpl
    def status(self, resources: Sequence[api.Resource], context: api.Context) -> Answers:
        text = context.query("lamp", "list").stdout
        states = {} if text.startswith(("{", "[")) else parse(text)
        for resource in resources:
            yield resource.id, self.report(states.get(resource.text("lamp"), "off"))


class Uncounting(GoodLamp):
    @api.hookimpl
    def status(self, resources: Sequence[api.Resource], context: api.Context) -> Answers:
        first, *lines = context.query("lamp", "list").stdout.split("\n")
        if not first.startswith("lamps: "):
            raise api.ActionError("that is no list of lamps", hint="look at it")
        states = dict(line.split(" ", 1) for line in lines[:-1])
        for resource in resources:
            yield resource.id, self.report(states.get(resource.text("lamp"), "off"))


class BlindStart(GoodLamp):
    @api.hookimpl
    def start(self, resource: api.Resource, context: api.Context) -> api.Outcome:
        name = resource.text("lamp")
        states: States = {}
        try:
            states = self.look(context)
        except api.CommandError:
            context.note("it is taken for off")
        return api.Outcome.unchanged() if states.get(name) == "on" else self.switch_on(name, context)


class BlindStop(GoodLamp):
    @api.hookimpl
    def stop(self, resource: api.Resource, context: api.Context) -> api.Outcome:
        try:
            self.look(context)
        except api.CommandFailed:
            return api.Outcome.unchanged()
        return super().stop(resource, context)


class Guessing(GoodLamp):
    @api.hookimpl
    def start(self, resource: api.Resource, context: api.Context) -> api.Outcome:
        try:
            return super().start(resource, context)
        except api.CommandTimeout:
            if self.knows(context):
                raise
            return api.Outcome.unchanged("it was on when it was last seen")

    def knows(self, context: api.Context) -> bool:
        try:
            return bool(self.look(context))
        except api.CommandError:
            return False


ALSO = [("a_start_that_cannot_look_is_an_error", Guessing)]
BROKEN = {
    "a_tool_that_hangs_makes_it_undef": Impatient,
    "a_tool_that_is_absent_makes_it_undef": Uninstalled,
    "a_tool_that_fails_makes_it_undef": Careless,
    "a_tool_that_prints_garbage_makes_it_undef": Lenient,
    "half_an_answer_is_not_down": Uncounting,
    "a_start_that_cannot_look_is_an_error": BlindStart,
    "a_stop_that_cannot_look_is_an_error": BlindStop,
}
