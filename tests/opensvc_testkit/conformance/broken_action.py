"""Drivers that are late, that show something else than they do, say nothing, or hear no cancel."""

from __future__ import annotations

from collections.abc import Iterator

from opensvc_core import api
from tests.opensvc_testkit.conformance.good import GoodLamp, States

Answers = Iterator[tuple[api.ResourceId, api.StatusReport]]


class LateStatus(GoodLamp):
    def look(self, context: api.Context, after: api.CommandResult | None = None) -> States:
        try:
            return super().look(context, after)
        except api.CommandTimeout:
            context.pause(60)
            raise


class LateStart(GoodLamp):
    def switch_on(self, name: str, context: api.Context) -> api.Outcome:
        try:
            return super().switch_on(name, context)
        except api.CommandTimeout:
            context.pause(60)
            raise


class EndlessStop(GoodLamp):
    def switch_off(self, name: str, context: api.Context) -> api.Outcome:
        while True:
            try:
                return super().switch_off(name, context)
            except (api.CommandTimeout, api.WaitTimeout):
                continue


class NotingStart(GoodLamp):
    def switch_on(self, name: str, context: api.Context) -> api.Outcome:
        context.query("lamp", "note")
        return super().switch_on(name, context)


class NotingStop(GoodLamp):
    def switch_off(self, name: str, context: api.Context) -> api.Outcome:
        context.query("lamp", "note")
        return super().switch_off(name, context)


class SecretiveStart(GoodLamp):
    def switch_on(self, name: str, context: api.Context) -> api.Outcome:
        return api.Outcome.changed() if context.is_dry_run else super().switch_on(name, context)


class OtherStop(GoodLamp):
    def switch_off(self, name: str, context: api.Context) -> api.Outcome:
        if context.is_dry_run:
            context.run("lamp", "extinguish", name)
        return super().switch_off(name, context)


class Curt(GoodLamp):
    def verify(self, name: str, due: str, context: api.Context, made: api.CommandResult) -> None:
        if self.look(context, after=made).get(name) != due:
            raise api.ActionError("no" if due == "on" else f"it is not {due}", hint="" if due == "on" else "look")


class Talkative(GoodLamp):
    def verify(self, name: str, due: str, context: api.Context, made: api.CommandResult) -> None:
        if self.look(context, after=made).get(name) != due:
            more = "\nand that is that" if due == "off" else ""
            raise api.ActionError(f"{name} is not {due}{more}", hint="look at it")


class LeavesItWired(GoodLamp):
    @api.hookimpl
    def stop(self, resource: api.Resource, context: api.Context) -> api.Outcome:
        if self.look(context).get(resource.text("lamp")) == "wired":
            return api.Outcome.unchanged()
        return super().stop(resource, context)


class Deaf(GoodLamp):
    def switch_off(self, name: str, context: api.Context) -> api.Outcome:
        try:
            return super().switch_off(name, context)
        except api.Cancelled:
            return api.Outcome.changed()


class Crashing(GoodLamp):
    def switch_on(self, name: str, context: api.Context) -> api.Outcome:
        try:
            return super().switch_on(name, context)
        except api.CommandFailed as error:
            raise RuntimeError(name) from error


class DeafStart(GoodLamp):
    def switch_on(self, name: str, context: api.Context) -> api.Outcome:
        try:
            return super().switch_on(name, context)
        except api.Cancelled:
            return api.Outcome.changed()


class PatientStart(GoodLamp):
    def switch_on(self, name: str, context: api.Context) -> api.Outcome:
        try:
            return super().switch_on(name, context)
        except api.CommandTimeout:
            return api.Outcome.changed("it will come up some day")


class ReversedStart(GoodLamp):
    def switch_on(self, name: str, context: api.Context) -> api.Outcome:
        if context.is_dry_run:
            context.run("lamp", "on", name)
            context.run("lamp", "wire", name)
            return api.Outcome.changed()
        return super().switch_on(name, context)


ALSO = [
    ("a_failed_start_says_what_and_what_to_do", Crashing),
    ("a_cancelled_start_can_be_mended", DeafStart),
    ("a_start_ends_in_time", PatientStart),
    ("a_dry_start_shows_what_the_start_then_runs", ReversedStart),
]
BROKEN = {
    "a_status_ends_in_time": LateStatus,
    "a_start_ends_in_time": LateStart,
    "a_stop_ends_in_time": EndlessStop,
    "a_dry_start_changes_nothing": NotingStart,
    "a_dry_stop_changes_nothing": NotingStop,
    "a_dry_start_shows_what_the_start_then_runs": SecretiveStart,
    "a_dry_stop_shows_what_the_stop_then_runs": OtherStop,
    "a_failed_start_says_what_and_what_to_do": Curt,
    "a_failed_stop_says_what_and_what_to_do": Talkative,
    "a_cancelled_start_can_be_mended": LeavesItWired,
    "a_cancelled_stop_can_be_mended": Deaf,
}
