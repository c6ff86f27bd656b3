"""Checks of dry runs: nothing changes, and what is shown is what the real run then does."""

from __future__ import annotations

from contextlib import suppress

from opensvc_core.api import CommandLine, Resource, Status, Undetermined
from opensvc_core.recording import Recording
from opensvc_testkit.conformance.checks import Checks
from opensvc_testkit.conformance.requirement import require
from opensvc_testkit.conformance.stage import Stage, changes


class DryRun(Checks):
    """An operator looks before anything happens."""

    def test_a_dry_start_changes_nothing(self, stage: Stage) -> None:
        """Changes are recorded, queries are free of effect."""
        _changes_nothing(stage, stage.resource(), "start")

    def test_a_dry_stop_changes_nothing(self, stage: Stage) -> None:
        """Changes are recorded, queries are free of effect."""
        stage.bring(resource := stage.resource(), Status.UP)
        _changes_nothing(stage, resource, "stop")

    def test_a_dry_start_shows_what_the_start_then_runs(self, stage: Stage) -> None:
        """The same commands in the same order, up to the first that depends on a change not made."""
        _shows(stage, stage.resource(), "start")

    def test_a_dry_stop_shows_what_the_stop_then_runs(self, stage: Stage) -> None:
        """The same commands in the same order, up to the first that depends on a change not made."""
        stage.bring(resource := stage.resource(), Status.UP)
        _shows(stage, resource, "stop")


def _rehearse(stage: Stage, resource: Resource, action: str) -> tuple[list[CommandLine], bool]:
    """The recorded commands, and whether they are all."""
    recording = Recording()
    context = stage.context(action, resource, recording=recording)
    is_whole = False
    with suppress(Undetermined):
        getattr(stage, action)(resource, context)
        is_whole = True
    return recording.commands, is_whole


def _changes_nothing(stage: Stage, resource: Resource, action: str) -> None:
    stage.asked = stage.status(resource)
    before = stage.platform.state()
    with stage.observation.watching() as seen:
        _rehearse(stage, resource, action)
    ran = changes(seen)
    require(not ran, f"a dry {action} really ran `{ran[0] if ran else ''}`")
    require(stage.platform.state() == before, f"a dry {action} left the platform other than it was")


def _shows(stage: Stage, resource: Resource, action: str) -> None:
    stage.asked = stage.status(resource)
    shown, is_whole = _rehearse(stage, resource, action)
    with stage.observation.watching() as seen:
        getattr(stage, action)(resource)
    ran = changes(seen)
    due = ran if is_whole else ran[: max(1, len(shown))]
    require(
        shown == due,
        f"a dry {action} shows\n{_lines(shown)}\nand the {action} then runs\n{_lines(ran)}\n"
        "where the rest depends on a change, say so: `after=` of a query, or `context.wait_until`",
    )


def _lines(commands: list[CommandLine]) -> str:
    return "\n".join(f"    {each}" for each in commands) or "    nothing"
