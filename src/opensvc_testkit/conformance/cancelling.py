"""Checks of cancelled actions: they end at once, and what they leave can be mended by a stop and a start."""

from __future__ import annotations

from opensvc_core.api import ActionError, Cancelled, Command, CommandResult, Context, Status
from opensvc_testkit.conformance.checks import Checks
from opensvc_testkit.conformance.observed_host import Fault, Go
from opensvc_testkit.conformance.requirement import require
from opensvc_testkit.conformance.stage import Stage, changes

MOST = 6
"""Changing commands of an action at which it is cancelled, at the most."""


class Cancelling(Checks):
    """An operator presses Ctrl-C, at the worst moments."""

    def test_a_cancelled_start_can_be_mended(self, stage: Stage) -> None:
        """Cut at each of its changing commands, before and after their effect, and while it waits."""
        self._is_mended(stage, "start")

    def test_a_cancelled_stop_can_be_mended(self, stage: Stage) -> None:
        """Cut at each of its changing commands, before and after their effect, and while it waits."""
        self._is_mended(stage, "stop")

    def _is_mended(self, stage: Stage, action: str) -> None:
        resource = stage.resource()
        first = Status.DOWN if action == "start" else Status.UP
        if first is Status.UP:
            stage.bring(resource, Status.UP)
        with stage.observation.watching() as seen:
            getattr(stage, action)(resource)
        stage.bring(resource, first)
        number = min(MOST, len(changes(seen)))
        # Before the second one's effect is after the first one's.
        moments = [(1, False), *((each, True) for each in range(1, number + 1)), (0, False)]
        for place, is_after in moments:
            when = f"command {place}, {'after' if is_after else 'before'} its effect" if place else "its first wait"
            self._cancel(stage, action, place, when, is_after=is_after)
            trouble = ""
            try:
                stage.bring(resource, Status.DOWN)
                stage.bring(resource, Status.UP)
                if first is Status.DOWN:
                    stage.bring(resource, Status.DOWN)
            except ActionError as error:
                trouble = str(error)
            require(not trouble, f"a {action} was cancelled at {when}; mending that failed: {trouble}")

    def _cancel(self, stage: Stage, action: str, place: int, when: str, *, is_after: bool) -> None:
        resource = stage.resource()
        context = stage.context(action, resource)
        if not place:
            stage.clock.on_wait = lambda: context.cancel.set("by the suite")
        try:
            with stage.observation.struck(_cut(context, place, is_after=is_after)):
                outcome = getattr(stage, action)(resource, context)
        except ActionError:
            return
        finally:
            stage.clock.on_wait = None
        require(
            not context.cancel.is_set,
            f"a {action} that was cancelled at {when} went on and gave {outcome}: let Cancelled pass",
        )


def _cut(context: Context, place: int, *, is_after: bool) -> Fault:
    """Cancel at the changing command in that place, from 1."""
    count = 0

    def cutting(command: Command, go: Go) -> CommandResult:
        nonlocal count
        count += command.changes
        if not command.changes or count != place:
            return go()
        if is_after:
            go()
        context.cancel.set("by the suite")
        message = f"cancelled while `{' '.join(command.argv)}` ran"
        raise Cancelled(message)

    return cutting
