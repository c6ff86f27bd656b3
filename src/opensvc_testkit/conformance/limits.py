"""Checks of time: a hook ends at its deadline, whatever hangs. Nobody waits: hanging takes no time here."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from opensvc_core.api import OpenSVCError, Status
from opensvc_testkit.conformance import faults
from opensvc_testkit.conformance.checks import Checks
from opensvc_testkit.conformance.observed_host import any_command, is_change
from opensvc_testkit.conformance.requirement import require
from opensvc_testkit.conformance.stage import Stage

LIMIT = 40.0
"""Seconds that a hook has."""
TOLERANCE = 5.0
"""Seconds beyond: those that really pass on a busy machine."""
RESOURCES = 6


class Limits(Checks):
    """Everything hangs."""

    def test_a_status_ends_in_time(self, stage: Stage) -> None:
        """Of many resources, with every command hanging."""
        resources = [stage.resource(number) for number in range(RESOURCES)]
        with stage.observation.struck(faults.hang(stage.clock), any_command):
            taken = _taken(stage, lambda: stage.status(*resources, limit=LIMIT))
        require(taken <= LIMIT + TOLERANCE, f"a status with a limit of {LIMIT:g} s took {taken:.0f} s")

    def test_a_start_ends_in_time(self, stage: Stage) -> None:
        """Its changing commands hang."""
        self._ends_in_time(stage, "start")

    def test_a_stop_ends_in_time(self, stage: Stage) -> None:
        """Its changing commands hang."""
        stage.bring(stage.resource(), Status.UP)
        self._ends_in_time(stage, "stop")

    def _ends_in_time(self, stage: Stage, action: str) -> None:
        resource = stage.resource()
        context = stage.context(action, resource, limit=LIMIT)
        given: list[object] = []

        def act() -> None:
            with suppress(OpenSVCError):
                given.append(getattr(stage, action)(resource, context))

        with stage.observation.struck(faults.hang(stage.clock), is_change), stage.observation.replaying():
            taken = _taken(stage, act)
        require(taken <= LIMIT + TOLERANCE, f"a {action} with a limit of {LIMIT:g} s took {taken:.0f} s")
        require(not given, f"the changing commands of a {action} were ended at their limit, and it gave {given}")


def _taken(stage: Stage, call: Callable[[], object]) -> float:
    began = stage.clock.monotonic()
    call()
    return stage.clock.monotonic() - began
