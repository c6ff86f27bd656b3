"""A driver without a fault; the broken ones are this one, but for one thing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from opensvc_core import api

States = dict[str, str]


class VersionlessLamp:
    """A lamp: up when it is on, down when it is not wired."""

    commands: ClassVar[tuple[str, ...]] = ("lamp",)
    keywords: ClassVar[tuple[api.Keyword, ...]] = (
        api.Keyword("lamp", "Name of the lamp.", required=True, example="lamp1"),
        api.Keyword("patience", "How long it may take.", api.Kind.DURATION, default=5.0, example="10s"),
    )

    @api.hookimpl
    def start(self, resource: api.Resource, context: api.Context) -> api.Outcome:
        name = resource.text("lamp")
        if self.look(context).get(name) == "on":
            return api.Outcome.unchanged()
        return self.switch_on(name, context)

    def switch_on(self, name: str, context: api.Context) -> api.Outcome:
        context.run("lamp", "wire", name)
        made = context.run("lamp", "on", name)
        self.verify(name, "on", context, made)
        return api.Outcome.changed()

    @api.hookimpl
    def stop(self, resource: api.Resource, context: api.Context) -> api.Outcome:
        name = resource.text("lamp")
        if self.look(context).get(name, "off") in {"off", "new"}:
            return api.Outcome.unchanged()
        return self.switch_off(name, context)

    def switch_off(self, name: str, context: api.Context) -> api.Outcome:
        made = context.run("lamp", "off", name)
        self.verify(name, "off", context, made)
        return api.Outcome.changed()

    def verify(self, name: str, due: str, context: api.Context, made: api.CommandResult) -> None:
        if self.look(context, after=made).get(name) != due:
            raise api.ActionError(f"{name} is not {due}", hint="look at it")

    @api.hookimpl
    def status(
        self, resources: Sequence[api.Resource], context: api.Context
    ) -> Iterator[tuple[api.ResourceId, api.StatusReport]]:
        states = self.look(context)
        for resource in resources:
            yield resource.id, self.report(states.get(resource.text("lamp"), "off"))

    def report(self, state: str) -> api.StatusReport:
        told = {"on": api.Status.UP, "wired": api.Status.WARN, "off": api.Status.DOWN, "new": api.Status.DOWN}
        return api.StatusReport(told[state])

    def look(self, context: api.Context, after: api.CommandResult | None = None) -> States:
        return parse(context.query("lamp", "list", after=after).stdout)


class GoodLamp(VersionlessLamp):
    """The same, for this version of the API."""

    api_version: ClassVar[int] = api.API_VERSION


def parse(text: str) -> States:
    """States by name. Raises ActionError for what is no whole answer."""
    first, *lines = text.split("\n")
    states = dict(line.split(" ", 1) for line in lines if line.count(" ") == 1)
    if first != f"lamps: {len(states)}" or lines[-1:] != [""] or set(states.values()) - {"on", "wired", "off", "new"}:
        raise api.ActionError(f"lamp list said {text[:40]!r}", code="lamps_unreadable")
    return states
