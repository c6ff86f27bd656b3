"""Checks of errors: what an operator reads at three in the morning."""

from __future__ import annotations

import pytest

from opensvc_core.api import ActionError, ReservationError, Status
from opensvc_testkit.conformance import faults
from opensvc_testkit.conformance.checks import Checks
from opensvc_testkit.conformance.observed_host import Choice, Fault, any_command, is_change
from opensvc_testkit.conformance.requirement import attempt, require
from opensvc_testkit.conformance.stage import Stage

MISHAPS: tuple[tuple[str, Fault, Choice], ...] = (
    ("its changing commands fail", faults.fail, is_change),
    ("its changing commands have no effect", faults.have_no_effect, is_change),
    ("none of its commands is installed", faults.be_absent, any_command),
)


class Errors(Checks):
    """A start or a stop fails."""

    def test_a_failed_start_says_what_and_what_to_do(self, stage: Stage) -> None:
        """An error of the right class, one line, and a hint or a code of its own."""
        self._fails_well(stage, "start")

    def test_a_failed_stop_says_what_and_what_to_do(self, stage: Stage) -> None:
        """An error of the right class, one line, and a hint or a code of its own."""
        stage.bring(stage.resource(), Status.UP)
        self._fails_well(stage, "stop")

    def _fails_well(self, stage: Stage, action: str) -> None:
        resource = stage.resource()
        for what, fault, choice in MISHAPS:
            context = stage.context(action, resource)
            with stage.observation.struck(fault, choice), stage.observation.replaying():
                error, _ = attempt(lambda: getattr(stage, action)(resource, context))  # noqa: B023 - called here
            if error is not None:
                _read(error, f"{action}: {what}")


def _read(error: Exception, where: str) -> None:
    kind = type(error).__name__
    if not isinstance(error, (ActionError, ReservationError)):
        pytest.fail(f"{where}: it raised {error!r}; an action that fails is an ActionError", pytrace=False)
    for name, text in (("message", error.message), ("hint", error.hint)):
        require(len(text.strip().splitlines()) <= 1, f"{where}: the {name} of its {kind} is of several lines:\n{text}")
    require(error.message.strip(), f"{where}: its {kind} says nothing")
    require(
        error.hint or error.code not in {"action", "error"},
        f"{where}: {kind}({error.message!r}) has neither a hint that says what to do nor a code of its own",
    )
